"""Power over time as a meter was read: energy between two moments, and how often the meter really moved.

Runs in the job, whenever the table is made.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

# More than any rail of a small device or a server's processor draws. A step that would need more is no wrap but a
# reset, and a gap in which this much would fill the counter's range may hide a wrap that cannot be seen.
_MOST_W = 1000.0


class UncoveredError(Exception):
    """The readings cannot tell the energy that was asked for; the text says why."""


class SilentError(UncoveredError):
    """The meter said nothing for too long; it may speak again another time."""


class PowerTrace:
    """The readings of one meter in time order.

    A value that repeats within two update intervals is the old reading seen again and is left out; one that repeats for
    longer is a new reading that happens to be equal.
    """

    def __init__(
        self,
        unit: str,
        time_ns: Sequence[int],
        values: Sequence[Sequence[float]],
        wrap_joules: Sequence[float] = (),
        update_s: float = 0.0,
    ) -> None:
        fresh = _fresh(time_ns, values, update_s)
        self.unit = unit
        self.time_ns = np.asarray(time_ns, dtype=np.int64)[fresh]
        array = np.asarray(values, dtype=float)
        self._values = array.reshape(len(array), -1 if len(array) else 1)[fresh]  # a row per reading, a column per rail
        self._wrap = np.asarray(wrap_joules, dtype=float)

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "PowerTrace":
        """The trace that a sampler recorded."""
        wrap = [np.inf if joules is None else joules for joules in record["wrap_J"]]
        return cls(record["unit"], record["time_ns"], record["values"], wrap, record["update_s"])

    def joules(self, start_ns: int, end_ns: int) -> float:
        """Energy of all rails together between two moments."""
        return float(self.joules_by_rail(start_ns, end_ns).sum())

    def joules_by_rail(self, start_ns: int, end_ns: int) -> np.ndarray:
        """Energy of each rail between two moments.

        Watts are integrated by the trapezoid rule, counters subtracted; the edges are interpolated in both.

        Raises:
            UncoveredError: no reading before the start or after the end, or a gap in which a counter may wrap twice.
        """
        if len(self.time_ns) < 2 or start_ns < self.time_ns[0] or end_ns > self.time_ns[-1]:
            raise UncoveredError("the meter was not read from before the window to after it")
        first = int(np.searchsorted(self.time_ns, start_ns, "right")) - 1
        last = int(np.searchsorted(self.time_ns, end_ns, "left"))
        seconds = (self.time_ns[first : last + 1] - start_ns) * 1e-9  # from the start: small numbers keep their digits
        rows = self._values[first : last + 1]
        end = (end_ns - start_ns) * 1e-9
        if self.unit == "W":
            return np.array([_trapezoid(seconds, watts, end) for watts in rows.T])
        energies = self._unwrapped(seconds, rows).T
        return np.array([np.interp(end, seconds, energy) - np.interp(0.0, seconds, energy) for energy in energies])

    def readings(self, start_ns: int, end_ns: int) -> int:
        """How many new readings lie between two moments."""
        return int(((self.time_ns >= start_ns) & (self.time_ns <= end_ns)).sum())

    def longest_gap_s(self, start_ns: int, end_ns: int) -> float:
        """Longest time without a new reading, among the gaps that touch the window."""
        before, after = self.time_ns[:-1], self.time_ns[1:]
        gaps = (after - before)[(after > start_ns) & (before < end_ns)]
        return float(gaps.max()) * 1e-9 if gaps.size else np.inf

    def interval_s(self, start_ns: int, end_ns: int) -> float:
        """Update interval as observed: median time between new readings in the window; NaN below two."""
        inside = self.time_ns[(self.time_ns >= start_ns) & (self.time_ns <= end_ns)]
        return float(np.median(np.diff(inside))) * 1e-9 if inside.size > 1 else np.nan

    def longest_still_s(self, start_ns: int, end_ns: int) -> float:
        """Longest time for which the same values were shown, among the times that touch the window."""
        changed = np.flatnonzero((self._values[1:] != self._values[:-1]).any(axis=1)) + 1
        moments = np.concatenate([self.time_ns[:1], self.time_ns[changed], self.time_ns[-1:]])
        before, after = moments[:-1], moments[1:]
        still = (after - before)[(after > start_ns) & (before < end_ns)]
        return float(still.max()) * 1e-9 if still.size else np.inf

    def moved(self, start_ns: int, end_ns: int) -> bool:
        """Whether any reading between two moments differs from another."""
        inside = self._values[(self.time_ns >= start_ns) & (self.time_ns <= end_ns)]
        return bool((inside != inside[:1]).any())

    def _unwrapped(self, seconds: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Joules of each rail since the first row, wraps undone."""
        gaps = np.diff(seconds)[:, None]
        if (gaps * _MOST_W >= self._wrap).any():
            raise UncoveredError(f"no reading for {gaps.max():.0f} s: a counter may have wrapped more than once")
        steps = np.diff(rows, axis=0)
        back = steps < 0
        steps = np.where(back, steps + self._wrap, steps)
        if (steps[back] > np.broadcast_to(gaps * _MOST_W, steps.shape)[back]).any():
            raise UncoveredError("a counter went back without having wrapped; it was reset")
        return np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(steps, axis=0)])


def _fresh(time_ns: Sequence[int], values: Sequence[Sequence[float]], update_s: float) -> Any:
    """Indices of the readings that are new: all of them where readings have time stamps of their own."""
    if update_s == 0:
        return slice(None)
    fresh: list[int] = []
    for index, value in enumerate(values):
        if not fresh or value != values[fresh[-1]] or time_ns[index] - time_ns[fresh[-1]] >= 2e9 * update_s:
            fresh.append(index)
    return fresh


def _trapezoid(seconds: np.ndarray, watts: np.ndarray, end: float) -> float:
    """Integral from 0 to `end` of power given at `seconds`, which begin at or before 0 and finish at or after `end`."""
    inside = (seconds > 0) & (seconds < end)
    at = np.concatenate([[0.0], seconds[inside], [end]])
    power = np.interp(at, seconds, watts)
    return float((np.diff(at) * (power[1:] + power[:-1]) / 2).sum())
