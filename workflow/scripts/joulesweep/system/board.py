"""Which board this is, as the kernel shows it: name, system on a chip, memory as it is sold, release of Jetson Linux.

Every function returns an empty text where the machine does not say it, and raises nothing, whatever the files hold.
"""

import re
from pathlib import Path

from joulesweep.errors import shortened
from joulesweep.system.sysfs import text

_ROOT = Path("/")
_TREE = "proc/device-tree"
_LONGEST = 100  # characters of a name that a board gives itself
_LONGEST_SHORT = 40  # characters of what is made of it for a folder's name

# Gigabytes that boards are sold with; what the kernel and the GPU keep for themselves is missing in what the system shows.
_SIZES_GB = (0.5, 1, 2, 3, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128)
_KIB_PER_GIB = 1 << 20

# JetPack 4 names these boards by their carrier.
_BY_CARRIER = {"jetson-agx": "agx-xavier", "quill": "jetson-tx2"}
# Parts of a name that tell no two boards apart, or that an update of the system adds.
_DISPENSABLE = (
    r"-rev-[0-9-]*$",
    r"-developer-kit.*$",
    r"-engineering-reference$",
    r"^nvidia-",
    r"^jetson-(?=agx-|orin-|xavier-)",
    r"-model-b$",
    r"-model(?=-)",
)
_VIRTUAL = "dummy-virt"  # QEMU's board

# Major versions of Jetson Linux by the JetPack that brings them.
_JETPACKS = {32: 4, 34: 5, 35: 5, 36: 6, 38: 7, 39: 7}


def model(root: Path = _ROOT) -> str:
    """The board as its device tree names it, such as Raspberry Pi 5 Model B Rev 1.0."""
    return printable(text(root / _TREE / "model"))


def short_name(root: Path = _ROOT) -> str:
    """Board and memory as a part of a folder's name: raspberry-pi-5-8gb, orin-nano-8gb."""
    name = re.sub(r"[^a-z0-9]+", "-", model(root).lower()).strip("-")
    for pattern in _DISPENSABLE:
        name = re.sub(pattern, "", name)
    name = _BY_CARRIER.get(name, name)[:_LONGEST_SHORT].strip("-")
    return "-".join(filter(None, (name, memory_sold(root)))) if name and _VIRTUAL not in name else ""


def memory_sold(root: Path = _ROOT) -> str:
    """Memory as it is sold, such as 8gb or 512mb: the next size above what the system may use."""
    total = re.search(r"^MemTotal:\s*([0-9]{1,15}) kB", text(root / "proc/meminfo"), re.MULTILINE)
    sizes = [size for size in _SIZES_GB if total and 0 < int(total[1]) <= size * _KIB_PER_GIB]
    if not sizes:
        return ""
    return f"{sizes[0]}gb" if sizes[0] >= 1 else f"{sizes[0] * 1024:.0f}mb"


def soc(root: Path = _ROOT) -> str:
    """The system on a chip, such as bcm2712 or tegra234: the last and least specific of what the board is compatible with."""
    names = [name for name in text(root / _TREE / "compatible").split("\0") if name]
    return printable(names[-1].rpartition(",")[2]) if names else ""


def has_serial_number(root: Path = _ROOT) -> bool:
    """Whether the board has a serial number, by which a copy of its disk in another board is recognised."""
    return len({*text(root / _TREE / "serial-number")}) > 1  # some are all zeros


def is_jetson(root: Path = _ROOT) -> bool:
    """Whether this is a Jetson, by its chip or its system."""
    return soc(root).startswith("tegra") or bool(text(root / "etc/nv_tegra_release"))


def jetson_linux(root: Path = _ROOT) -> str:
    """The release of a Jetson's system, such as Jetson Linux 36.4.3 (JetPack 6)."""
    release = re.search(
        r"^# R([0-9]{1,4}) \(release\), REVISION: ([0-9.]{1,20})", text(root / "etc/nv_tegra_release"), re.MULTILINE
    )
    if not release:
        return ""
    jetpack = _JETPACKS.get(int(release[1]))
    return f"Jetson Linux {release[1]}.{release[2]}{f' (JetPack {jetpack})' if jetpack else ''}"


def printable(words: str) -> str:
    """Words in one line, without what cannot be printed."""
    return shortened("".join(letter if letter.isprintable() else " " for letter in words), _LONGEST)
