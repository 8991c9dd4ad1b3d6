"""Brings the tables of all devices together, takes every sound row and names the rest.

From this device only what is configured is taken: what was measured before and is no longer asked for stays on disk and
counts again when it comes back. From other devices every model is taken.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joulesweep.analysis.merge import device_file, launch_records, read_table
from joulesweep.analysis.merge.identity import without_conflicts
from joulesweep.analysis.merge.read_table import Row
from joulesweep.analysis.statistics import correction
from joulesweep.launches import columns, merge_inputs
from joulesweep.launches.table_file import write_table
from joulesweep.merged.columns import MERGED
from joulesweep.merged.problems import Problem

log = logging.getLogger("joulesweep")

Found = tuple[str, int, Row]
_MEASURED = ("latency", "energy", "accuracy")


def merge(job: Mapping[str, Any], results: Path, out: Path, token: str = "") -> None:
    """Write counts, latency, energy, accuracy, devices and problems as CSV files in `out`, and what was read."""
    merge_inputs.write(results, out, token)
    found: dict[str, list[Found]] = {name: [] for name in ("counts", *_MEASURED)}
    described: list[Row] = []
    problems: list[Problem] = []
    for path in merge_inputs.files(results):
        name = path.relative_to(results).as_posix()
        if path.name == "device.json":
            row, wrong = device_file.read(path, name)
            described += [row] if row else []
        elif path.suffix == ".csv":
            table = "counts" if path.name == "counts.csv" and path.parts[-3] == "models" else path.parent.name
            rows, wrong = read_table.read(path, columns.TABLES[table], name)
            rows, foreign = _at_home(rows, path, table)
            wrong += [Problem(name, *stranger) for stranger in foreign]
            found[table] += [(name, line, row) for line, row in rows if _wanted(row, job)]
        else:  # what lies beside the tables: see `launches`
            continue
        problems += wrong
    found["counts"] = _counts_of_what_counts(found, job)
    found, conflicts = without_conflicts(found, job["device"])
    problems += conflicts
    launched, unfit = launch_records.of_rows(found["latency"], results)
    problems += unfit
    found["latency"] = correction.of_rows(found["latency"], launched)
    for name, kept in found.items():
        _write(out, name, [{**row, "configured": "yes" if _configured(row, job) else "no"} for _, _, row in kept])
    _write(out, "devices", described)
    _write(out, "problems", [problem.as_row() for problem in problems])
    for problem in problems:
        place = problem.file if problem.row is None else f"{problem.file}:{problem.row}"
        log.info("%s: %s: %s; %s", place, problem.column or "row", problem.problem, problem.cure)


def _at_home(
    rows: list[tuple[int, Row]], path: Path, table: str
) -> tuple[list[tuple[int, Row]], list[tuple[int, str, str, str]]]:
    """The rows that lie in the folder of their device and the file of their model; line, column, text, cure of the rest."""
    counts = table == "counts"
    home = {"model": path.parent.name} if counts else {"device": path.parents[1].name, "model": path.stem}
    foreign = []
    for column, expected in home.items():
        strangers = [(line, row) for line, row in rows if row[column] != expected]
        if strangers:
            others = ", ".join(sorted({str(row[column])[:40] for _, row in strangers}))
            text = (
                f"foreign: {len(strangers)} rows of {column} {others!r} in the place of {expected!r}; they are left out"
            )
            cure = f"give the folder or file the name of its {column}, or copy it from its device again"
            foreign.append((strangers[0][0], column, text, cure))
            rows = [(line, row) for line, row in rows if row[column] == expected]
    return rows, foreign


def _wanted(row: Row, job: Mapping[str, Any]) -> bool:
    return row.get("device") != job["device"] or _configured(row, job)


def _configured(row: Row, job: Mapping[str, Any]) -> bool:
    return row["runtime"] in job["models"].get(row["model"], {}).get("runtimes", ())


def _counts_of_what_counts(found: Mapping[str, list[Found]], job: Mapping[str, Any]) -> list[Found]:
    """Counts of the variants that are configured or measured: a model that was removed leaves its counts on disk."""
    measured = {(row["model"], row["runtime"]) for name in _MEASURED for _, _, row in found[name]}
    return [
        (file, line, row)
        for file, line, row in found["counts"]
        if _configured(row, job) or (row["model"], row["runtime"]) in measured
    ]


def _write(out: Path, name: str, rows: Any) -> None:
    write_table(out / f"{name}.csv", MERGED[name], rows)
