"""The devices that a configuration names, and which of them this is."""

import platform
import re
from collections.abc import Mapping
from typing import Any

from joulesweep.errors import UserError


def name_of_this(values: Mapping[str, Any]) -> str:
    """Name of this device: the configured one, or the machine's host name."""
    name = values["device"]
    if name != "auto":
        return name
    return re.sub(r"[^A-Za-z0-9._-]", "-", platform.node()).lstrip("._-")[:100] or "device"


def completed(devices: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The devices with the feature of each one's node.

    Raises:
        UserError: two of them cannot be told apart, by Slurm or by a file system that ignores case.
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


def on_this_device(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a configuration, with what is written for this device in place of the general ones."""
    return on_device(values, name_of_this(values))


def on_device(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The values of a configuration as they are on the device of this name."""
    own = values["devices"].get(name, {})
    return {**values, **{key: value for key, value in own.items() if key != "constraint"}}
