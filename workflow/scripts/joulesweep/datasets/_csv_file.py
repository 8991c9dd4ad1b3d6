"""Columns of a CSV file in UTF-8 whose first line names them."""

import csv
from collections.abc import Sequence
from pathlib import Path

from joulesweep.errors import UserError, nearest


def columns(path: str, names: Sequence[str]) -> dict[str, list[str]]:
    """The cells of some columns by name, in the order of the rows; empty lines are none.

    Raises:
        UserError: it is no such file, has no such column, a row has another number of cells than the header, or a cell is empty.
    """
    rows: list[list[str]] = []
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream, strict=True)
            header = next(reader, [])
            places = [_place(path, header, name) for name in names]
            for row in filter(None, reader):
                if len(row) != len(header):
                    raise UserError(
                        f"data: {path}, line {reader.line_num}: {len(row)} cells; the header has {len(header)}"
                    )
                cells = [row[place].strip() for place in places]
                if "" in cells:
                    raise UserError(f"data: {path}, line {reader.line_num}: {names[cells.index('')]!r} is empty")
                rows.append(cells)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"data: {path} cannot be read as CSV in UTF-8: {error}") from error
    if not rows:
        raise UserError(f"data: {path} has no row below its header")
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def _place(path: str, header: Sequence[str], name: str) -> int:
    if name not in header:
        known = ", ".join(header[:8])
        raise UserError(
            f"data: {path} has no column {name!r}{nearest(name, header)}; its first line names {known or 'none'}"
        )
    return header.index(name)
