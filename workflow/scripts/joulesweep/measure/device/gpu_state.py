"""What an NVIDIA GPU says of itself at this moment: NVML for a card, the kernel's devfreq for a Jetson. Unknown is None."""

import importlib
from pathlib import Path
from typing import Any

_ROOT = Path("/")
_DEVFREQ = ("*gpu*", "*.ga10b", "*.gv11b", "*.gp10b")  # as JetPack 4 to 7 name a Jetson's GPU

# Bits of nvmlDeviceGetCurrentClocksThrottleReasons that tell of trouble; idling and set clocks are none.
_REASONS = {
    0x04: "power cap",
    0x08: "slowed by hardware",
    0x20: "slowed by the driver for heat",
    0x40: "slowed by hardware for heat",
    0x80: "power brake",
}


def clock_hertz(root: Path = _ROOT) -> float | None:
    """Clock of the first GPU in Hz."""
    for pattern in _DEVFREQ:
        for file in sorted((root / "sys/class/devfreq").glob(f"{pattern}/cur_freq")):
            return float(file.read_text())
    megahertz = _ask("nvmlDeviceGetClockInfo", 1)  # 1: of the multiprocessors
    return None if megahertz is None else megahertz * 1e6


def throttling() -> list[str] | None:
    """What slows the first card, in words."""
    bits = _ask("nvmlDeviceGetCurrentClocksThrottleReasons")
    return None if bits is None else [words for bit, words in _REASONS.items() if bits & bit]


def _ask(question: str, *arguments: int) -> Any:
    """NVML's answer about the first card; None without NVML, a card, or an answer."""
    try:
        nvml = importlib.import_module("pynvml")
    except ImportError:
        return None
    try:
        nvml.nvmlInit()
        try:
            return getattr(nvml, question)(nvml.nvmlDeviceGetHandleByIndex(0), *arguments)
        finally:
            nvml.nvmlShutdown()
    except nvml.NVMLError:
        return None
