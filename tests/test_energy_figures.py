"""From readings to joules per pass, and from launches to a row."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from joulesweep.launches import energy_row
from joulesweep.launches.columns import ENERGY
from joulesweep.launches.energy_launch import EnergyFigures, EnergyLaunch
from joulesweep.launches.launch import DeviceState
from joulesweep.measure.energy.traces import window_figures
from joulesweep.measure.energy.traces.power_trace import SilentError, UncoveredError

from tests.synthetic import state

SECOND = 1_000_000_000
WINDOWS = {"idle_ns": [SECOND, 2 * SECOND], "work_ns": [3 * SECOND, 4 * SECOND], "passes": 50}


def _record(idle: float = 2.0, work: float = 12.0, last: float = 4.5, without: tuple[float, float] = (9, 9)) -> dict:
    """A wattmeter, looked at every 50 ms until `last`, that failed between the times `without`."""
    looks = [look / 20 for look in range(int(last * 20) + 1) if not without[0] <= look / 20 <= without[1]]
    return {
        "kind": "measured",
        "unit": "W",
        "rails": ["VDD_IN"],
        "covers": "module",
        "update_s": 0.05,
        "wrap_J": [],
        "time_ns": [round(look * SECOND) for look in looks],
        "values": [[(idle if look < 2.5 else work) + 1e-6 * look] for look in looks],
        "missing": [[round(without[0] * SECOND), "bus error"]] if without[0] < 9 else [],
    }


def _launch(**more: Any) -> EnergyLaunch:
    return _ended("ok", figures=window_figures.figures(_record(**more), WINDOWS))


def _ended(
    status: str, message: str = "", figures: EnergyFigures | None = None, after: DeviceState | None = None
) -> EnergyLaunch:
    measured_at = "2026-01-01T00:00:00+00:00"
    return EnergyLaunch(status, message, measured_at, {}, 0, WINDOWS, figures, state(), after or state())


IDENTITY = {"device": "here", "model": "m", "runtime": "eager", "batch": 1, "threads": 1, "base": 1, "meter": "rapl"}


def _row(launches: list[EnergyLaunch]) -> dict[str, Any]:
    row = energy_row.row(IDENTITY, launches, energy_row.spread([launches]))
    assert set(row) <= set(ENERGY.header)
    assert ENERGY.faults(row) == []
    return row


def test_energy_of_a_pass_is_that_of_the_window_over_its_passes():
    found = window_figures.figures(_record(), WINDOWS)
    assert found.energy_J == pytest.approx(12 / 50, rel=1e-5)
    assert found.net_energy_J == pytest.approx(10 / 50, rel=1e-5)
    assert found.power_W == pytest.approx(12, rel=1e-5)
    assert found.idle_W == pytest.approx(2, rel=1e-5)
    assert found.interval_s == pytest.approx(0.05)
    assert found.samples == 21


def test_a_meter_that_fell_silent_gives_no_figure_but_what_it_said():
    for record in (_record(without=(3.2, 3.8)), _record(without=(3.5, 5))):
        with pytest.raises(SilentError, match="silent in the work window: bus error"):
            window_figures.figures(record, WINDOWS)


def test_a_meter_that_never_answered_gives_no_figure():
    with pytest.raises(SilentError, match="the meter never gave a reading: bus error"):
        window_figures.figures(_record(without=(0, 8)), WINDOWS)


def test_silence_without_a_failed_reading_says_how_long_it_was():
    for without, seconds in (((3.2, 3.8), "0.70"), ((3.52, 5), "0.50")):
        record = {**_record(without=without), "missing": []}
        with pytest.raises(SilentError, match=f"silent in the work window: no reading for {seconds} s"):
            window_figures.figures(record, WINDOWS)


def test_a_meter_that_began_too_late_is_not_blamed_for_what_failed_after_the_window():
    late = {**_record(without=(0, 1.2)), "missing": [[9 * SECOND, "the measured process 7 has ended"]]}
    with pytest.raises(SilentError, match=r"the meter's first reading came 0\.25 s after the idle window began"):
        window_figures.figures(late, WINDOWS)


def test_a_meter_that_stands_still_under_work_gives_no_figure_rather_than_zero_watts():
    record = {**_record(), "unit": "J", "wrap_J": [None]}
    record["values"] = [[5.0]] * len(record["time_ns"])
    with pytest.raises(UncoveredError, match="stood still"):
        window_figures.figures({**record, "update_s": 0.02}, WINDOWS)


def test_a_counter_that_freezes_for_a_part_of_a_window_gives_no_figure_rather_than_too_few_joules():
    """10 W, but from 3.3 s to 3.95 s the counter shows the same; a model may do that, a device cannot."""
    record = {**_record(), "unit": "J", "wrap_J": [None]}
    looks = [time_ns / SECOND for time_ns in record["time_ns"]]
    record["values"] = [[10 * (3.3 if 3.3 < look < 3.95 else look)] for look in looks]
    with pytest.raises(UncoveredError, match=r"stood still for 0\.[67] s in the work window"):
        window_figures.figures(record, WINDOWS)
    assert window_figures.figures({**record, "kind": "modelled"}, WINDOWS).energy_J == pytest.approx(0.2, rel=1e-6)


def test_a_row_has_the_interval_between_its_launches():
    row = _row([_launch(work=work) for work in (11.0, 12.0, 13.0)])
    assert row["status"] == "ok"
    assert row["windows"] == 3
    assert row["energy_J"] == pytest.approx(0.24, rel=1e-4)
    assert row["ci_high_J"] - row["energy_J"] == pytest.approx(4.302653 * 0.02 / math.sqrt(3), rel=1e-4)
    assert row["flags"] == ""


def test_the_spread_of_idle_power_is_in_the_net_interval():
    """Gross energy is steady, idle power is not: net energy is as uncertain as idle."""
    row = _row([_launch(idle=idle) for idle in (1.0, 2.0, 3.0)])
    gross, net = row["ci_high_J"] - row["ci_low_J"], row["net_ci_high_J"] - row["net_ci_low_J"]
    assert gross == pytest.approx(0, abs=1e-5)
    assert net == pytest.approx(2 * 4.302653 * 0.02 / math.sqrt(3), rel=1e-3)
    assert row["idle_std_W"] == pytest.approx(1.0, rel=1e-3)


def test_net_energy_below_zero_is_said_and_not_clipped():
    row = _row([_launch(idle=13.0)] * 3)
    assert row["net_energy_J"] == pytest.approx(-1 / 50, rel=1e-3)
    assert row["flags"] == "net_below_zero"


def test_few_windows_and_few_readings_are_flagged():
    slow = _record()
    keep = slice(None, None, 4)
    slow = {**slow, "update_s": 0.2, "time_ns": slow["time_ns"][keep], "values": slow["values"][keep]}
    launch = _ended("ok", figures=window_figures.figures(slow, WINDOWS))
    assert _row([launch] * 2)["flags"] == "few_windows few_readings"


def test_a_meter_that_shows_one_value_idle_and_working_alike_is_flagged():
    record = _record()
    record["values"] = [[4.0]] * len(record["time_ns"])
    launch = _ended("ok", figures=window_figures.figures({**record, "update_s": 0.0}, WINDOWS))
    assert _row([launch] * 3)["flags"] == "stuck"


def test_an_idle_window_before_the_device_had_cooled_is_flagged():
    figures = window_figures.figures(_record(), {**WINDOWS, "cool": False})
    assert _row([_ended("ok", figures=figures)] * 3)["flags"] == "still_warm"


def test_a_row_whose_launches_failed_says_the_commonest_reason():
    failed = _ended("crashed", "killed by signal 11")
    late = _ended("timeout", "longer than 300 s")
    row = _row([failed, late, failed, _launch()])
    assert (row["status"], row["message"]) == ("crashed", "killed by signal 11")
    assert "energy_J" not in row


def test_a_row_names_every_place_where_its_launches_ran_once():
    launches = [replace(_launch(), windows={**WINDOWS, "ran_on": place}) for place in ("GPU 0", "GPU 1", "GPU 0")]
    assert _row([*launches, replace(_ended("crashed"), windows=None)])["ran_on"] == "GPU 0; GPU 1"


def test_a_row_is_ok_although_one_launch_failed():
    row = _row([_launch(), _ended("timeout", "longer"), _launch()])
    assert (row["status"], row["windows"], row["flags"]) == ("ok", 2, "few_windows")


def test_rails_stay_apart_in_the_row_and_add_up_to_its_total():
    """The package uses 9 W under load, its memory 3 W."""
    record = {**_record(), "rails": ["package-0", "package-0/dram"]}
    record["values"] = [[2.0, 1.0] if look < 2.5 * SECOND else [9.0, 3.0] for look in record["time_ns"]]
    figures = window_figures.figures({**record, "update_s": 0.0}, WINDOWS)
    assert figures.energy_by_rail == pytest.approx({"package-0": 9 / 50, "package-0/dram": 3 / 50})
    row = _row([_ended("ok", figures=figures)] * 3)
    assert row["energy_by_rail"] == "package-0=0.18 package-0/dram=0.06"
    assert row["energy_J"] == pytest.approx(0.24)


def test_rails_of_one_name_are_added_and_spaces_in_a_name_become_underscores():
    record = {**_record(), "rails": ["GPU 0", "GPU 0"]}
    record["values"] = [[4.0 + 1e-6 * number, 8.0] for number in range(len(record["values"]))]
    row = _row([_ended("ok", figures=window_figures.figures(record, WINDOWS))] * 2)
    assert row["energy_by_rail"] == "GPU_0=0.24"


def test_a_device_that_was_slowed_or_lacked_voltage_is_flagged():
    figures = window_figures.figures(_record(), WINDOWS)
    low = _ended("ok", figures=figures, after=state(throttling=("under-voltage",)))
    assert _row([_ended("ok", figures=figures), low, low])["flags"] == "throttled under_voltage"


def test_a_launch_comes_back_from_its_line():
    for launch in (
        _launch(),
        _ended("no_meter", "gone"),
        EnergyLaunch("no_meter", "", "", {}, 1, None, None, None, None),
    ):
        assert EnergyLaunch.from_line(json.loads(json.dumps(launch.to_line()))) == launch


def test_launches_whose_power_is_not_known_yet_give_no_figure():
    """A log that is joined later."""
    row = _row([_ended("ok")] * 3)
    assert row["status"] == "error"
