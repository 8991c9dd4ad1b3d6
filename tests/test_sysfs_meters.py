"""Meters that read the kernel's files, on trees laid out in a temporary folder."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joulesweep.measure.energy import meter_choice, meter_probe
from joulesweep.meters import battery, ina3221, rapl

from tests.jetson_board import AGX_ORIN, NANO, ORIN_NX, THOR, XAVIER, Chip, drivers, lay_out
from tests.powercap import lay_out as lay_out_powercap


def _ina(root: Path, **settings: object) -> ina3221.Meter:
    return ina3221.Meter({"root": str(root), **settings})


@pytest.mark.parametrize(
    ("chips", "rails", "watts"),
    [
        (NANO, ("POM_5V_IN",), 10.0),
        (ORIN_NX, ("VDD_IN",), 10.0),
        (AGX_ORIN, ("VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"), 10.0),
        (THOR, ("VIN",), 10.0),
        (XAVIER, ("GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"), 10.0),
    ],
    ids=["Nano", "Orin NX", "AGX Orin", "Thor", "AGX Xavier"],
)
def test_every_layout_gives_the_board_and_no_rail_twice(tmp_path, chips, rails, watts):
    lay_out(drivers(tmp_path), chips, watts)
    meter = _ina(tmp_path)
    assert meter.available().usable
    assert meter.describe().rails == rails
    assert sum(meter.read().values) == pytest.approx(watts, rel=1e-3)


def test_a_sum_of_rails_says_that_it_is_one(tmp_path):
    lay_out(drivers(tmp_path), AGX_ORIN, 10.0)
    assert _ina(tmp_path).describe().covers.startswith("sum of rails")


def test_a_channel_in_error_is_passed_over_and_takes_nothing_with_it(tmp_path):
    """On AGX Orin reading a channel that is switched off fails; the others go on."""
    lay_out(drivers(tmp_path), AGX_ORIN, 10.0)
    (tmp_path / "ina3221/1-0041/hwmon/hwmon3/curr2_input").unlink()
    assert sum(_ina(tmp_path).read().values) == pytest.approx(10.0, rel=1e-3)


def test_a_channel_that_is_switched_off_is_no_rail(tmp_path):
    lay_out(drivers(tmp_path), ORIN_NX, 10.0)
    (tmp_path / "ina3221/1-0040/hwmon/hwmon3/in1_enable").write_text("0\n")
    answer = _ina(tmp_path).available()
    assert not answer.usable
    assert "VDD_CPU_GPU_CV, VDD_SOC" in answer.reason


def test_a_rail_that_fails_later_is_a_missing_reading_and_not_a_smaller_sum(tmp_path):
    lay_out(drivers(tmp_path), AGX_ORIN, 10.0)
    meter = _ina(tmp_path)
    meter.read()
    (tmp_path / "ina3221/1-0040/hwmon/hwmon3/curr2_input").unlink()
    with pytest.raises(OSError, match="curr2_input"):
        meter.read()


def test_files_for_root_alone_tell_the_command_that_opens_them(tmp_path, monkeypatch):
    lay_out(drivers(tmp_path), NANO, 10.0)
    readable = Path.read_text

    def refuse(path: Path, *args: object, **more: object) -> str:
        if path.name.startswith("in_power"):
            raise PermissionError(13, "Permission denied", str(path))
        return readable(path, *args, **more)

    monkeypatch.setattr(Path, "read_text", refuse)
    answer = _ina(tmp_path).available()
    assert not answer.usable
    assert "sudo sh -c 'chmod a+r" in answer.reason


def test_an_unknown_board_is_read_by_the_rails_that_the_user_names(tmp_path):
    lay_out(drivers(tmp_path), (Chip("ina3221", "1-0040", {"A": 0.4, "B": 0.6}),), 10.0)
    assert "name those that do not" in _ina(tmp_path).available().reason
    assert _ina(tmp_path, rails=["B"]).read().values == (pytest.approx(6.0),)


def test_a_long_average_makes_a_long_update_interval(tmp_path):
    """The driver averages over `samples` conversions; its update_interval is in ms."""
    lay_out(drivers(tmp_path), ORIN_NX, 10.0)
    assert _ina(tmp_path).describe().update_s == pytest.approx(0.1)
    (tmp_path / "ina3221/1-0040/hwmon/hwmon3/update_interval").write_text("850\n")
    assert _ina(tmp_path).describe().update_s == pytest.approx(0.85)


def test_no_jetson_is_told_as_such(tmp_path):
    answer = _ina(tmp_path).available()
    assert (answer.usable, answer.present) == (False, False)


@given(text=st.text(max_size=20))
def test_a_sensor_that_shows_garbage_gives_its_number_or_none(tmp_path_factory, text):
    root = tmp_path_factory.mktemp("ina")
    lay_out(drivers(root), NANO, 10.0)
    meter = _ina(root)
    meter.describe()
    (root / "ina3221x/6-0040/iio:device0/in_power0_input").write_text(text)
    try:
        (watts,) = meter.read().values
    except (OSError, ValueError):
        return
    assert watts == int(text.split()[0]) / 1000


@given(text=st.text(max_size=20))
def test_a_counter_that_shows_garbage_gives_its_number_or_none(tmp_path_factory, text):
    root = lay_out_powercap(tmp_path_factory.mktemp("rapl"), {"intel-rapl:0": "package-0"})
    (root / "intel-rapl:0" / "energy_uj").write_text(text)
    try:
        (joules,) = rapl.Meter({"root": str(root)}).read().values
    except (OSError, ValueError):
        return
    assert joules == pytest.approx(int(text) * 1e-6)


def _battery(root: Path, name: str = "BAT0", **files: object) -> Path:
    """A laptop's battery as published: discharging, 19.195 W, 11.206 V."""
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    known = {"type": "Battery", "status": "Discharging", "voltage_now": 11206000, "power_now": 19195000}
    for file, value in {**known, **files}.items():
        (folder / file).write_text(f"{value}\n")
    return folder


