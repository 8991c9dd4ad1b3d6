"""What the device says of itself: its modes, heat and throttling, and who works on it."""

import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from joulesweep.measure import preflight
from joulesweep.measure.device import cool_down, gpu_state, state

CPUS = "sys/devices/system/cpu"


def _file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _command(folder: Path, name: str, answer: str) -> str:
    command = folder / name
    command.write_text(f"#!/bin/sh\ncat <<'END'\n{answer}\nEND\n")
    command.chmod(0o755)
    return str(command)


@pytest.fixture
def path(tmp_path, monkeypatch) -> Path:
    """A folder in which commands are found first."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def _governors(root: Path, *governors: str, low: str = "600000", high: str = "1800000") -> None:
    for core, governor in enumerate(governors):
        folder = root / CPUS / f"cpu{core}" / "cpufreq"
        _file(folder / "scaling_governor", f"{governor}\n")
        _file(folder / "scaling_min_freq", f"{low}\n")
        _file(folder / "scaling_max_freq", f"{high}\n")


def test_governors_of_all_cores_are_told(tmp_path):
    _governors(tmp_path, "performance", "powersave", "performance")
    assert state.governor(tmp_path) == "performance powersave"
    assert state.governor(tmp_path / "nowhere") == ""


def test_throttle_bits_are_told_in_words(tmp_path):
    """0x50005: under-voltage and throttled, now and before; 0x0: clean (Raspberry Pi documentation)."""
    both = state.throttling(_command(tmp_path, "vcgencmd", "throttled=0x50005"))
    assert both == state.Throttling(("under-voltage", "throttled"), ("under-voltage", "throttled"))
    assert str(both) == "now: under-voltage, throttled; since the start: under-voltage, throttled"
    clean = state.throttling(_command(tmp_path, "vcgencmd", "throttled=0x0"))
    assert str(clean) == "now: nothing; since the start: nothing"
    assert state.throttling(_command(tmp_path, "vcgencmd", "error")) is None
    assert state.throttling(str(tmp_path / "absent")) is None


def test_what_slowed_the_processor_is_counted_where_the_kernel_counts_it(tmp_path):
    assert state.throttle_events(tmp_path) is None
    for core in range(2):
        _file(tmp_path / CPUS / f"cpu{core}" / "thermal_throttle" / "core_throttle_count", "3\n")
    _file(tmp_path / "sys/class/hwmon/hwmon4/oc1_event_cnt", "1\n")
    assert state.throttle_events(tmp_path) == 7


def test_a_snapshot_tells_who_worked_in_between():
    before = state.snapshot()
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass
    after = state.snapshot()
    assert after["busy_s"] - before["busy_s"] >= 0.25
    assert after["load"] >= 0


NVML = """
class NVMLError(Exception): pass
def nvmlInit(): pass
def nvmlShutdown(): pass
def nvmlDeviceGetHandleByIndex(index): return index
def nvmlDeviceGetClockInfo(card, kind):
    assert kind == 1
    return 1410
def nvmlDeviceGetCurrentClocksThrottleReasons(card): return 0x01 | 0x04 | 0x40
"""


def test_a_launch_on_a_card_keeps_its_clock_and_what_slows_it(tmp_path, monkeypatch):
    (tmp_path / "pynvml.py").write_text(NVML)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "pynvml", raising=False)
    try:
        found = state.snapshot("cuda")
    finally:
        sys.modules.pop("pynvml", None)
    assert found["clock_Hz"] == 1.41e9
    assert found["throttling"][-2:] == ["power cap", "slowed by hardware for heat"]


def test_the_gpu_of_a_jetson_tells_its_clock_by_the_kernel(tmp_path):
    _file(tmp_path / "sys/class/devfreq/17000000.ga10b/cur_freq", "624750000\n")
    assert gpu_state.clock_hertz(tmp_path) == 624.75e6


def test_a_governor_that_lowers_the_clock_is_told_with_what_would_change_it(tmp_path):
    _governors(tmp_path, "powersave")
    (line,) = preflight.modes(tmp_path)
    assert line.startswith("governor powersave; ")
    assert "echo performance" in line


@pytest.mark.parametrize("already", [("performance", "600000"), ("schedutil", "1800000")])
def test_what_is_set_already_is_not_asked_for(tmp_path, already):
    governor, low = already
    _governors(tmp_path, governor, low=low)
    assert not list(preflight.modes(tmp_path))
    assert not list(preflight.modes(tmp_path / "nowhere"))


def test_a_jetson_is_told_its_own_cure(path):
    _governors(path, "schedutil")
    _command(path, "nvpmodel", "NV Power Mode: MODE_15W\n2")
    (line,) = preflight.modes(path)
    assert line == "governor schedutil in power mode MODE_15W; figures are steadier after: sudo jetson_clocks"


def test_under_voltage_now_and_throttling_before_have_their_own_cures(path):
    _command(path, "vcgencmd", "throttled=0x50001")
    now, before = preflight.throttled()
    assert now == f"under-voltage now: {preflight._SUPPLY}"
    assert before.startswith("throttled since the device was started: give it a heat sink")
    assert before.endswith("restart it: the mark stays until then")


class _Process:
    """A process as psutil shows it, which uses so many seconds of a core between two questions."""

    def __init__(self, pid: int, name: str, used_s: float) -> None:
        self.pid, self._name, self._used_s, self._asked = pid, name, used_s, 0

    def cpu_times(self) -> SimpleNamespace:
        self._asked += 1
        return SimpleNamespace(user=100.0 / self.pid + self._asked * self._used_s, system=0.0)

    def name(self) -> str:
        return self._name


def test_a_busy_machine_names_who_keeps_it_busy(monkeypatch):
    """The one that used most while it was watched, not the one that had used most before."""
    processes = [_Process(1, "init", 0.0), _Process(20, "browser", 0.4), _Process(30, "indexer", 0.1)]
    monkeypatch.setattr(preflight.psutil, "process_iter", lambda: processes)
    monkeypatch.setattr(preflight.psutil, "cpu_percent", lambda seconds: 60.0)
    (line,) = preflight.busy()
    assert line.startswith("the machine is busy: 60% of its cores' time is used, most of it by browser (20); close")


def test_a_quiet_machine_is_not_called_busy(monkeypatch):
    monkeypatch.setattr(preflight.psutil, "process_iter", lambda: [_Process(20, "browser", 0.4)])
    monkeypatch.setattr(preflight.psutil, "cpu_percent", lambda seconds: 10.0)
    assert not list(preflight.busy())


def test_a_launch_waits_until_the_device_is_cool_again_and_no_longer_than_it_may(monkeypatch):
    readings = iter([50.0, 70.0, 60.0, 52.0])
    monkeypatch.setattr(state, "hottest_celsius", lambda: next(readings))
    monkeypatch.setattr(cool_down, "_LOOK_S", 0.01)
    target = cool_down.cool_celsius()
    assert cool_down.cool_down(target, 60)[1]
    monkeypatch.setattr(state, "hottest_celsius", lambda: 70.0)
    waited_s, cool = cool_down.cool_down(target, 0.05)
    assert waited_s >= 0.05
    assert not cool


def test_without_a_sensor_nothing_is_waited_for(monkeypatch):
    monkeypatch.setattr(state, "hottest_celsius", lambda: None)
    assert cool_down.cool_celsius() is None
    assert cool_down.cool_down(None, 60) == (0.0, True)
