"""Meters: which counters are read, which never are, and what a meter that cannot be read tells the user to do."""

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from joulesweep import plugins
from joulesweep.measure.energy import meter_choice, meter_probe
from joulesweep.meters import base, cpu_time, rapl

from tests.powercap import lay_out

# Zones of a laptop of 2022 as published in a mailing list's listing of /sys/class/powercap/*/name.
LAPTOP = {
    "intel-rapl:0": "package-0",
    "intel-rapl:0:0": "core",
    "intel-rapl:0:1": "uncore",
    "intel-rapl:1": "psys",
    "intel-rapl-mmio:0": "package-0",
}
TWO_SOCKETS = {
    "intel-rapl:0": "package-0",
    "intel-rapl:0:0": "dram",
    "intel-rapl:1": "package-1",
    "intel-rapl:1:0": "dram",
}


def _rapl(root: Path) -> rapl.Meter:
    return rapl.Meter({"root": str(root)})


def test_laptop_is_read_as_its_package_alone(tmp_path):
    """Cores are inside the package, psys includes it, and the mmio twin is the same package again."""
    meter = _rapl(lay_out(tmp_path, LAPTOP))
    assert meter.describe().rails == ("package-0",)
    assert meter.read().values == (pytest.approx(1.0),)


def test_memory_with_its_own_counter_is_added_for_every_socket(tmp_path):
    meter = _rapl(lay_out(tmp_path, TWO_SOCKETS))
    assert meter.describe().rails == ("package-0", "package-0/dram", "package-1", "package-1/dram")
    assert len(meter.read().values) == len(meter.describe().wrap_J) == 4


def test_mmio_zone_stands_in_where_it_is_alone(tmp_path):
    assert _rapl(lay_out(tmp_path, {"intel-rapl-mmio:0": "package-0"})).describe().rails == ("package-0",)


def test_psys_alone_is_not_read_as_a_processor(tmp_path):
    assert not _rapl(lay_out(tmp_path, {"intel-rapl:0": "psys"})).available().usable


def test_every_zone_wraps_at_its_own_range(tmp_path):
    lay_out(tmp_path, TWO_SOCKETS)
    (tmp_path / "intel-rapl:0:0" / "max_energy_range_uj").write_text("65712999613\n")
    (tmp_path / "intel-rapl:1:0" / "max_energy_range_uj").unlink()
    wraps = _rapl(tmp_path).describe().wrap_J
    assert wraps == (pytest.approx(262143.32885), pytest.approx(65712.999613), pytest.approx(262143.32885), math.inf)


def test_no_powercap_tells_what_it_takes(tmp_path):
    answer = _rapl(tmp_path).available()
    assert not answer.usable
    assert "modprobe" in answer.reason


def test_counters_for_root_alone_tell_the_command_that_opens_them(tmp_path, monkeypatch):
    lay_out(tmp_path, LAPTOP)
    readable = Path.read_text

    def refuse(path: Path, *args: object, **more: object) -> str:
        if path.name == "energy_uj":
            raise PermissionError(13, "Permission denied", str(path))
        return readable(path, *args, **more)

    monkeypatch.setattr(Path, "read_text", refuse)
    answer = _rapl(tmp_path).available()
    assert not answer.usable
    assert f"sudo chmod a+r {tmp_path}/intel-rapl*/energy_uj" in answer.reason


@pytest.mark.parametrize("text", ["", "nonsense\n"])
def test_unreadable_counter_is_a_reason_not_a_crash(tmp_path, text):
    lay_out(tmp_path, LAPTOP)
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text(text)
    assert not _rapl(tmp_path).available().usable


def test_counters_that_never_counted_are_not_usable(tmp_path):
    assert not _rapl(lay_out(tmp_path, LAPTOP, counter_uj=0)).available().usable


def test_modelled_meter_must_be_allowed_by_the_configuration():
    answer = cpu_time.Meter({}).available()
    assert not answer.usable
    assert "watts_per_core" in answer.reason