def _batteries(root: Path) -> battery.Meter:
    return battery.Meter({"root": str(root)})


def test_a_discharging_battery_is_read(tmp_path):
    _battery(tmp_path)
    (tmp_path / "AC").mkdir()
    (tmp_path / "AC" / "type").write_text("Mains\n")
    assert _batteries(tmp_path).available().usable
    assert _batteries(tmp_path).read().values == (pytest.approx(19.195),)


def test_two_batteries_are_added_and_a_mouses_is_not(tmp_path):
    _battery(tmp_path)
    _battery(tmp_path, "BAT1", power_now=1000000, status="Unknown")
    _battery(tmp_path, "hidpp_battery_0", scope="Device")
    meter = _batteries(tmp_path)
    assert meter.describe().rails == ("BAT0", "BAT1")
    assert sum(meter.read().values) == pytest.approx(20.195)


def test_on_mains_the_battery_says_to_unplug_the_charger(tmp_path):
    _battery(tmp_path, status="Charging")
    answer = _batteries(tmp_path).available()
    assert (answer.usable, answer.present) == (False, True)
    assert "unplug the charger" in answer.reason


def test_a_charger_plugged_in_while_measuring_makes_readings_missing(tmp_path):
    _battery(tmp_path)
    meter = _batteries(tmp_path)
    meter.read()
    _battery(tmp_path, status="Charging")
    with pytest.raises(ValueError, match="unplug"):
        meter.read()


def test_a_slow_refresh_is_seen_by_any_value_that_moves(tmp_path):
    """The same power with another voltage is a new reading; the same of all is the old one."""
    _battery(tmp_path)
    meter = _batteries(tmp_path)
    first = meter.read()
    assert meter.read() == first
    _battery(tmp_path, voltage_now=11205000)
    second = meter.read()
    assert second.time_ns > first.time_ns
    assert second.values == first.values


def test_psys_is_read_alone_and_only_where_it_is_asked_for(tmp_path):
    """The platform holds the packages, so the two are never added."""
    lay_out_powercap(tmp_path, {"intel-rapl:0": "package-0", "intel-rapl:0:0": "dram", "intel-rapl:1": "psys"})
    described = rapl.Meter({"root": str(tmp_path), "zone": "psys"}).describe()
    assert (described.rails, described.scope) == (("psys",), "machine")
    assert "psys" not in rapl.Meter({"root": str(tmp_path)}).describe().rails


def test_auto_takes_the_battery_before_the_processor_and_says_why(tmp_path):
    """The whole machine is more than its processor; the others are not named, so that one more makes nothing stale."""
    lay_out_powercap(tmp_path / "powercap", {"intel-rapl:0": "package-0"})
    _battery(tmp_path / "supply")
    settings = {"rapl": {"root": str(tmp_path / "powercap")}, "battery": {"root": str(tmp_path / "supply")}}
    choice = meter_choice.choose("auto", settings | {"cpu-time": {"watts_per_core": 5}})
    assert choice["name"] == "battery"
    assert choice["slow"]
    assert "covers most: all that the machine draws" in choice["reason"]
    assert "rapl" not in choice["reason"]


def test_an_interpreter_of_its_own_is_used_for_a_meter(tmp_path):
    """One that is not there is a reason, and so is one whose library is missing."""
    found = meter_probe.probe("jtop", {"python": str(tmp_path / "python")})
    assert "cannot be started" in found["reason"]
    shim = tmp_path / "python3"
    shim.write_text("#!/bin/sh\necho 'Illegal instruction' >&2\nexit 132\n")
    shim.chmod(0o755)
    assert meter_probe.probe("jtop", {"python": str(shim)})["reason"] == "its library failed: Illegal instruction"
    shim.write_text("#!/bin/sh\necho 'joulesweep: this is Python 3.8' >&2\nexit 1\n")
    assert meter_probe.probe("jtop", {"python": str(shim)})["reason"] == "this is Python 3.8"
