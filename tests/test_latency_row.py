"""What the launches of a point say of the device, as the flags and columns of its row."""

import math
import os
from typing import Any

import numpy as np
import pytest
from joulesweep.analysis.merge.launch_records import Launch
from joulesweep.launches import selection
from joulesweep.launches.journal import pack
from joulesweep.launches.reference_baseline import MIXTURE
from joulesweep.measure.latency import rows
from joulesweep.measure.points import Point

IDENTITY = {
    "device": "here",
    "model": "m",
    "runtime": "onnxruntime",
    "batch": 1,
    "size": 8,
    "sequence": None,
    "threads": 1,
    "base": 1,
}
POINT = Point(IDENTITY, {}, artefact=object())  # type: ignore[arg-type]
LEVEL = dict.fromkeys(MIXTURE, 1e-3)
SETTINGS = {"launches": 3, "target": 0.5}


def _state(**changes: Any) -> dict[str, Any]:
    return {
        "clock_Hz": 1e9,
        "temperature_C": 50.0,
        "throttling": None,
        "throttle_events": None,
        "load": 0.5,
        "busy_s": 0.0,
        "steal_s": 0.0,
        **changes,
    }


def _line(slower: dict[str, float] | None = None, **changes: Any) -> dict[str, Any]:
    """A launch of five rounds of two passes; parts of the reference so many times slower than their level."""
    look = [1e-3 * (slower or {}).get(part, 1.0) for part in MIXTURE]
    return {
        "status": "ok",
        "message": "",
        "rounds": [{"passes": 2, "used": 1, "mean_s": 0.01}] * 5,
        "looks": [look] * 6,
        "parts": list(MIXTURE),
        "pass_s": pack(np.full(10, 0.01, np.float32)),
        "reference_share": 0.1,
        "load_s": 0.1,
        "first_s": 0.02,
        "settled": True,
        "peak_bytes": 100,
        "peak_above_load_bytes": 10,
        "lab_s": [],
        "others_share": 0.02,
        "wall_s": 1.0,
        "wait_s": 0.5,
        "cool": True,
        "before": _state(),
        "after": _state(temperature_C=55.0),
        "order": 0,
        "measured_at": "2026-01-01T00:00:00+00:00",
        **changes,
    }


def _row(*lines: dict[str, Any], sustained: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return rows.row(POINT, lines, sustained, LEVEL, SETTINGS)


def _flags(*lines: dict[str, Any]) -> set[str]:
    return set(_row(*lines)["flags"].split())


def test_an_undisturbed_point_has_no_flag_and_the_state_of_its_device():
    row = _row(*[_line()] * 3)
    assert row["flags"] == ""
    assert row["wait_s"] == 1.5
    assert (row["temperature_start_C"], row["temperature_end_C"]) == (50.0, 55.0)
    assert (row["clock_Hz"], row["load"], row["others_share"]) == (1e9, 0.5, 0.02)
    assert row["reference_s"] == pytest.approx(row["reference_level_s"]) == pytest.approx(1e-3)


@pytest.mark.parametrize("rounds", [5, 6])
def test_measuring_and_analysis_make_the_same_figure_of_a_launch(rounds):
    seconds = [0.01 * 1.5**number for number in range(rounds)]
    line = _line(
        rounds=[{"passes": 2, "used": 1, "mean_s": one} for one in seconds],
        looks=[[1e-3] * len(MIXTURE)] * (rounds + 1),
    )
    assert math.log(rows.launch_s(line)) == pytest.approx(np.median(Launch.of_line(line, LEVEL).passes))


def test_a_device_that_says_it_was_slowed_is_throttled():
    assert _flags(_line(), _line(), _line(after=_state(throttling=["under-voltage"]))) == {"throttled"}
    assert _flags(_line(), _line(), _line(after=_state(throttle_events=3), before=_state(throttle_events=2))) == {
        "throttled"
    }
    assert (
        _flags(
            *[_line(before=_state(throttling=[], throttle_events=3), after=_state(throttling=[], throttle_events=3))]
            * 3
        )
        == set()
    )


def test_without_a_sensor_a_lower_clock_is_seen_by_the_reference_alone():
    """A clock lowered by a half slows all but memory alike; a busy neighbour slows the parts unlike each other."""
    lower = dict.fromkeys(MIXTURE, 1.5) | {"memory": 1.05}
    busy = {"cache": 1.6, "python": 1.6, "memory": 1.6, "convolution": 1.4, "matrix": 1.05}
    assert "throttled" in _flags(_line(lower), _line(lower), _line())
    assert "throttled" not in _flags(_line(lower), _line(), _line())
    assert "throttled" not in _flags(*[_line(busy)] * 3)
    assert "reference_off" in _flags(*[_line(busy)] * 3)


def test_company_heat_and_unsettled_passes_are_flags():
    assert _flags(*[_line(others_share=0.5)] * 3) == {"busy"}
    assert _flags(_line(), _line(), _line(cool=False)) == {"still_warm"}
    assert _flags(_line(), _line(), _line(settled=False)) == {"not_settled"}
    assert _flags(*[_line()] * 3, _line(status="crashed", message="x")) == set()


def test_launches_beside_others_are_set_aside_where_enough_were_alone():
    busy = _line(others_share=0.5, rounds=[{"passes": 2, "used": 1, "mean_s": 0.03}] * 5)
    row = _row(_line(), busy, _line(), _line())
    assert (row["launches"], row["launches_failed"], row["launches_set_aside"]) == (3, 0, 1)
    assert row["raw_s"] == pytest.approx(0.01)
    row = _row(_line(), busy, _line())
    assert (row["launches"], row["launches_set_aside"]) == (3, 0)
    assert row["flags"].split() == ["busy", "wide"]


def test_others_are_who_had_the_cores_beside_the_measuring_process():
    before, after = _state(busy_s=10.0), _state(busy_s=13.0)
    cores = os.cpu_count() or 1
    assert selection.others_share(before, after, 1.0, 2.0) == pytest.approx(1.0 / cores)
    assert selection.others_share(before, after, 5.0, 2.0) == 0.0


def test_a_sustained_speed_that_failed_is_told_and_takes_nothing_from_the_row():
    row = _row(*[_line()] * 3, sustained=({"status": "timeout", "message": "not done after 9 s"},))
    assert (row["status"], row["message"]) == ("ok", "sustained speed: timeout: not done after 9 s")
    row = _row(*[_line()] * 3, sustained=({"status": "ok", "burst_s": 0.01, "sustained_s": 0.02},))
    assert (row["message"], row["burst_s"], row["sustained_s"]) == ("", 0.01, 0.02)