@pytest.mark.parametrize("watts", [0, -1, math.inf, math.nan, "5", True])
def test_modelled_meter_refuses_watts_that_are_none(watts):
    assert not cpu_time.Meter({"watts_per_core": watts}).available().usable


def test_modelled_meter_says_that_it_is_modelled():
    assert cpu_time.Meter({"watts_per_core": 5}).describe().kind == "modelled"


def test_modelled_joules_are_processor_seconds_of_another_process_times_watts():
    code = "import time\nwhile time.process_time() < 0.2: pass\nprint(time.process_time(), flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        used = float(child.stdout.readline())
        joules = cpu_time.Meter({"watts_per_core": 10}, child.pid).read().values[0]
        child.communicate("\n")
    assert joules == pytest.approx(10 * used, abs=0.1)


def test_a_process_that_is_gone_is_a_missing_reading():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    with pytest.raises(OSError, match=r".+"):
        cpu_time.Meter({"watts_per_core": 10}, child.pid).read()


@pytest.fixture
def few_meters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever meters this machine has, three are known: one to lay out, the model, and one that no test machine is."""
    monkeypatch.setattr(plugins, "names", lambda kind, *_: ["cpu-time", "rapl", "rpi-pmic"] if kind == "meters" else [])


@pytest.mark.usefixtures("few_meters")
def test_auto_prefers_what_is_measured_to_what_is_modelled(tmp_path):
    lay_out(tmp_path, LAPTOP)
    settings = {"rapl": {"root": str(tmp_path)}, "cpu-time": {"watts_per_core": 5}}
    assert meter_choice.choose("auto", settings)["name"] == "rapl"


@pytest.mark.usefixtures("few_meters")
def test_auto_falls_back_to_the_model_and_says_that_it_is_none_and_where_to_read_why(tmp_path):
    choice = meter_choice.choose("auto", {"rapl": {"root": str(tmp_path)}, "cpu-time": {"watts_per_core": 5}})
    assert (choice["name"], choice["settings"]) == ("cpu-time", {"watts_per_core": 5})
    assert "`make doctor` says why" in choice["reason"]
    assert "no measurement" in choice["reason"]


def test_auto_prefers_wider_coverage(tmp_path, monkeypatch):
    """Of two measured meters the one that covers more is taken, whatever their names."""
    lay_out(tmp_path, LAPTOP)

    class Whole(rapl.Meter):
        def describe(self) -> base.Description:
            narrow = super().describe()
            return base.Description(**{**narrow.__dict__, "scope": "machine"})

    real = plugins.load

    def load(kind: str, name: str):
        return Whole if name == "zz" else real(kind, name)

    monkeypatch.setattr(plugins, "names", lambda kind, *_: ["rapl", "zz"] if kind == "meters" else [])
    monkeypatch.setattr(plugins, "load", load)
    root = {"root": str(tmp_path)}
    assert meter_choice.choose("auto", {"rapl": root, "zz": root})["name"] == "zz"


@pytest.mark.usefixtures("few_meters")
def test_no_meter_is_no_crash_and_names_the_cures(tmp_path):
    """What could be made to work has its cure; hardware that this machine does not have is not spoken of."""
    absent = {"rpi-pmic": {"command": "no-vcgencmd"}, "rapl": {"root": str(tmp_path)}}
    choice = meter_choice.choose("auto", absent)
    assert choice["name"] == "none"
    assert "`make doctor` lists each" in choice["reason"]
    assert "watts_per_core" in choice["reason"]
    assert "vcgencmd" not in choice["reason"]


def test_a_named_meter_is_kept_with_its_reason_even_if_unusable(tmp_path):
    choice = meter_choice.choose("rapl", {"rapl": {"root": str(tmp_path)}, "cpu-time": {"watts_per_core": 5}})
    assert choice["name"] == "rapl"
    assert "no RAPL package" in choice["reason"]


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="needs Linux")  # noqa: PTH112
def test_every_shipped_meter_answers_here_without_raising():
    for name in meter_choice.names():
        assert meter_probe.probe(name, {})["reason"]
