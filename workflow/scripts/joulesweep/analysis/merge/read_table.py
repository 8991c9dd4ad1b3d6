"""Reads and checks one table's file: takes every sound row and names everything else.

The writer puts one row on one line and ends each with a newline, so the file is read line by line: a quote that a
torn line leaves open cannot swallow the rows after it, and a last line without its newline is known to be torn.
"""

import csv
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from joulesweep.axes import INPUT_AXES
from joulesweep.launches.table import Table
from joulesweep.launches.table_file import CHECK, checksum
from joulesweep.merged.problems import Problem, copy_again
from joulesweep.schema import SCHEMA
from joulesweep.system.files import read_regular
from joulesweep.system.working_folder import directory_option

Row = dict[str, object]

_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Located(NamedTuple):
    """A row with its place: the file, relative to results/, and the line in it, the header being line 1."""

    file: str
    line: int
    row: Row


class _Line(NamedTuple):
    """A line that is not empty: its number, its cells (None where it cannot be understood), its text before the last cell."""

    number: int
    cells: list[str] | None
    before_last: str = ""


def read(path: Path, table: Table, name: str) -> tuple[list[Located], list[Problem]]:
    """The sound rows of a file, and what is wrong with the rest.

    Values have their column's type; an empty one is None (number) or "" (text). `name` stands for the file in
    the problems. Never raises for what is in the file, or for a file that cannot be read.
    """
    try:
        content = read_regular(path)
    except OSError as error:
        return [], [Problem(name, None, "", f"cannot be read: {error.strerror}; left out", "make it a readable file")]
    lines = list(_lines(content))
    header = lines[0].cells if lines else None
    if header is None:
        return [], [Problem(name, 1, "", "the header is torn or empty; the file is left out", copy_again())]
    rows: list[Located] = []
    problems: list[Problem] = []
    other_schemas: dict[str, list[int]] = {}
    complete = False
    for line in lines[1:]:
        if line.cells is None or len(line.cells) != len(header):
            what = (
                "the line is torn"
                if line.cells is None
                else f"{len(line.cells)} fields where the header has {len(header)}"
            )
            problems.append(Problem(name, line.number, "", f"{what}; the row is left out", copy_again()))
            continue
        text = dict(zip(header, line.cells, strict=True))
        if text.get("schema", "") != str(SCHEMA):
            other_schemas.setdefault(text.get("schema", ""), []).append(line.number)
            continue
        row, faults = _typed(text, table)
        check = text.get(CHECK, "")
        is_last = check == checksum(line.before_last, last=True)
        complete |= is_last
        if not faults and not is_last and check != checksum(line.before_last, last=False):
            faults = [(CHECK, "the row was changed after it was written")]
        if faults:
            cure = _repeat(row) if _lacks_figure(row, table) else copy_again()
            problems += [
                Problem(name, line.number, column, f"{what}; the row is left out", cure) for column, what in faults
            ]
        else:
            rows.append(Located(name, line.number, row))
    problems += [_schema_problem(name, version, numbers) for version, numbers in other_schemas.items()]
    if rows or not other_schemas:
        unusable, of_columns = _columns(header, table, name)
        if unusable:
            return [], of_columns
        problems += of_columns
    if not (complete or problems):
        what = f"the file was cut after line {lines[-1].number}; the rows that followed are missing"
        problems.append(Problem(name, lines[-1].number, "", what, copy_again()))
    sound, repeated = _without_repeats(rows, table, name)
    return sound, problems + repeated


def _lines(content: bytes) -> Iterator[_Line]:
    """Every line that is not empty."""
    *whole, rest = content.split(b"\n")
    for number, line in enumerate(whole, start=1):
        if line.strip():
            yield _line(number, line)
    if rest.strip():
        yield _Line(len(whole) + 1, None)


def _line(number: int, line: bytes) -> _Line:
    try:
        text = line.decode("utf-8").removesuffix("\r")
        return _Line(number, next(csv.reader([text], strict=True), None), text.rpartition(",")[0])
    except (UnicodeDecodeError, csv.Error):
        return _Line(number, None)


