"""Which device this is: what a reader needs to know about the machine behind a row."""

import importlib
import logging
import platform
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from joulesweep.errors import one_line
from joulesweep.launches.columns import listed
from joulesweep.measure.device import peaks, state
from joulesweep.measure.device.accelerator import accelerator
from joulesweep.measure.device.threads import cores
from joulesweep.measure.lock import machine_lock
from joulesweep.schema import SCHEMA
from joulesweep.system import board
from joulesweep.system.emulation import emulator
from joulesweep.system.machine import machine_id
from joulesweep.system.nvpmodel import power_mode
from joulesweep.system.sysfs import text

log = logging.getLogger("joulesweep")

_ROOT = Path("/")

_METHOD = 1  # raised when peaks are measured differently
_SAME = ("machine_id", "emulator", "governor", "power_mode", "cores_physical")
_PEAKS = ("one_thread_flops_per_s", "one_thread_bytes_per_s", "all_cores_flops_per_s", "all_cores_bytes_per_s")

# What firmware says where its maker wrote nothing.
_EMPTY = re.compile(
    "|".join(
        (
            "",
            r"(to be filled|default|defined|set) by (the )?(o\.?e\.?m\.?|user|customer)",
            r"o\.?e\.?m\.?|n/?a|null|none|empty|invalid|unknown|undefined|default( string)?",
            r"not (specified|available|applicable|defined|present|set)",
            r"(system |base board |oem )?(product name|product|manufacturer|vendor|version)",
            r"[x0.* -]+",
        )
    ),
    re.IGNORECASE,
)


def describe(job: Mapping[str, Any]) -> dict[str, Any]:
    """One row of the table of devices without the peaks; what the machine does not tell is empty."""
    physical, logical = cores()
    processor = cpu()
    return {
        "schema": SCHEMA,
        "device": job["device"],
        "machine_id": machine_id(),
        "machine": machine(),
        "soc": board.soc(),
        "cpu": processor,
        "architecture": platform.machine(),
        "emulator": emulator(),
        "cores_physical": physical,
        "cores_logical": logical,
        "max_clock_Hz": max_clock_hertz(),
        "memory_bytes": psutil.virtual_memory().total,
        "accelerator": accelerator(processor),
        "os": operating_system(),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "libraries": listed(job["versions"]),
        "governor": state.governor(),
        "power_mode": power_mode(),
        "meter": f"{job['meter']['name']}: {job['meter']['reason']}",
        "described_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def with_peaks(about: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """A description with the most that the CPU does, with one thread and with one per physical core.

    The peaks of `before`, the last description, are taken unless the machine, its governor or power mode, the cores,
    or numpy are others now. Empty where there is no memory to measure them.
    """
    of = {"peaks_of": f"{_METHOD} numpy {np.__version__}"}
    known = {name: before.get(name) for name in _PEAKS}
    before = {"emulator": "", "power_mode": "", **before}  # a description of an older version has none
    same = all(before.get(name) == {**about, **of}[name] for name in (*_SAME, *of))
    if same and all(isinstance(value, float) for value in known.values()):
        return {**about, **known, **of}
    try:
        with machine_lock():
            every = [
                measure(threads)
                for threads in (1, about["cores_physical"])
                for measure in (peaks.flops_per_s, peaks.bytes_per_s)
            ]
    except (MemoryError, RuntimeError) as error:  # the latter where no thread can be started
        log.warning("what the processor does at most was not measured: %s", one_line(error))
        return {**about, **dict.fromkeys(_PEAKS), **of}
    return {**about, **dict(zip(_PEAKS, every, strict=True)), **of}


def machine(root: Path = _ROOT) -> str:
    """Board or machine as it names itself: the device tree on boards, DMI on PCs; empty where neither does."""
    if name := board.model(root):
        return name
    dmi = root / "sys/class/dmi/id"
    names = [board.printable(text(dmi / name)) for name in ("sys_vendor", "product_name")]
    return board.printable(" ".join(name for name in names if not _EMPTY.fullmatch(name)))


def cpu(root: Path = _ROOT) -> str:
    """Processor as it names itself: Linux lists it; elsewhere py-cpuinfo knows, which takes a second, or Python."""
    for line in text(root / "proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name" and value.strip():
            return value.strip()
    try:
        brand = importlib.import_module("cpuinfo").get_cpu_info().get("brand_raw", "")
    except ImportError:
        brand = ""
    return brand or platform.processor()


def operating_system(root: Path = _ROOT) -> str:
    """Name and version of the operating system, and of NVIDIA's on a Jetson."""
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = platform.platform()
    return ", ".join(filter(None, (name, board.jetson_linux(root))))


def max_clock_hertz(root: Path = _ROOT) -> float | None:
    """The highest clock in Hz that the fastest core may have now: a power mode may allow less than the chip can do."""
    limits = [text(file) for file in (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_max_freq")]
    kilohertz = [int(limit) for limit in limits if re.fullmatch("[0-9]{1,9}", limit)]
    return max(kilohertz) * 1e3 if any(kilohertz) else None
