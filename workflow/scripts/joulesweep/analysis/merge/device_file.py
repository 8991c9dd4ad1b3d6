"""Reads a device's description."""

import json
from pathlib import Path

from joulesweep.launches.columns import DEVICES
from joulesweep.merged.problems import Problem
from joulesweep.schema import SCHEMA

_CURE = "delete the file and run snakemake on that device, or copy it from there again"


def read(path: Path, name: str) -> tuple[dict[str, object] | None, list[Problem]]:
    """The row of one device.json, None where it cannot be taken, and what is wrong with it.

    The file may hold more than the table; `name` stands for it in the problems. Never raises for its content.
    """
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None, [Problem(name, None, "", "cannot be read as JSON; the description is left out", _CURE)]
    if not isinstance(found, dict):
        return None, [Problem(name, None, "", "holds no object; the description is left out", _CURE)]
    if found.get("schema") != SCHEMA:
        text = f"of schema {found.get('schema')!r}, this is {SCHEMA}; the description is left out"
        return None, [Problem(name, None, "schema", text, "bring Joulesweep to one version on both devices")]
    if found.get("device") != path.parent.name:
        text = f"describes {found.get('device')!r} in the folder of {path.parent.name!r}; the description is left out"
        return None, [Problem(name, None, "device", text, "name the folder as the device is named")]
    row: dict[str, object] = {"device": path.parent.name}
    problems = []
    for column in DEVICES.columns:
        value = found.get(column.name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, column.kind):
            text = f"{str(value)[:40]!r} is not of type {column.kind.__name__}; it is taken as not known"
            problems.append(Problem(name, None, column.name, text, _CURE))
        else:
            row[column.name] = value
    return row, problems
