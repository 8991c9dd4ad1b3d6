"""Reads and checks one table's file: takes every sound row and names everything else.

The writer puts one row on one line and ends each with a newline, so the file is read line by line: a quote that a
torn line leaves open cannot swallow the rows after it, and a last line without its newline is known to be torn.
"""

import csv
import math
import re
from collections.abc import Iterator
from pathlib import Path

from joulesweep.launches.columns import STATUSES, Table
from joulesweep.merged.problems import COPY_AGAIN, Problem
from joulesweep.schema import SCHEMA

Row = dict[str, object]

# What a row whose status is ok must have, and what may stand there. (Counts of an ONNX file may be unknown.)
_FIGURE = {"latency": "raw_s", "energy": "energy_J", "accuracy": "value"}
_POSITIVE = {"raw_s", "energy_J"}
_CHOICES = {"status": STATUSES, "kind": ("measured", "modelled")}

_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def read(path: Path, table: Table, name: str) -> tuple[list[tuple[int, Row]], list[Problem]]:
    """The sound rows of a file, each with its line number, and what is wrong with the rest.

    Values have their column's type; an empty one is None (number) or "" (text). `name` stands for the file in
    the problems. Never raises for what is in the file, or for a file that cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        return [], [Problem(name, None, "", f"cannot be read: {error.strerror}; left out", "make it readable")]
    lines = list(_lines(content))
    header = lines[0][1] if lines else None
    if header is None:
        return [], [Problem(name, 1, "", "the header is torn or empty; the file is left out", COPY_AGAIN)]
    rows: list[tuple[int, Row]] = []
    problems: list[Problem] = []
    other_schemas: dict[str, list[int]] = {}
    for number, fields in lines[1:]:
        if fields is None or len(fields) != len(header):
            what = "the line is torn" if fields is None else f"{len(fields)} fields where the header has {len(header)}"
            problems.append(Problem(name, number, "", f"{what}; the row is left out", COPY_AGAIN))
            continue
        text = dict(zip(header, fields, strict=True))
        if text.get("schema", "") != str(SCHEMA):
            other_schemas.setdefault(text.get("schema", ""), []).append(number)
            continue
        row, wrong = _typed(text, table)
        if wrong:
            problems += [
                Problem(name, number, column, f"{what}; the row is left out", cure) for column, what, cure in wrong
            ]
        else:
            rows.append((number, row))
    problems += [_schema_problem(name, version, numbers) for version, numbers in other_schemas.items()]
    if rows or not other_schemas:
        unusable, of_columns = _columns(header, table, name)
        problems += of_columns
        if unusable:
            return [], of_columns
    kept, repeated = _without_repeats(rows, table, name)
    return kept, problems + repeated


def _lines(content: bytes) -> Iterator[tuple[int, list[str] | None]]:
    """Line number and fields of every line that is not empty; None where the line cannot be understood."""
    *whole, rest = content.split(b"\n")
    for number, line in enumerate(whole, start=1):
        if line.strip():
            yield number, _fields(line)
    if rest.strip():
        yield len(whole) + 1, None


def _fields(line: bytes) -> list[str] | None:
    try:
        text = line.decode("utf-8").removesuffix("\r")
        return next(csv.reader([text], strict=True), None)
    except (UnicodeDecodeError, csv.Error):
        return None


def _typed(text: dict[str, str], table: Table) -> tuple[Row, list[tuple[str, str, str]]]:
    """The row with typed values, and (column, what is wrong, cure) of every value that cannot be taken."""
    row: Row = {}
    wrong: list[tuple[str, str, str]] = []
    for column in table.columns:
        value = text.get(column.name, "")
        choices = _CHOICES.get(column.name)
        if column.kind is str:
            row[column.name] = value
            if choices and value not in choices and (value or column.name == "status"):
                wrong.append((column.name, f"{_short(value)} is none of {', '.join(choices)}", COPY_AGAIN))
        elif value == "":
            row[column.name] = None
        elif (number := _number(value, column.kind)) is None:
            kind = "a whole number" if column.kind is int else "a number"
            wrong.append((column.name, f"{_short(value)} is not {kind}", COPY_AGAIN))
        else:
            row[column.name] = number
    if not wrong and row.get("status") == "ok" and table.name in _FIGURE:
        wrong += _missing_figure(row, table)
    return row, wrong


def _missing_figure(row: Row, table: Table) -> list[tuple[str, str, str]]:
    column = _FIGURE[table.name]
    value = row[column]
    cure = "measure the row again: make remeasure MODEL={model} RUNTIME={runtime}".format(**row)
    if value is None:
        return [(column, "status is ok, yet there is no figure", cure)]
    if column in _POSITIVE and isinstance(value, float) and value <= 0:
        return [(column, f"{value:g} is not above zero", cure)]
    if table.name == "energy" and not row["kind"]:
        return [("kind", "neither measured nor modelled", cure)]
    return []


def _number(text: str, kind: type) -> float | int | None:
    if kind is int:
        return int(text) if _INTEGER.fullmatch(text) and len(text) < 20 else None
    value = float(text) if _NUMBER.fullmatch(text) else math.inf
    return value if math.isfinite(value) else None


def _columns(header: list[str], table: Table, name: str) -> tuple[bool, list[Problem]]:
    """Whether the file is unusable for its columns, and what is wrong with them."""
    repeated = sorted({column for column in header if header.count(column) > 1})
    if repeated:
        text = f"the header names {', '.join(map(_short, repeated))} twice; the file is left out"
        return True, [Problem(name, 1, repeated[0], text, COPY_AGAIN)]
    needed = {"schema", *table.key, "status", _FIGURE.get(table.name, "status")}
    problems, unusable = [], False
    for column in table.header:
        if column not in header:
            fatal = column in needed
            unusable |= fatal
            text = "the file is left out" if fatal else "its values are taken as not measured"
            problems.append(Problem(name, 1, column, f"the column is missing; {text}", COPY_AGAIN))
    for column in header:
        if column not in table.header:
            cure = "remove the column, or update Joulesweep here if the device runs a newer one"
            problems.append(Problem(name, 1, _short(column), "no column of this table; it is ignored", cure))
    return unusable, problems


def _schema_problem(name: str, version: str, numbers: list[int]) -> Problem:
    newer = version.isdecimal() and int(version[:9]) > SCHEMA
    where = "here" if newer else "on that device"
    text = f"{len(numbers)} rows are of schema {_short(version)}, this is {SCHEMA}; they are left out"
    return Problem(name, numbers[0], "schema", text, f"update Joulesweep {where}, then run snakemake there again")


def _without_repeats(
    rows: list[tuple[int, Row]], table: Table, name: str
) -> tuple[list[tuple[int, Row]], list[Problem]]:
    """Of the rows with one key the newest stays (the first of several equally new)."""
    best: dict[tuple, tuple[int, Row]] = {}
    problems = []
    for number, row in rows:
        key = tuple(row[column] for column in table.key)
        other = best.get(key)
        if other is None:
            best[key] = (number, row)
            continue
        newer = str(row.get("measured_at", "")) > str(other[1].get("measured_at", ""))
        kept, dropped = ((number, row), other) if newer else (other, (number, row))
        best[key] = kept
        text = f"the same point as line {kept[0]}, which is kept because it is {'newer' if newer else 'not older'}"
        problems.append(Problem(name, dropped[0], table.key[-1], f"{text}; this row is left out", COPY_AGAIN))
    return sorted(best.values(), key=lambda pair: pair[0]), problems


def _short(text: str) -> str:
    """A value as a problem may quote it: in one line, with control characters shown, not longer than 40."""
    shown = repr(text)
    return shown if len(shown) <= 40 else f"{shown[:36]}…'"
