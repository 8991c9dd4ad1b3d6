"""What a person should know before a sweep, with what to do about it. Nothing here stops a sweep. Runs in the job."""

import logging
import os
import platform
from collections.abc import Iterator
from pathlib import Path

import psutil

from joulesweep.launches.selection import BUSY as _BUSY
from joulesweep.measure.device import state
from joulesweep.system.emulation import emulator

log = logging.getLogger("joulesweep")

_ROOT = Path("/")
_WATCH_S = 0.5
_CURE_GOVERNOR = "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"
_SUPPLY = "use the supply and cable made for this board, and unplug what draws from its ports"
_COOL = "give it a heat sink or a fan"
_CURES = {"under-voltage": _SUPPLY, "frequency capped": _COOL, "throttled": _COOL, "soft temperature limit": _COOL}


def warn(reads_battery: bool = False) -> None:
    """Write all warnings to the log, one line each; `reads_battery` where energy is read from a discharging battery."""
    for line in warnings(reads_battery):
        log.warning("%s", line)


def warnings(reads_battery: bool = False) -> Iterator[str]:
    """All warnings, one line each."""
    yield from emulated()
    yield from modes()
    yield from power(reads_battery)
    yield from throttled()
    yield from container()
    yield from busy()


def emulated() -> Iterator[str]:
    """A processor of another kind than that for which this interpreter was built."""
    if program := emulator():
        yield (
            f"{program} translates this interpreter's instructions ({platform.machine()}), so latency and energy are those of an "
            "emulation: use a Python, or a container, that is built for the processor of this machine"
        )


def modes(root: Path = _ROOT) -> Iterator[str]:
    """Clocks that nothing holds."""
    governor = state.governor(root)
    if governor in ("", "performance") or state.clocks_are_locked(root):
        return
    mode = state.power_mode()
    cure = "sudo jetson_clocks" if mode else _CURE_GOVERNOR
    yield f"governor {governor}{f' in power mode {mode}' if mode else ''}; figures are steadier after: {cure}"


def power(reads_battery: bool) -> Iterator[str]:
    """A battery that lowers the clocks of a laptop."""
    if state.on_battery() and not reads_battery:
        yield "the device runs on its battery, which may lower its clocks: plug it in"


def throttled() -> Iterator[str]:
    """What the firmware of a Raspberry Pi reports: under-voltage, a lower clock, heat."""
    firmware = state.throttling()
    for word in dict.fromkeys((*firmware.now, *firmware.since_start) if firmware else ()):
        when = "now" if firmware and word in firmware.now else "since the device was started"
        yield f"{word} {when}: {_CURES[word]}{'' if when == 'now' else ', and restart it: the mark stays until then'}"


def container(root: Path = _ROOT) -> Iterator[str]:
    """A container, whose measurements nobody outside waits for."""
    is_container = any((root / mark).exists() for mark in (".dockerenv", "run/.containerenv"))
    if is_container and not os.environ.get("JOULESWEEP_LOCK"):
        yield (
            "this is a container, whose /tmp the machine does not share: where other containers measure too, set "
            "JOULESWEEP_LOCK to a file that all of them see"
        )


def busy() -> Iterator[str]:
    """Other processes that take the cores, named by the one that takes most."""
    before = {process.pid: _used_s(process) for process in psutil.process_iter()}
    share = psutil.cpu_percent(_WATCH_S) / 100
    if share <= _BUSY:
        return
    used = {process: _used_s(process) - before.get(process.pid, 0.0) for process in psutil.process_iter()}
    most = max(used, key=lambda process: used[process], default=None)
    name = f", most of it by {_name(most)}" if most is not None and used[most] > 0 else ""
    yield f"the machine is busy: {share:.0%} of its cores' time is used{name}; close what is not needed"


def _used_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return times.user + times.system


def _name(process: psutil.Process) -> str:
    try:
        return f"{process.name()} ({process.pid})"
    except psutil.Error:
        return "a process that has ended"
