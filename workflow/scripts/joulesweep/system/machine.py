"""The identity of this machine, whatever it is called, and of the machine that a device's folder describes."""

import json
import platform
import re
from pathlib import Path
from typing import Any

from joulesweep.digest import of_text
from joulesweep.system.command import answer
from joulesweep.system.files import read_regular
from joulesweep.system.sysfs import text

DESCRIPTION = "device.json"
_MAC_ID = re.compile(r'"IOPlatformUUID" = "([0-9A-Fa-f-]+)"')
_UNINITIALIZED = "uninitialized"  # what systemd writes into an image of a system, until the first start has made an id


def machine_id(root: Path = Path("/")) -> str:
    """A digest of the system's id and the board's serial number, or of a Mac's id; empty where there is none of these.

    Cards that were copied share the system's id; boards have a serial number of their own.
    """
    if platform.system() == "Darwin":
        ids = _MAC_ID.findall(answer("ioreg", "-rd1", "-c", "IOPlatformExpertDevice"))
    else:
        system = text(root / "etc/machine-id")
        ids = ["" if system == _UNINITIALIZED else system, text(root / "proc/device-tree/serial-number")]
    return of_text(" ".join(ids)) if any(ids) else ""


def description(folder: Path) -> dict[str, Any]:
    """What a device's folder says of the machine that measured into it; empty where that cannot be read."""
    try:
        about = json.loads(read_regular(folder / DESCRIPTION))
    except (OSError, ValueError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}
