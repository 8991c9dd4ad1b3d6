"""What the device says of itself at this moment: governor, clock, temperature, throttling. Unknown is None or empty."""

import subprocess
from pathlib import Path

import psutil

_CPUS = Path("/sys/devices/system/cpu")

# Bits of `vcgencmd get_throttled`; the same 16 bits higher tell that it has happened since the start.
_THROTTLE_BITS = ("under-voltage", "frequency capped", "throttled", "soft temperature limit")


def governor(cpus: Path = _CPUS) -> str:
    """Frequency governors of the cores, separated by spaces; usually one. Empty where the device does not say."""
    found = {_text(file) for file in cpus.glob("cpu[0-9]*/cpufreq/scaling_governor")}
    return " ".join(sorted(found - {""}))


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


def throttling(command: str = "vcgencmd") -> str | None:
    """What the firmware of a Raspberry Pi says about throttling, in words; None where there is no such firmware."""
    try:
        answer = subprocess.run([command, "get_throttled"], capture_output=True, text=True, timeout=5, check=True)
        bits = int(answer.stdout.partition("=")[2], 16)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    now = [word for bit, word in enumerate(_THROTTLE_BITS) if bits >> bit & 1]
    since = [word for bit, word in enumerate(_THROTTLE_BITS) if bits >> (bit + 16) & 1]
    return f"now: {', '.join(now) or 'nothing'}; since the start: {', '.join(since) or 'nothing'}"


def _text(file: Path) -> str:
    """What a file of the kernel says; nothing where its core was just switched off."""
    try:
        return file.read_text().strip()
    except OSError:
        return ""
