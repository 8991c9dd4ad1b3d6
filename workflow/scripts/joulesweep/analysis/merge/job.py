"""Brings the tables of all devices together, takes every sound row and names the rest.

From this device only what is configured is taken: what was measured before and is not configured any more stays on disk
and is used again when it is configured again. From other devices every model is taken.
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from joulesweep.analysis.merge import consistency, device_file, journals, read_table
from joulesweep.analysis.merge.identity import without_conflicts
from joulesweep.analysis.merge.read_table import Located, Row
from joulesweep.launches import columns, merge_inputs
from joulesweep.launches.table_file import write_table
from joulesweep.merged.cells import without_formulas
from joulesweep.merged.columns import MERGED
from joulesweep.merged.problems import Problem

log = logging.getLogger("joulesweep")

_MEASURED = ("latency", "energy", "time_shares", "accuracy")
_OF_A_MODEL = ("counts", "layers")
_UNREADABLE = "remove it, or copy it from its device again"


def merge(job: Mapping[str, Any], results: Path, out: Path, token: str = "") -> None:
    """Write the merged tables as CSV files in `out`, and what was read."""
    merge_inputs.write(results, out, token)
    tables: dict[str, list[Located]] = {name: [] for name in ("counts", *_MEASURED)}
    devices: list[Row] = []
    problems: list[Problem] = []
    unreadable: set[str] = set()
    layer_files: list[str] = []
    for name, fault in merge_inputs.entries(results):
        path = results / name
        if fault:
            unreadable.add(name)
            problems.append(Problem(name, None, "", f"{fault}; left out", _UNREADABLE))
        elif path.name == "device.json":
            row, faults = device_file.read(path, name)
            devices += [row] if row else []
            problems += faults
        elif name.startswith("models/") and path.name == "layers.csv":
            layer_files.append(name)
        elif path.suffix == ".csv":
            table = _table(name)
            rows, faults = _read(results, name, table)
            problems += faults
            tables[table] += [located for located in rows if _wanted(located.row, job)]
    problems += device_file.namesakes(devices)
    tables["counts"] = _counts_in_use(tables, job)
    tables, conflicts = without_conflicts(tables, job["device"])
    tables["latency"], tables["launches"], of_journals = journals.rows(tables["latency"], results, unreadable)
    tables["latency"], tables["energy"], contradictions = consistency.flagged(tables["latency"], tables["energy"])
    layers, of_layers = _layers(results, layer_files, {str(located.row["model"]) for located in tables["counts"]})
    problems += conflicts + of_journals + contradictions + of_layers
    former = _former_names(devices, job["device"])
    for table, rows in tables.items():
        configured = ({**row, "configured": _yes(_configured(row, job, former))} for _, _, row in rows)
        _write(out, table, configured)
    _write(out, "layers", layers)
    _write(out, "devices", devices)
    _write(out, "problems", [problem.as_row() for problem in problems])
    for problem in problems:
        place = problem.file if problem.row is None else f"{problem.file}:{problem.row}"
        log.info("%s: %s; %s", ": ".join(filter(None, (place, problem.column))), problem.problem, problem.cure)


def _layers(results: Path, files: Iterable[str], models: Collection[str]) -> tuple[list[Row], list[Problem]]:
    """The layers of these models, and what is wrong with their files."""
    layers: list[Row] = []
    problems: list[Problem] = []
    for name in files:
        if PurePosixPath(name).parts[1] in models:
            rows, faults = _read(results, name, "layers")
            layers += [located.row for located in rows]
            problems += faults
    return layers, problems


def _read(results: Path, name: str, table: str) -> tuple[list[Located], list[Problem]]:
    """The rows of a file that are sound and lie where they belong, and a problem for each of the others."""
    rows, faults = read_table.read(results / name, columns.TABLES[table], name)
    rows, strangers = _at_home(rows, name, table)
    return rows, faults + strangers


def _table(name: str) -> str:
    """The table that a file holds: that of its folder under devices/, the counts under models/."""
    top, _, inner, *_ = PurePosixPath(name).parts
    return inner if top == "devices" else "counts"


def _at_home(rows: list[Located], name: str, table: str) -> tuple[list[Located], list[Problem]]:
    """The rows that lie in the folder of their device and the file of their model, and a problem for the rest."""
    path = PurePosixPath(name)
    home = {"model": path.parts[1]} if table in _OF_A_MODEL else {"device": path.parts[1], "model": path.stem}
    problems = []
    for column, expected in home.items():
        strangers = [located for located in rows if located.row[column] != expected]
        if strangers:
            others = ", ".join(sorted({str(located.row[column])[:40] for located in strangers}))
            text = (
                f"foreign: {len(strangers)} rows of {column} {others!r} in the place of {expected!r}; they are left out"
            )
            cure = f"give the folder or file the name of its {column}, or copy it from its device again"
            problems.append(Problem(name, strangers[0].line, column, text, cure))
            rows = [located for located in rows if located.row[column] == expected]
    return rows, problems


def _wanted(row: Row, job: Mapping[str, Any]) -> bool:
    return row.get("device") != job["device"] or _configured(row, job, ())


def _configured(row: Row, job: Mapping[str, Any], former: Iterable[object]) -> bool:
    runtimes = job["models"].get(row["model"], {}).get("runtimes", ())
    return row["runtime"] in runtimes and row.get("device") not in former


def _former_names(devices: list[Row], device: str) -> set[object]:
    """Other names under which this device was described in this power mode."""
    mine = [row for row in devices if row["device"] == device]
    return {row["device"] for row in devices if any(device_file.is_same(row, own) for own in mine)} - {device}


def _counts_in_use(tables: Mapping[str, list[Located]], job: Mapping[str, Any]) -> list[Located]:
    """Counts of the variants that are configured or measured: a model that was removed leaves its counts on disk."""
    measured = {(row["model"], row["runtime"]) for name in _MEASURED for _, _, row in tables[name]}
    return [
        located
        for located in tables["counts"]
        if _configured(located.row, job, ()) or (located.row["model"], located.row["runtime"]) in measured
    ]


def _yes(truth: bool) -> str:
    return "yes" if truth else "no"


def _write(out: Path, name: str, rows: Iterable[Mapping[str, object]]) -> None:
    header = {*MERGED[name].header}
    safe = ({column: without_formulas(value) for column, value in row.items() if column in header} for row in rows)
    write_table(out / f"{name}.csv", MERGED[name], safe)
