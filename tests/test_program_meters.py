"""Meters that ask a program or a library: the real powertop, and stand-ins for those whose hardware is not here."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from joulesweep.measure.energy import meter_probe
from joulesweep.measure.energy.sampler import Sampler
from joulesweep.measure.energy.traces.power_trace import PowerTrace
from joulesweep.meters import powertop, rpi_pmic, tegrastats

RECORDED = Path(__file__).parent / "recorded"
no_powertop = "needs powertop and root: sudo apt install powertop"


def _script(file: Path, text: str) -> str:
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return str(file)


def _supply(root: Path, status: str = "Discharging") -> Path:
    """A laptop's battery, so that powertop is asked at all."""
    folder = root / "BAT0"
    folder.mkdir(parents=True)
    for name, text in {"type": "Battery", "status": status, "power_now": "7100000"}.items():
        (folder / name).write_text(text)
    return root


@pytest.mark.skipif(not shutil.which("powertop") or os.geteuid() != 0, reason=no_powertop)
def test_the_real_powertop_reports_no_watts_here_and_leaves_nothing_behind(tmp_path):
    """No battery discharges on this machine: a missing reading with that reason, never 0 W."""
    meter = powertop.Meter({"root": str(_supply(tmp_path)), "time_s": 1})
    assert meter.available().usable
    said: set[str] = set()
    end = time.monotonic() + 20
    while not any("no watts reported" in reason for reason in said) and time.monotonic() < end:
        with pytest.raises((OSError, ValueError)) as error:
            meter.read()
        said.add(str(error.value))
        time.sleep(0.1)
    folder = meter._file.parent
    meter.close()
    assert any("no watts reported" in reason for reason in said)
    assert not folder.exists()
    assert not [process for process in psutil.Process().children() if process.name() == "powertop"]


def _powertop(tmp_path: Path, recorded: str) -> str:
    """A stand-in that takes a while and then writes a recorded file where it is told to."""
    source = RECORDED / recorded
    return _script(
        tmp_path / "powertop", f'for a; do case $a in --csv=*) sleep 0.2; cp {source} "${{a#--csv=}}";; esac; done'
    )


def test_every_file_of_powertop_is_one_reading(tmp_path):
    command = _powertop(tmp_path, "synthetic_powertop_2.15_battery.csv")
    sampler = Sampler("powertop", {"root": str(_supply(tmp_path / "supply")), "command": command})
    time.sleep(4)
    record = sampler.stop()
    assert len(record["values"]) >= 3
    assert {values[0] for values in record["values"]} == {7.10}
    assert record["kind"] == "measured"


def test_powertops_baseline_is_modelled_and_never_stands_in_for_a_reading(tmp_path):
    command = _powertop(tmp_path, "synthetic_powertop_2.12_baseline.csv")
    supply = str(_supply(tmp_path / "supply", "Charging"))
    refused = meter_probe.probe("powertop", {"root": supply, "command": command})
    assert "unplug the charger" in refused["reason"]
    found = meter_probe.probe("powertop", {"root": supply, "command": command, "baseline": True}, live=True)
    assert found["description"]["kind"] == "modelled"
    assert found["watts"] == pytest.approx(5.20)


def test_powertop_without_root_explains_what_sudo_said_and_the_cure(tmp_path, monkeypatch):
    """`sudo -n` is tried; it never asks for a password, so nothing waits."""
    command = _powertop(tmp_path, "synthetic_powertop_2.15_battery.csv")
    _script(tmp_path / "sudo", "echo 'sudo: a password is required' >&2; exit 1")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    settings = {"root": str(_supply(tmp_path / "supply")), "command": command}
    reason = meter_probe.probe("powertop", settings)["reason"]
    assert "sudo: a password is required" in reason
    assert f"NOPASSWD: {command}" in reason
    _script(tmp_path / "sudo", 'shift; exec "$@"')
    assert meter_probe.probe("powertop", settings, live=True)["watts"] == pytest.approx(7.10)
    (tmp_path / "sudo").unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "there is no sudo here" in meter_probe.probe("powertop", settings)["reason"]


def test_the_power_chip_is_asked_through_vcgencmd(tmp_path):
    command = _script(tmp_path / "vcgencmd", f"cat {RECORDED / 'pmic_read_adc_idle.txt'}")
    raw = rpi_pmic.Meter({"command": command})
    assert raw.available().usable
    assert raw.read().values == (pytest.approx(1.9005, abs=1e-4),)
    fitted = rpi_pmic.Meter({"command": command, "calibrated": True})
    assert fitted.read().values == (pytest.approx(1.1451 * 1.9005 + 0.5879, abs=1e-4),)
    assert "fit on one board" in fitted.describe().covers
    assert "fit" not in raw.describe().covers


@pytest.mark.parametrize("answer", ["echo 'error=1 error_msg=\"Command not registered\"'", "exit 1"])
def test_an_older_raspberry_pi_has_no_such_meter(tmp_path, answer):
    command = _script(tmp_path / "vcgencmd", answer)
    assert "older ones have no current sensors" in rpi_pmic.Meter({"command": command}).available().reason
    assert not rpi_pmic.Meter({"command": str(tmp_path / "absent")}).available().present


