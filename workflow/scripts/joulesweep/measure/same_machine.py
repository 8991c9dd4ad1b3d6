"""Whether this machine is the one that measured under the device's name before. Runs in the job."""

import json
from pathlib import Path

from joulesweep.errors import UserError
from joulesweep.system.files import read_regular
from joulesweep.system.machine import machine_id


def check(folder: Path) -> None:
    """Refuse to measure into the folder of a device that another machine has described, as on a card that was copied.

    Where either has no machine id, nothing is refused.

    Raises:
        UserError: the folder is another machine's.
    """
    try:
        about = json.loads(read_regular(folder / "device.json"))
    except (OSError, ValueError, RecursionError):
        return
    theirs = about.get("machine_id") if isinstance(about, dict) else None
    if theirs and theirs != (machine_id() or theirs):
        raise UserError(
            f"{folder} holds what another machine measured under the name {folder.name}: set 'device: NEW-NAME' in config.yaml "
            "and run again; if this is that machine with a new system, delete the device.json in that folder instead"
        )
