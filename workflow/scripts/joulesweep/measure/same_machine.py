"""Whether this machine is the one that measured under the device's name before. Runs in the job."""

from pathlib import Path

from joulesweep.errors import UserError
from joulesweep.system.machine import description, machine_id


def check(folder: Path) -> None:
    """Refuse to measure into the folder of a device that another machine has described, as on a card that was copied.

    Where either has no machine id, nothing is refused.

    Raises:
        UserError: the folder is another machine's.
    """
    theirs = description(folder).get("machine_id")
    if theirs and theirs != (machine_id() or theirs):
        raise UserError(
            f"{folder} holds what another machine measured under the name {folder.name}: set 'device: NEW-NAME' in config.yaml "
            "and run again; if this is that machine with a new system, delete the device.json in that folder instead"
        )
