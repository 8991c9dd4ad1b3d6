"""The GPU of this device by its name: NVIDIA's, a Jetson's or Apple's."""

import importlib
import platform
import re
from pathlib import Path

from joulesweep.errors import shortened
from joulesweep.system import board
from joulesweep.system.sysfs import text

_ROOT = Path("/")

# GPU and architecture of a Jetson by its system on a chip; its kernel names the GPU, and NVML only that it is integrated.
_OF_SOC = {
    "tegra210": "GM20B (Maxwell)",
    "tegra186": "GP10B (Pascal)",
    "tegra194": "GV11B (Volta)",
    "tegra234": "GA10B (Ampere)",
    "tegra264": "GB10B (Blackwell)",
}


def accelerator(cpu: str, root: Path = _ROOT) -> str:
    """Names of the GPUs, each once; empty where none of these is. `cpu` is the processor's name: Apple's holds the GPU."""
    if of_soc := _OF_SOC.get(board.soc(root)):
        return f"NVIDIA {of_soc}"
    if platform.system() == "Darwin" and cpu.startswith("Apple"):
        return f"{cpu} GPU"
    return shortened(", ".join(dict.fromkeys(_of_driver(root) or _of_nvml())), 200)


def _of_driver(root: Path) -> list[str]:
    """As NVIDIA's kernel module lists the cards."""
    files = sorted((root / "proc/driver/nvidia/gpus").glob("*/information"))
    lines = [re.search(r"^Model:\s*(\S.*)$", text(file), re.MULTILINE) for file in files]
    return [line[1].strip() for line in lines if line]


def _of_nvml() -> list[str]:
    """As NVML lists them, where the kernel module does not (Windows's Linux); nothing without pynvml or a card."""
    try:
        nvml = importlib.import_module("pynvml")
        nvml.nvmlInit()
    except Exception:  # a broken driver or library: the device has no card that could be used
        return []
    try:
        handles = [nvml.nvmlDeviceGetHandleByIndex(place) for place in range(nvml.nvmlDeviceGetCount())]
        names = [nvml.nvmlDeviceGetName(handle) for handle in handles]
        return [name.decode(errors="replace") if isinstance(name, bytes) else str(name) for name in names]
    except nvml.NVMLError:
        return []
    finally:
        nvml.nvmlShutdown()
