"""What a table and a column are, and which values a column may hold."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

# The widest range of a figure by its unit, the ending of the column's name: beyond it a value is damage, no measurement.
_UNITS = {
    "_per_s": (0.0, 1e12),
    "_s": (0.0, 1e7),
    "_J": (-1e6, 1e6),
    "_W": (-1e5, 1e5),
    "_bytes": (0.0, 1e16),
    "_Hz": (0.0, 1e12),
    "_C": (-100.0, 250.0),
    "_share": (0.0, 2.0),
}
_COUNT = (0.0, 1e18)  # of what has no unit
_ROUNDING = 1e-9  # relative; tables have ten digits


@dataclass(frozen=True)
class Column:
    """One column: `type_` is str, int or float; the unit is the name's ending (`_s`, `_J`, `_W`, `_bytes`, `_Hz`, `_C`).

    `least` and `most` bound a number, `choices` are the texts that may stand there (any, where there are none).
    """

    name: str
    type_: type
    meaning: str
    least: float = -math.inf
    most: float = math.inf
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table: its columns in order, and what every row of it must obey.

    The columns of `key` together name a row. Those of `required` are never empty, those of `figures` are not where the
    status is ok. Each of `ascending` names columns whose values ascend from first to last.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    required: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    ascending: tuple[tuple[str, ...], ...] = ()

    @property
    def header(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]

    def faults(self, row: Mapping[str, object]) -> list[tuple[str, str]]:
        """Column and fault of every value of a row that cannot be, in words; None and "" are empty cells."""
        faults = [(column.name, fault) for column in self.columns if (fault := _fault(column, row.get(column.name)))]
        faults += [(name, "is empty") for name in self.required if row.get(name) in (None, "")]
        if row.get("status") == "ok":
            faults += [
                (name, "is empty although the status is ok") for name in self.figures if row.get(name) in (None, "")
            ]
        return faults or self._disorder(row)

    def _disorder(self, row: Mapping[str, object]) -> list[tuple[str, str]]:
        for names in self.ascending:
            values = [(name, value) for name in names if isinstance(value := row.get(name), int | float)]
            for (lower, low), (upper, high) in pairwise(values):
                if low - high > _ROUNDING * abs(high):
                    return [(lower, f"{low:g} is above {upper}, {high:g}")]
        return []


def columns_of(
    type_: type, range_: tuple[float, float] | None = None, choices: tuple[str, ...] = (), /, **meanings: str
) -> tuple[Column, ...]:
    """Columns of one type by name and meaning; without `range_` a number's range is that of its unit."""
    return tuple(Column(name, type_, meaning, *(range_ or _range(name)), choices) for name, meaning in meanings.items())


def _range(name: str) -> tuple[float, float]:
    return next((range_ for unit, range_ in _UNITS.items() if name.endswith(unit)), _COUNT)


def _fault(column: Column, value: object) -> str:
    if isinstance(value, str):
        if value and column.choices and value not in column.choices:
            return f"{value[:40]!r} is none of {', '.join(column.choices)}"
        return ""
    if not isinstance(value, int | float):
        return ""
    if value < column.least:
        return f"{value:g} is below {column.least:g}"
    return f"{value:g} is above {column.most:g}" if value > column.most else ""
