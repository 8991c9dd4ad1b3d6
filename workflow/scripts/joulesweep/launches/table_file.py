"""Writes a table as CSV."""

import csv
import io
import math
import os
import zlib
from collections.abc import Iterable, Mapping
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
    header, rows = table.header, list(rows)
    names, known = [name for name in header if name != CHECK], {*header}
    lines = [_line(header)]
    for number, row in enumerate(rows, start=1):
        if not row.keys() <= known:
            raise KeyError(f"{table.name} has no column {', '.join(sorted(row.keys() - known))}")
        values = {"schema": SCHEMA, **row}
        line = _line([_text(values.get(name)) for name in names])
        lines.append(f"{line},{checksum(line, number == len(rows))}" if CHECK in known else line)
    text = "".join(f"{line}\n" for line in lines)
    if path.is_file() and path.read_bytes() == text.encode():
        os.utime(path)
    else:
        replace_text(path, text)


def checksum(line: str, last: bool) -> str:
    """Checksum of a row's line before its last cell: CRC-32 as eight hexadecimal digits; `last` is the table's last row."""
    return f"{zlib.crc32((line + _LAST * last).encode()):08x}"


def _line(cells: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def _text(value: object) -> object:
    """Floats with ten significant digits: more than any clock here resolves, fewer than noise would fill."""
    if isinstance(value, float):
        return "" if math.isnan(value) else format(value, ".10g")
    return "" if value is None else " ".join(value.split()) if isinstance(value, str) else value
