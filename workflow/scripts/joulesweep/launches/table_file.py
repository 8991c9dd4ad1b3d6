"""Writes a table as CSV."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from joulesweep.files import replace_text
from joulesweep.launches.columns import Table
from joulesweep.schema import SCHEMA


def write_table(path: Path, table: Table, rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows as CSV under a temporary name and rename it: a reader sees the old table or the new one.

    A value that is None or absent is written empty; a name that is no column is a programming error (`KeyError`).
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, table.header, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        unknown = set(row) - set(table.header)
        if unknown:
            raise KeyError(f"{table.name} has no column {', '.join(sorted(unknown))}")
        writer.writerow({"schema": SCHEMA, **{name: _text(value) for name, value in row.items()}})
    replace_text(path, text.getvalue())


def _text(value: object) -> object:
    """Floats with ten significant digits: more than any clock here resolves, fewer than noise would fill."""
    if isinstance(value, float):
        return format(value, ".10g")
    return "" if value is None else " ".join(value.split()) if isinstance(value, str) else value
