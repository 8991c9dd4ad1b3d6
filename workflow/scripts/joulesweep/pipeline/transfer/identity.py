"""Whose results a folder holds: two machines under one name differ in their machine ids."""

from collections.abc import Collection
from pathlib import Path

from joulesweep.errors import shortened
from joulesweep.system.machine import description, machine_id

# How machines differ where a copy is too old to hold a machine id.
_FEATURES = ("machine", "cpu", "architecture")


def refusal(folder: Path, target: Path, own: str, present: Collection[str]) -> str:
    """Why the folder of a device cannot come in to `target`, with the cure; empty where it can.

    `own` is the name of this device, `present` are the names of all that are here or come in.
    """
    return _differs_in_case(folder.name, present) or _is_another_machine(folder, target, folder.name == own)


def _differs_in_case(device: str, present: Collection[str]) -> str:
    for other in sorted(set(present) - {device}):
        if other.casefold() == device.casefold():
            return (
                f"refused: the devices {device} and {other} differ only in case, so they share a folder on some machines; "
                "give one of them another name: device: in its config.yaml"
            )
    return ""


def _is_another_machine(folder: Path, target: Path, is_own: bool) -> str:
    theirs, ours = description(folder), description(target)
    if is_own and not ours.get("machine_id"):
        ours["machine_id"] = machine_id()
    keys = ("machine_id",) if theirs.get("machine_id") and ours.get("machine_id") else _FEATURES
    if not any(theirs.get(key) and ours.get(key) and theirs[key] != ours[key] for key in keys):
        return ""
    name = shortened(folder.name, 40)
    new_system = "" if is_own else "; if it is one machine with a new system, delete its device.json here"
    return (
        f"two machines are called {name!r}: nothing of the other came in. On one of them set 'device: NEW-NAME' in "
        f"config.yaml, rename its results/devices/{name} to that, and run make all{new_system}"
    )
