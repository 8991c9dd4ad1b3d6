"""Boards and PCs as their kernels and systems show themselves, written below a folder that stands for the root."""

from dataclasses import dataclass
from pathlib import Path

MODEL, COMPATIBLE = "proc/device-tree/model", "proc/device-tree/compatible"
STATUS, MODES = "var/lib/nvpmodel/status", "etc/nvpmodel.conf"
ORIN_MODES = "< POWER_MODEL ID=0 NAME=15W >\n< POWER_MODEL ID=1 NAME=25W >\n< POWER_MODEL ID=2 NAME=MAXN_SUPER >\n"
XAVIER_MODES = (
    "< POWER_MODEL ID=0 NAME=MAXN >\n< POWER_MODEL ID=2 NAME=MODE_15W >\n"
    "< POWER_MODEL ID=3 NAME=MODE_30W_ALL >\n< PM_CONFIG DEFAULT=2 >\n"
)
NANO_MODES = (
    "< POWER_MODEL ID=0 NAME=MAXN >\nCPU_ONLINE CORE_0 1\n< POWER_MODEL ID=1 NAME=5W >\n< PM_CONFIG DEFAULT=0 >\n"
)
ORIN = "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super"
R36 = "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64\n"
R32 = "# R32 (release), REVISION: 7.1, GCID: 29818004, BOARD: t210ref, EABI: aarch64\n"


@dataclass(frozen=True)
class Board:
    """What a machine shows: its model and what it is compatible with, kB of memory, and other files by their path."""

    model: str = ""
    compatible: str = ""
    memory_kb: int = 0
    files: tuple[tuple[str, str], ...] = ()
    serial: str = "100000004c3d2e1f"

    def write(self, root: Path) -> Path:
        """Write the files below `root`, and return it."""
        files = {**dict(self.files), "etc/machine-id": "0123456789abcdef0123456789abcdef\n"}
        if self.model:
            files |= {MODEL: f"{self.model}\0", "proc/device-tree/serial-number": f"{self.serial}\0"}
        if self.compatible:
            files[COMPATIBLE] = self.compatible.replace(" ", "\0") + "\0"
        if self.memory_kb:
            files["proc/meminfo"] = f"MemTotal:       {self.memory_kb} kB\nMemFree:         1234 kB\n"
        for name, content in files.items():
            write(root / name, content)
        return root


def write(path: Path, content: str | bytes) -> None:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def orin(status: str = "pmode:0000\n", release: str = R36) -> Board:
    """A Jetson Orin Nano of 8 GB in the power mode that `status` names."""
    files = ((STATUS, status), (MODES, ORIN_MODES), ("etc/nv_tegra_release", release))
    return Board(ORIN, "nvidia,p3768-0000+p3767-0005-super nvidia,p3767-0005 nvidia,tegra234", 7802584, files)


PI_5 = Board("Raspberry Pi 5 Model B Rev 1.0", "raspberrypi,5-model-b brcm,bcm2712", 8256352)
PI_4 = Board("Raspberry Pi 4 Model B Rev 1.4", "raspberrypi,4-model-b brcm,bcm2711", 3884396)
PI_ZERO_2 = Board("Raspberry Pi Zero 2 W Rev 1.0", "raspberrypi,model-zero-2-w brcm,bcm2837", 437228)
XAVIER = Board(
    "Jetson-AGX",
    "nvidia,p2972-0000 nvidia,tegra194",
    32692948,
    ((STATUS, "fmode:fanNull\npmode:0003\n"), (MODES, XAVIER_MODES), ("etc/nv_tegra_release", R32)),
)
NANO = Board(
    "NVIDIA Jetson Nano Developer Kit",
    "nvidia,p3449-0000-b00 nvidia,jetson-nano nvidia,tegra210",
    4059504,
    ((MODES, NANO_MODES), ("etc/nv_tegra_release", R32)),
)
UNKNOWN = Board("FriendlyElec NanoPi R5S", "friendlyarm,nanopi-r5s rockchip,rk3568", 3900000)
PC = Board(
    memory_kb=16303428,
    files=(("sys/class/dmi/id/sys_vendor", "LENOVO\n"), ("sys/class/dmi/id/product_name", "20XW\n")),
)
VM = Board(memory_kb=4025000)
ARM_VM = Board("linux,dummy-virt", "linux,dummy-virt", 4025000)