def _tegrastats(tmp_path: Path, body: str) -> str:
    return _script(tmp_path / "tegrastats", body)


def test_lines_of_tegrastats_become_a_trace_and_the_program_ends_with_the_sampler(tmp_path):
    """4.5 W, then 9.0 W: what each line said, when it came."""
    line = (RECORDED / "tegrastats_nano_jp4.txt").read_text().strip()
    body = f"echo $$ > {tmp_path}/pid\nn=0\nwhile :; do n=$((n+1)); w=4500; [ $n -gt 20 ] && w=9000\n"
    body += 'echo "' + line.replace("POM_5V_IN 4520/4680", "POM_5V_IN $w/1") + '"\nsleep 0.05; done'
    sampler = Sampler("tegrastats", {"command": _tegrastats(tmp_path, body), "interval_ms": 50})
    time.sleep(3)
    record = sampler.stop()
    trace = PowerTrace.of_record(record)
    assert record["rails"] == ["POM_5V_IN"]
    assert {values[0] for values in record["values"]} == {4.5, 9.0}
    # That of the lines, and longer where the machine is busy; not that of the 3 s.
    assert 0.02 < trace.interval_s(int(trace.time_ns[0]), int(trace.time_ns[-1])) < 0.5
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_tegrastats_that_shows_power_to_root_alone_is_asked_as_root(tmp_path, monkeypatch):
    line = (RECORDED / "tegrastats_orin_jp5.txt").read_text().strip()
    body = f'if [ "$AS_ROOT" ]; then l="{line}"; else l="RAM 1/2MB"; fi\n[ "$1" = --help ] && exit 0\n'
    command = _tegrastats(tmp_path, body + 'while :; do echo "$l"; sleep 0.05; done')
    _script(tmp_path / "sudo", 'shift; AS_ROOT=1 exec "$@"')
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    found = meter_probe.probe("tegrastats", {"command": command}, live=True)
    assert found["watts"] == pytest.approx(2.390 + 0.796 + 3.522)
    _script(tmp_path / "sudo", "echo 'sudo: a password is required' >&2; exit 1")
    reason = meter_probe.probe("tegrastats", {"command": command})["reason"]
    assert "shows no power to this user" in reason
    assert "a password is required" in reason


def test_tegrastats_that_dies_makes_readings_missing(tmp_path):
    line = (RECORDED / "tegrastats_nano_jp4.txt").read_text().strip()
    meter = tegrastats.Meter({"command": _tegrastats(tmp_path, f'echo "{line}"; sleep 0.3; exit 3')})
    assert meter.read().values == (pytest.approx(4.520),)
    time.sleep(0.6)
    with pytest.raises(OSError, match="ended with status 3"):
        meter.read()
    meter.close()


NVML = """
class NVMLError(Exception): pass
class NVMLError_NotSupported(NVMLError): pass
class NVMLError_NotFound(NVMLError): pass
def nvmlInit(): pass
def nvmlShutdown(): pass
def nvmlDeviceGetHandleByIndex(index):
    if index: raise NVMLError_NotFound("Not Found")
    return index
def nvmlDeviceGetTotalEnergyConsumption(card):
    {energy}
def nvmlDeviceGetPowerUsage(card):
    {power}
"""
UNSUPPORTED = 'raise NVMLError_NotSupported("Not Supported")'
COUNTING = "import time; return int(time.monotonic() * 50_000)"  # 50 W, in mJ


@pytest.mark.parametrize(
    ("energy", "power", "watts"),
    [(COUNTING, UNSUPPORTED, 50), (UNSUPPORTED, "return 23_500", 23.5)],
    ids=["counter", "power"],
)
def test_a_card_is_read_by_its_counter_else_by_its_power(tmp_path, monkeypatch, energy, power, watts):
    """`synthetic`: a stand-in for the library, since there is no card here."""
    (tmp_path / "pynvml.py").write_text(NVML.format(energy=energy, power=power))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = meter_probe.probe("nvml", {}, live=True)
    assert found["description"]["unit"] == ("J" if energy == COUNTING else "W")
    assert found["watts"] == pytest.approx(watts, rel=0.05)
    assert "Not Found" in meter_probe.probe("nvml", {"gpu": 1})["reason"]


def test_a_jetson_says_not_supported_and_that_is_passed_on(tmp_path, monkeypatch):
    (tmp_path / "pynvml.py").write_text(NVML.format(energy=UNSUPPORTED, power=UNSUPPORTED))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert "use ina3221 or jtop" in meter_probe.probe("nvml", {})["reason"]


def test_the_real_library_without_a_card_is_a_reason():
    if Path("/dev/nvidiactl").exists():
        pytest.skip("there is a card here")
    found = meter_probe.probe("nvml", {})
    assert (found["usable"], found["present"]) == (False, False)


def test_a_library_that_hangs_is_given_up(tmp_path, monkeypatch):
    (tmp_path / "pynvml.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(meter_probe, "_PATIENCE_S", 1.0)
    assert meter_probe.probe("nvml", {})["reason"] == "it did not answer within 1 s"


def test_no_program_of_these_tests_is_left():
    names = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "joulesweep-powertop-" not in names
