"""What meters print: recorded outputs give their numbers; torn or foreign text gives none that was not there."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joulesweep.meters import _jetson, battery, jtop, powertop, rpi_pmic, tegrastats

RECORDED = Path(__file__).parent / "recorded"
GARBAGE = st.text(st.characters(codec="utf-8"), max_size=200)


def _text(name: str) -> str:
    return (RECORDED / name).read_text()


def _watts(line: str) -> dict[str, float]:
    rails = tegrastats.milliwatts(line)
    choice = _jetson.choose(rails)
    return dict(zip(choice.rails, _jetson.watts(choice.rails, rails), strict=True))


@pytest.mark.parametrize(
    ("name", "watts"),
    [
        ("tegrastats_nano_jp4.txt", {"POM_5V_IN": 4.520}),
        ("tegrastats_tx2_jp4.txt", {"VDD_IN": 14.025}),
        ("tegrastats_orin_nano.txt", {"VDD_IN": 5.704}),
        ("tegrastats_thor_jp70.txt", {"VIN": 25.530}),
        ("tegrastats_thor_jp72.txt", {"VDD_GPU": 4.925, "VDD_CPU_SOC_MSS": 7.953, "VIN_SYS_5V0": 6.667}),
        ("tegrastats_orin_jp5.txt", {"VDD_GPU_SOC": 2.390, "VDD_CPU_CV": 0.796, "VIN_SYS_5V0": 3.522}),
        ("tegrastats_orin_jp72.txt", {"VDD_GPU_SOC": 2.265, "VDD_CPU_CV": 2.643, "VIN_SYS_5V0": 4.722}),
        (
            "tegrastats_xavier_jp4.txt",
            {"GPU": 1.155, "CPU": 0.385, "SOC": 2.504, "CV": 0.0, "VDDRQ": 0.192, "SYS5V": 2.692},
        ),
    ],
)
def test_tegrastats_gives_the_input_rail_or_rails_that_do_not_overlap(name, watts):
    assert _watts(_text(name)) == pytest.approx(watts)


def test_a_negative_rail_is_read_as_it_is():
    """AGX Thor shows -392 mW on its gated GPU rail."""
    assert tegrastats.milliwatts("VDD_GPU -392mW/-392mW") == {"VDD_GPU": -392.0}


@given(st.sampled_from(sorted(RECORDED.glob("tegrastats_*.txt"))), st.floats(0, 1), GARBAGE)
def test_a_torn_line_of_tegrastats_holds_no_number_that_was_not_there(file, where, garbage):
    line = file.read_text()
    whole = tegrastats.milliwatts(line)
    torn = tegrastats.milliwatts(line[: int(where * len(line))])
    assert torn.items() <= whole.items()
    assert not set(tegrastats.milliwatts(garbage)) & set(whole)


@pytest.mark.parametrize(
    ("name", "watts", "measured"),
    [
        ("synthetic_powertop_2.15_battery.csv", 7.10, True),
        ("synthetic_powertop_2.15_milliwatts.csv", 0.640, True),
        ("synthetic_powertop_2.16_battery.csv", 7.10, True),
        ("synthetic_powertop_2.12_baseline.csv", 5.20, False),
    ],
)
def test_powertop_gives_the_discharge_rate_else_the_baseline(name, watts, measured):
    assert powertop.power(_text(name)) == powertop.Power(pytest.approx(watts), measured)


@pytest.mark.parametrize("name", ["powertop_2.14_mains.csv", "powertop_2.9_comma.csv"])
def test_powertop_on_mains_reports_no_watts_and_never_zero(name):
    with pytest.raises(ValueError, match="no watts reported"):
        powertop.power(_text(name))


def test_a_process_cannot_pretend_to_be_a_battery():
    row = "  1.4 ms/s;;;;;Process;[PID 1] echo The battery reports a discharge rate of:  99  W;\n"
    with pytest.raises(ValueError, match="no watts"):
        powertop.power(row)


@given(st.sampled_from(sorted(RECORDED.glob("*powertop*.csv"))), st.floats(0, 1), GARBAGE)
def test_a_torn_file_of_powertop_gives_its_number_or_none(file, where, garbage):
    text = file.read_text()
    try:
        whole = powertop.power(text)
    except ValueError:
        whole = None
    for part in (text[: int(where * len(text))], garbage, garbage + text[: int(where * len(text))]):
        try:
            found = powertop.power(part)
        except ValueError:
            continue
        assert found == whole


def test_the_power_chip_of_a_raspberry_pi_5_gives_volts_times_amperes():
    """By hand: VDD_CORE draws 0.9466 A at 0.7210 V; all twelve rails together 1.90 W."""
    rails = rpi_pmic.watts(_text("pmic_read_adc_idle.txt"))
    assert len(rails) == 12
    assert rails["VDD_CORE"] == pytest.approx(0.94657990 * 0.72097620)
    assert not {"EXT5V", "BATT"} & set(rails)
    assert sum(rails.values()) == pytest.approx(1.90, abs=0.01)


@given(st.floats(0, 1), GARBAGE)
def test_a_torn_answer_of_the_power_chip_is_refused(where, garbage):
    text = _text("pmic_read_adc_idle.txt")
    whole = rpi_pmic.watts(text)
    for part in (text[: int(where * len(text))], garbage):
        try:
            found = rpi_pmic.watts(part)
        except ValueError:
            continue
        assert found == whole


def test_jtop_gives_the_moments_power_and_not_its_avg_in_every_versions_shape():
    new = json.loads(_text("jtop_orin_nano.json"))
    assert jtop.milliwatts(new) == {"VDD_CPU_GPU_CV": 1064, "VDD_SOC": 1540, "VDD_IN": 5133}
    total = {"cur": 4859, "avg": 4700}
    assert (
        jtop.milliwatts((total, {"CPU GPU CV": {"cur": 900, "avg": 1}, "SOC": {"cur": 1500, "avg": 1}}))["VDD_IN"]
        == 4859
    )
    assert jtop.milliwatts((total, {"5V CPU": {"cur": 900}, "5V GPU": {"cur": 40}}))["POM_5V_IN"] == 4859


def test_old_jtop_on_agx_orin_took_a_part_for_the_total():
    """Version 4.0 takes VIN_SYS_5V0 out as the total, since its name holds IN; the board is the sum of all three."""
    rails = jtop.milliwatts(
        ({"cur": 3500}, {"GPU SOC": {"cur": 2400}, "CPU CV": {"cur": 800}, "VDD2 1V8AO": {"cur": 300}})
    )
    choice = _jetson.choose(rails)
    assert sum(_jetson.watts(choice.rails, rails)) == pytest.approx(6.7)


def test_what_a_usb_port_has_negotiated_is_not_added_to_a_board():
    rails = {"GPU_SOC": 1.0, "CPU_CV": 1.0, "VIN_SYS_5V0": 1.0, "ucsi-source-psy-1": 60.0}
    assert "ucsi-source-psy-1" not in _jetson.choose(rails).rails


def test_rails_of_an_unknown_board_are_not_added_but_may_be_named():
    with pytest.raises(ValueError, match="not known; name those"):
        _jetson.choose(["A_RAIL", "B_RAIL"])
    assert _jetson.choose(["A_RAIL", "B_RAIL"], ["A_RAIL"]).rails == ("A_RAIL",)
    with pytest.raises(ValueError, match="no rail C_RAIL"):
        _jetson.choose(["A_RAIL"], ["C_RAIL"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["rail", "tot", "name", "power", "cur", "x"]), inner)
    ),
    max_leaves=12,
)


def _numbers(value: Any) -> set[float]:
    if isinstance(value, dict):
        return {number for inner in value.values() for number in _numbers(inner)}
    if isinstance(value, list | tuple):
        return {number for inner in value for number in _numbers(inner)}
    return {value} if isinstance(value, int | float) and not isinstance(value, bool) else set()


@given(JSON | st.tuples(JSON, JSON))
def test_any_other_answer_of_jtop_gives_no_number_that_was_not_there(answer):
    try:
        found = jtop.milliwatts(answer)
    except (ValueError, OverflowError):
        return
    assert set(found.values()) <= _numbers(answer)


def _uevent() -> dict[str, str]:
    """The recorded battery, as the files of its folder."""
    pairs = (line.split("=") for line in _text("battery_uevent.txt").splitlines())
    return {key.removeprefix("POWER_SUPPLY_").lower(): value for key, value in pairs}


def test_a_battery_in_microwatts_or_in_microvolts_and_microamperes():
    assert battery.discharge_watts([_uevent()]) == pytest.approx(19.195)
    by_current = {"status": "Discharging", "current_now": "-1713000", "voltage_now": "11206000"}
    assert battery.discharge_watts([by_current]) == pytest.approx(19.196, abs=0.001)
    idle = {"status": "Unknown", "power_now": "0"}
    assert battery.discharge_watts([_uevent(), idle]) == pytest.approx(19.195)


@pytest.mark.parametrize("status", ["Charging", "Full", "Not charging", "Unknown", ""])
def test_a_battery_that_does_not_discharge_is_no_meter(status):
    with pytest.raises(ValueError, match="unplug the charger"):
        battery.discharge_watts([{**_uevent(), "status": status}])


def test_of_two_batteries_one_that_charges_spoils_the_sum():
    with pytest.raises(ValueError, match="unplug"):
        battery.discharge_watts([_uevent(), {**_uevent(), "status": "Charging"}])


@given(
    st.dictionaries(
        st.sampled_from(["status", "power_now", "current_now", "voltage_now"]), GARBAGE | st.just("Discharging")
    )
)
def test_a_battery_that_shows_garbage_is_refused(values):
    try:
        found = battery.discharge_watts([values])
    except ValueError:
        return
    assert found == abs(int(values.get("power_now", 0) or 0)) * 1e-6 or "current_now" in values
