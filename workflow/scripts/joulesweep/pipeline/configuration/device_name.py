"""The name of this device: its folder in results/devices/, and what tables and figures call it.

A board is named by its model, its memory and its host name, any other machine by its host name. A Jetson's power mode is the
end of its name, also of one that was set by hand, so that what was measured in two modes is never in one folder. Where the
results hold a folder of this machine already, it stays in use.
"""

import platform
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from joulesweep.system import board, nvpmodel
from joulesweep.system.machine import DESCRIPTION, description, machine_id

_ROOT = Path("/")
_LONGEST = 100  # characters of a name
_UNKNOWN_MODE = (
    "device: the power mode of this Jetson cannot be read, so it is not in the name; make /var/lib/nvpmodel/status and "
    "/etc/nvpmodel.conf readable, or set a name for each mode"
)
# Host names that a system is installed with: they tell no two boards apart.
_INSTALLED = {"", "debian", "jetson", "localhost", "nvidia", "nvidia-desktop", "raspberrypi", "tegra-ubuntu", "ubuntu"}


def choose(written: str, results: Path, root: Path = _ROOT) -> tuple[str, list[str]]:
    """The name, and lines about it: that a former name stays in use, that the power mode of a Jetson is not known.

    `written` is the configuration's: a name, or auto.
    """
    mode = nvpmodel.power_mode(root)
    lines = [_UNKNOWN_MODE] if not mode and board.is_jetson(root) else []
    name = _with_mode(_automatic(root) if written == "auto" else written, mode)
    folders = results / "devices"
    if _is_folder(folders / name):
        return name, lines
    for former in _former_names(written, folders, root):
        about = description(folders / former)
        if former != name and _is_this_machine(about, root) and about.get("power_mode") in (None, "", mode):
            unknown = (
                "" if about.get("power_mode") or not mode else f", and its power mode is taken to have been {mode}"
            )
            lines.append(
                f"device: {folders / former} holds what this machine measured before, so its name stays {former!r}{unknown}; "
                f"to call it {name!r}, rename that folder"
            )
            return former, lines
    return name, lines


def names(written: str, chosen: str, root: Path = _ROOT) -> tuple[str, ...]:
    """What a configuration may call this device: its name, also without the power mode, what is written, or its host name."""
    short = chosen.removesuffix(f".{nvpmodel.power_mode(root)}")
    return chosen, short, host_name() if written == "auto" else written


def host_name() -> str:
    """The machine's host name as a folder's name."""
    return _folder_name(platform.node()) or "device"


def _automatic(root: Path) -> str:
    """Board, memory and host name; the host name only, where the machine is no board or does not name itself."""
    known = board.short_name(root)
    if not known:
        return host_name()
    host = _folder_name(platform.node().partition(".")[0])
    return _folder_name(known if host.lower() in _INSTALLED else f"{known}-{host}")


def _with_mode(name: str, mode: str) -> str:
    """A name that ends with the power mode, as orin-nano-8gb.15W."""
    if not mode or name.endswith(f".{mode}"):
        return name
    return _folder_name(f"{name[: _LONGEST - len(mode) - 1]}.{mode}")


def _former_names(written: str, folders: Path, root: Path) -> Iterator[str]:
    """Names of folders that may be this machine's: its name in versions that knew no board and no mode, then any other.

    The latter only by the serial number of a board: copies of a virtual machine share their ids.
    """
    former = host_name() if written == "auto" else written
    if _is_folder(folders / former):
        yield former
    own = machine_id(root)
    if written != "auto" or not own or not board.has_serial_number(root):
        return
    found = {path.parent.name: description(path.parent) for path in sorted(folders.glob(f"*/{DESCRIPTION}"))}
    of_this = [name for name, about in found.items() if about.get("machine_id") == own]
    yield from sorted(of_this, key=lambda name: str(found[name].get("described_at", "")), reverse=True)


def _is_this_machine(about: Mapping[str, Any], root: Path) -> bool:
    """Whether a description is of this machine, as far as both say what they are; a folder without one may be."""
    pairs = [(about.get("machine_id"), machine_id(root)), (about.get("machine"), board.model(root))]
    known = [(there, here) for there, here in pairs if there and here]
    return not known or known[0][0] == known[0][1]


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _folder_name(words: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", words).lstrip("._-")[:_LONGEST]
