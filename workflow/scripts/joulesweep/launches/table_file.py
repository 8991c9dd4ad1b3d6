"""Writes a table as CSV."""

import csv
import io
import math
import os
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from joulesweep.launches.table import Table
from joulesweep.schema import SCHEMA
from joulesweep.system.files import replace_text

CHECK = "check"  # the column of a row's checksum
_LAST = "\nlast"  # what no line can end with


def write_table(path: Path, table: Table, rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows as CSV under a temporary name and rename it: a reader sees the old table or the new one.

    A file that holds the same already is not rewritten; its time stamp says that it was judged now.
    A value that is None, absent or not a number is written empty. A table with a column for it has a checksum in every
    row, that of the last row being another, so that a file that was cut is recognised. A name that is not a column is a programming error (`KeyError`).
    """
    names = [name for name in table.header if name != CHECK]
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(map(_cells_of(table, names), rows))
    text = written.getvalue()
    if CHECK in table.header:
        header, *lines, _ = text.split("\n")
        checked = (f"{line},{checksum(line, number == len(lines))}" for number, line in enumerate(lines, start=1))
        text = "".join(f"{line}\n" for line in (f"{header},{CHECK}", *checked))
    if path.is_file() and path.read_bytes() == text.encode():
        os.utime(path)
    else:
        replace_text(path, text)


def checksum(line: str, last: bool) -> str:
    """Checksum of a row's line before its last cell: CRC-32 as eight hexadecimal digits; `last` is the table's last row."""
    return f"{zlib.crc32((line + _LAST * last).encode()):08x}"


def _cells_of(table: Table, names: Sequence[str]) -> Callable[[Mapping[str, object]], list[object]]:
    """What makes a row of a table into its cells under these names."""
    columns, absent = {*table.header}, {"schema": SCHEMA}

    def cells(row: Mapping[str, object]) -> list[object]:
        if not row.keys() <= columns:
            raise KeyError(f"{table.name} has no column {', '.join(sorted(row.keys() - columns))}")
        return [_text(row[name] if name in row else absent.get(name)) for name in names]

    return cells


def _text(value: object) -> object:
    """Floats with ten significant digits: more than any clock here resolves, fewer than noise would fill."""
    if isinstance(value, float):
        return "" if math.isnan(value) else format(value, ".10g")
    return "" if value is None else " ".join(value.split()) if isinstance(value, str) else value
