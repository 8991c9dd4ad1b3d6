"""The devices that a configuration names, and what it says of each."""

from collections.abc import Iterable, Mapping
from typing import Any

from joulesweep.errors import UserError


def completed(devices: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The devices with the feature of each one's node.

    Raises:
        UserError: two of them are the same to Slurm, or to a file system that ignores case.
    """
    complete: dict[str, dict[str, Any]] = {}
    for name, own in devices.items():
        own = {"constraint": name, **own}
        for other, others in complete.items():
            if others["constraint"] == own["constraint"]:
                raise UserError(
                    f"devices: {other} and {name} have the same constraint {own['constraint']!r}; give each node a feature of its own"
                )
            if other.casefold() == name.casefold():
                raise UserError(f"devices: {other} and {name} differ only in case; give one of them another name")
        complete[name] = own
    return complete


def on_this_device(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The values of a configuration, with what is written for this device under one of its `names` in place of the general ones."""
    return on_device(values, next((name for name in names if name in values["devices"]), ""))


def on_device(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The values of a configuration as they are on the device of this name."""
    own = values["devices"].get(name, {})
    return {**values, **{key: value for key, value in own.items() if key != "constraint"}}