def _typed(text: dict[str, str], table: Table) -> tuple[Row, list[tuple[str, str]]]:
    """The row with typed values, and column and fault of every value that cannot be taken."""
    row: Row = {}
    faults: list[tuple[str, str]] = []
    for column in table.columns:
        value = text.get(column.name, "")
        if column.type_ is str:
            row[column.name] = value
            if not value.isprintable() and _CONTROL.search(value):
                faults.append((column.name, f"{_short(value)} holds control characters"))
        elif value == "":
            row[column.name] = None
        elif (number := _number(value, column.type_)) is None:
            words = "a whole number" if column.type_ is int else "a number"
            faults.append((column.name, f"{_short(value)} is not {words}"))
        else:
            row[column.name] = number
    return row, faults or table.faults(row)


def _lacks_figure(row: Row, table: Table) -> bool:
    return row.get("status") == "ok" and any(row.get(name, "") is None for name in table.figures)


def _repeat(row: Row) -> str:
    return f"measure the row again: make remeasure MODEL={row['model']} RUNTIME={row['runtime']}{directory_option()}"


def _number(text: str, type_: type) -> float | int | None:
    if type_ is int:
        return int(text) if _INTEGER.fullmatch(text) and len(text) < 20 else None
    value = float(text) if _NUMBER.fullmatch(text) else math.inf
    return value if math.isfinite(value) else None


def _columns(header: list[str], table: Table, name: str) -> tuple[bool, list[Problem]]:
    """Whether the file is unusable for its columns, and what is wrong with them."""
    repeated = sorted({column for column in header if header.count(column) > 1})
    if repeated:
        text = f"the header names {', '.join(map(_short, repeated))} twice; the file is left out"
        return True, [Problem(name, 1, repeated[0], text, copy_again())]
    needed = {"schema", *table.key, *table.required, *table.figures, CHECK}
    problems, unusable = [], False
    for column in table.header:
        if column not in header and column not in INPUT_AXES:  # an axis that is newer than the file
            fatal = column in needed
            unusable |= fatal
            text = "the file is left out" if fatal else "its values are taken as not measured"
            problems.append(Problem(name, 1, column, f"the column is missing; {text}", copy_again()))
    for column in header:
        if column not in table.header:
            cure = "remove the column, or update Joulesweep here if the device runs a newer one"
            problems.append(Problem(name, 1, _short(column), "not a column of this table; it is ignored", cure))
    return unusable, problems


def _schema_problem(name: str, version: str, numbers: list[int]) -> Problem:
    newer = version.isdecimal() and int(version[:9]) > SCHEMA
    where = "here" if newer else "on that device"
    text = f"{len(numbers)} rows are of schema {_short(version)}, this is {SCHEMA}; they are left out"
    cure = f"update Joulesweep {where}, then run `make all{directory_option()}` there again"
    return Problem(name, numbers[0], "schema", text, cure)


def _without_repeats(rows: list[Located], table: Table, name: str) -> tuple[list[Located], list[Problem]]:
    """Of the rows with one key the newest stays (the first of several equally new)."""
    best: dict[tuple, Located] = {}
    problems = []
    for located in rows:
        key = tuple(located.row[column] for column in table.key)
        other = best.get(key)
        if other is None:
            best[key] = located
            continue
        newer = str(located.row.get("measured_at", "")) > str(other.row.get("measured_at", ""))
        stays, dropped = (located, other) if newer else (other, located)
        best[key] = stays
        text = f"the same point as line {stays.line}, which stays because it is {'newer' if newer else 'not older'}"
        problems.append(Problem(name, dropped.line, table.key[-1], f"{text}; this row is left out", copy_again()))
    return sorted(best.values(), key=lambda located: located.line), problems


def _short(text: str) -> str:
    """A value as a problem may quote it: in one line, with control characters shown, not longer than 40."""
    shown = repr(text)
    return shown if len(shown) <= 40 else f"{shown[:36]}…'"
