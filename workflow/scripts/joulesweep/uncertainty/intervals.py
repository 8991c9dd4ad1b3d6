"""Many intervals at once, as arrays: one is compared with all of them in microseconds.

The rules are those of `ratio.py`, which compares two.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from joulesweep.uncertainty.interval import Interval


@dataclass(frozen=True)
class Intervals:
    """Figures with their 95 % intervals, arrays of one shape; the ends are NaN where there is no interval."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, intervals: Iterable[Interval]) -> "Intervals":
        """Those of a sequence, (N,)."""
        rows = [(each.value, each.low, each.high) for each in intervals]
        return cls(*np.array(rows, dtype=float).reshape(-1, 3).T)

    def __getitem__(self, place: int) -> "Intervals":
        return Intervals(self.value[place], self.low[place], self.high[place])

    def ratio(self, other: "Intervals") -> "Intervals":
        """Each over the other, both with intervals that are symmetric on logarithms."""
        value, factor = self.value / other.value, np.exp(np.hypot(self._log_half, other._log_half))
        return Intervals(value, value / factor, value * factor)

    def difference(self, other: "Intervals") -> "Intervals":
        """Each less the other, with an interval that is symmetric about it."""
        value = self.value - other.value
        half = np.hypot((self.high - self.low) / 2, (other.high - other.low) / 2)
        return Intervals(value, value - half, value + half)

    @property
    def _log_half(self) -> np.ndarray:
        """Half the width on logarithms; NaN where the lower end is not above zero."""
        return np.log(np.where(self.low > 0, self.high / np.where(self.low > 0, self.low, 1.0), np.nan)) / 2
