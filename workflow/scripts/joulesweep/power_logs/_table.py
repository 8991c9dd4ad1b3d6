"""The lines of a log as cells: encodings, what stands between cells, quotes, repeated headers, the torn last line."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from joulesweep.errors import nearest, shortened
from joulesweep.power_logs import _units

_DELIMITERS = ("\t", ";", ",", "|", " ")  # a space stands for any number of spaces


@dataclass(frozen=True)
class Table:
    """The header of a log and the lines below it.

    Attributes:
        names: the columns.
        places: for each column that was asked for, its index.
        delimiter: what stands between cells.
        lines: the lines below the header, each with its number in the file, from 1.
    """

    names: list[str]
    places: Sequence[int]
    delimiter: str
    lines: Sequence[tuple[int, str]]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Number and cells of every whole line; a line with fewer cells than the header is torn and is left out.

        Raises:
            ValueError: a line has more cells than the header.
        """
        count, delimiter = len(self.names), self.delimiter
        for number, line in self.lines:
            cells = split(line, delimiter)
            if len(cells) > count and any(cells[count:]):
                cure = "; write decimal commas in quotes, or separate cells by semicolons" if delimiter == "," else ""
                raise ValueError(
                    f"line {number} has {len(cells)} cells and the header {count}: {shortened(line, 60)!r}{cure}"
                )
            if len(cells) >= count:
                yield number, cells


def read(file: Path, wanted: Sequence[str]) -> Table:
    """The table in a file whose header holds the wanted columns, with their unit or without it.

    The last line is read only where it is ended: a logger may be writing it.

    Raises:
        OSError: the file is not there or cannot be read.
        ValueError: no line of it is such a header.
    """
    lines = [(number, line) for number, line in enumerate(_text(file).split("\n")[:-1], 1) if "\0" not in line]
    best: tuple[int, int, list[str]] = (-1, 0, [])
    for index, (number, line) in enumerate(lines):
        for delimiter in _DELIMITERS:
            names = split(line, delimiter)
            places = [place(names, column) for column in wanted]
            if all(len(found) == 1 for found in places):
                below = [line for line in lines[index + 1 :] if line[1].strip()]
                return Table(names, [found[0] for found in places], delimiter, below)
            known = sum(len(found) > 0 for found in places)
            if len(names) > 1 and known > best[0]:
                best = known, number, names
    raise ValueError(_no_header(wanted, best[1], best[2]))


def split(line: str, delimiter: str) -> list[str]:
    """The cells of a line without the space around them."""
    if '"' not in line:
        return line.split() if delimiter == " " else [cell.strip() for cell in line.split(delimiter)]
    try:
        cells = next(csv.reader([line.strip()], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in cells if cell or delimiter != " "]


def place(names: Sequence[str], wanted: str) -> list[int]:
    """Where a column stands: the names that are equal, else those that are without their unit."""
    equal = [index for index, name in enumerate(names) if name == wanted]
    return equal or [index for index, name in enumerate(names) if _units.of_header(name)[0] == wanted]


def _text(file: Path) -> str:
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise OSError(f"{file} is not there yet; put the log there, then run again") from None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = b"\n".join(map(_line, data.split(b"\n"))).decode("utf-8-sig")
    return re.sub(r"\r\n?", "\n", text)


def _line(data: bytes) -> bytes:
    """A line as UTF-8, which it is, or is taken for Latin-1 where it is not."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1").encode()
    return data


def _no_header(wanted: Sequence[str], number: int, names: Sequence[str]) -> str:
    if not names:
        return "holds no line with more than one cell"
    listed = shortened(", ".join(names), 100)
    for column in wanted:
        found = place(names, column)
        if len(found) > 1:
            return f"line {number} has {len(found)} columns {column!r}: {listed}"
        if not found:
            return f"line {number} has no column {column!r}{nearest(column, names)}; its columns are {listed}"
    raise AssertionError("a line with every column is a header")
