"""What the device says of itself at this moment: modes, clock, temperature, throttling, who works. Unknown is None or empty."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from joulesweep.measure.device import gpu_state
from joulesweep.system.sysfs import text

_ROOT = Path("/")
_CPUS = "sys/devices/system/cpu"

# Bits of `vcgencmd get_throttled`; the same 16 bits higher tell that it has happened since the start.
_THROTTLE_BITS = ("under-voltage", "frequency capped", "throttled", "soft temperature limit")

# Counters of events that slowed the processor: Intel's thermal throttling, and over-current on a Jetson.
_EVENTS = (f"{_CPUS}/cpu[0-9]*/thermal_throttle/core_throttle_count", "sys/class/hwmon/hwmon*/oc*_event_cnt")


@dataclass(frozen=True)
class Throttling:
    """What the firmware of a Raspberry Pi says: what slows it now, and what has since it was started."""

    now: tuple[str, ...]
    since_start: tuple[str, ...]

    def __str__(self) -> str:
        return f"now: {', '.join(self.now) or 'nothing'}; since the start: {', '.join(self.since_start) or 'nothing'}"


def snapshot(device: str = "cpu") -> dict[str, Any]:
    """What is kept beside a launch, before it and after; the difference of two tells who worked in between.

    `clock_Hz` of the cores, or of the GPU where `device` is cuda; `temperature_C` of the hottest sensor; `throttling` as
    firmware and driver say it now; count of `throttle_events`; `load` of the last minute, and `busy_s`: seconds
    since the start of the machine in which some process, or another machine on the same processor, had a core.
    """
    firmware = throttling()
    said = [None if firmware is None else list(firmware.now)]
    if device == "cuda":
        said.append(gpu_state.throttling())
    known = [words for words in said if words is not None]
    times = psutil.cpu_times()
    idle_s = times.idle + getattr(times, "iowait", 0.0)
    twice_s = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # these are in user and nice too
    return {
        "clock_Hz": gpu_state.clock_hertz() if device == "cuda" else frequency_hertz(),
        "temperature_C": hottest_celsius(),
        "throttling": [word for words in known for word in words] if known else None,
        "throttle_events": throttle_events(),
        "load": os.getloadavg()[0],
        "busy_s": sum(times) - idle_s - twice_s,
    }


def governor(root: Path = _ROOT) -> str:
    """Frequency governors of the cores, separated by spaces; usually one. Empty where the device does not say."""
    found = {text(file) for file in (root / _CPUS).glob("cpu[0-9]*/cpufreq/scaling_governor")}
    return " ".join(sorted(found - {""}))


def clocks_are_locked(root: Path = _ROOT) -> bool | None:
    """Whether every core may run at one frequency alone, as `jetson_clocks` sets it; None where it is not told."""
    folders = list((root / _CPUS).glob("cpu[0-9]*/cpufreq"))
    limits = [(text(folder / "scaling_min_freq"), text(folder / "scaling_max_freq")) for folder in folders]
    return all(low == high != "" for low, high in limits) if limits else None


def power_mode(command: str = "nvpmodel") -> str:
    """The power mode of a Jetson, by its name; empty on other devices."""
    answer = _answer(command, "-q") if shutil.which(command) else ""
    names = [line.partition(":")[2].strip() for line in answer.splitlines() if line.startswith("NV Power Mode")]
    return names[0] if names else ""


def frequency_hertz() -> float | None:
    """Mean clock of the cores in Hz."""
    try:
        found = psutil.cpu_freq()
    except (OSError, RuntimeError, NotImplementedError):
        return None
    return found.current * 1e6 if found and found.current else None


def temperatures_celsius() -> dict[str, float]:
    """Every temperature sensor's reading in °C, by name."""
    try:
        sensors = psutil.sensors_temperatures()
    except (AttributeError, OSError):  # no sensors on this system
        return {}
    return {
        f"{chip}/{entry.label or index}": entry.current
        for chip, entries in sorted(sensors.items())
        for index, entry in enumerate(entries)
    }


def hottest_celsius() -> float | None:
    """The reading of the hottest sensor; None without one."""
    return max(temperatures_celsius().values(), default=None)


def throttling(command: str = "vcgencmd") -> Throttling | None:
    """What the firmware of a Raspberry Pi says about throttling; None where there is no such firmware."""
    try:
        bits = int(_answer(command, "get_throttled").partition("=")[2], 16)
    except ValueError:
        return None
    now = tuple(word for bit, word in enumerate(_THROTTLE_BITS) if bits >> bit & 1)
    since = tuple(word for bit, word in enumerate(_THROTTLE_BITS) if bits >> (bit + 16) & 1)
    return Throttling(now, since)


def throttle_events(root: Path = _ROOT) -> int | None:
    """How often heat or current has slowed the processor since the start; None where it is not counted."""
    counts = [text(file) for pattern in _EVENTS for file in root.glob(pattern)]
    numbers = [int(count) for count in counts if count.isdecimal()]
    return sum(numbers) if numbers else None


def on_battery() -> bool:
    """Whether the device runs on its battery at this moment."""
    try:
        found = psutil.sensors_battery()
    except (AttributeError, OSError):
        return False
    return found is not None and found.power_plugged is False


def _answer(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
