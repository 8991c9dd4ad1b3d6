"""The power mode of a Jetson, from the files of NVIDIA's nvpmodel: the command itself may need root."""

import re
from pathlib import Path

from joulesweep.errors import shortened
from joulesweep.system.sysfs import text

_STATUS = "var/lib/nvpmodel/status"  # `pmode:0002`, the mode that was chosen; the system sets it again when it starts
_MODES = (
    "etc/nvpmodel.conf"  # `< POWER_MODEL ID=2 NAME=15W >` for each, `< PM_CONFIG DEFAULT=2 >` where none was chosen
)
_LONGEST = 60  # characters of a name


def power_mode(root: Path = Path("/")) -> str:
    """Name of the mode, such as 15W or MAXN; its number (mode3) where it has no name; empty where there are no modes."""
    modes = text(root / _MODES)
    if _is_absent(root / _STATUS):
        number = re.search(r"<\s*PM_CONFIG\s+DEFAULT=([0-9]{1,6})\s*>", modes)
    else:
        number = re.search(r"^pmode:([0-9]{1,6})\s*$", text(root / _STATUS), re.MULTILINE)
    if not number:
        return ""
    for each in re.finditer(r"<\s*POWER_MODEL\s+ID=([0-9]{1,6})\s+NAME=([A-Za-z0-9_.+-]+)\s*>", modes):
        if int(each[1]) == int(number[1]):
            return shortened(each[2].removeprefix("MODE_"), _LONGEST)
    return f"mode{int(number[1])}"


def _is_absent(file: Path) -> bool:
    """Whether a file is not there; of one that may not be seen this is not known."""
    try:
        file.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False
