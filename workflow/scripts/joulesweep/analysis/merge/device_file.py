"""Reads the descriptions of devices, and notices one machine under two names."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from joulesweep.launches.columns import DEVICES
from joulesweep.merged.problems import Problem
from joulesweep.schema import SCHEMA
from joulesweep.system.files import read_regular
from joulesweep.system.working_folder import directory_option


def read(path: Path, name: str) -> tuple[dict[str, object] | None, list[Problem]]:
    """The row of one device.json, None where it cannot be taken, and what is wrong with it.

    The file may hold more than the table; `name` stands for it in the problems. Never raises for its content.
    """
    try:
        content = json.loads(read_regular(path))
    except (OSError, ValueError, RecursionError):
        return None, [Problem(name, None, "", "cannot be read as JSON; the description is left out", _cure())]
    if not isinstance(content, dict):
        return None, [Problem(name, None, "", "holds no object; the description is left out", _cure())]
    if content.get("schema") != SCHEMA:
        text = f"of schema {_short(content.get('schema'))}, this is {SCHEMA}; the description is left out"
        return None, [Problem(name, None, "schema", text, "bring Joulesweep to one version on both devices")]
    if content.get("device") != path.parent.name:
        other = _short(content.get("device"))
        text = f"describes {other} in the folder of {path.parent.name!r}; the description is left out"
        return None, [Problem(name, None, "device", text, "name the folder as the device is named")]
    row: dict[str, object] = {"device": path.parent.name}
    problems = []
    for column in DEVICES.columns:
        value = content.get(column.name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, column.type_):
            text = f"{_short(value)} is not of type {column.type_.__name__}"
        elif faults := DEVICES.faults({column.name: value}):
            text = faults[0][1]
        else:
            row[column.name] = value
            continue
        problems.append(Problem(name, None, column.name, f"{text}; it is taken as not known", _cure()))
    return row, problems


def namesakes(devices: Sequence[dict[str, object]]) -> list[Problem]:
    """One problem for every device that is the machine of another one before it, in the same power mode."""
    problems = []
    for place, row in enumerate(devices):
        device = row["device"]
        first = next((other["device"] for other in devices[:place] if is_same(other, row)), None)
        if first is not None:
            text = f"the same machine as {first!r}: its rows are in the tables under two names"
            cure = (
                "a device that was renamed: delete the folder of its former name, or rename the folder and run "
                f"`make all{directory_option()}`"
            )
            problems.append(Problem(f"devices/{device}/device.json", None, "machine_id", text, cure))
    return problems


def is_same(row: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Whether two descriptions are of one machine, by its id, in one power mode; a mode that is not known may be any."""
    modes = {row.get("power_mode") or "", other.get("power_mode") or ""} - {""}
    return bool(row.get("machine_id")) and row["machine_id"] == other.get("machine_id") and len(modes) < 2


def _cure() -> str:
    return f"delete the file and run `make all{directory_option()}` on that device, or copy it from there again"


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:36]}…'"
