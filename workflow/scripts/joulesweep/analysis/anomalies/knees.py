"""Knees in a sweep: values of an axis from which each further unit costs clearly more than before."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import pandas as pd

from joulesweep.analysis.report.points import name_of
from joulesweep.axes import AXES
from joulesweep.formatting import bracketed, first_of
from joulesweep.merged.base_points import METRICS
from joulesweep.merged.load import VARIANT, Merged, sweep
from joulesweep.uncertainty.interval import Interval
from joulesweep.uncertainty.ratio import difference, ratio

_TIMES = 1.5  # as much per unit as before
_FEWEST = 4  # values of the axis; with three, the bend of the sweep says the same


def found(merged: Merged) -> Iterator[str]:
    """One sentence per axis; threads are left out, since more of them should cost less."""
    rows = merged.sound("latency")
    rows = rows[rows["ci_low_s"].notna()]
    for axis in AXES:
        if axis == "threads" or axis not in rows:
            continue
        named = [
            f"{name_of(group.iloc[0])} from {axis} {at:g} on ({bracketed(times.value, times.low, times.high)} times as much per unit as before)"
            for _, group in sweep(rows, axis).groupby(VARIANT, sort=False)
            if (knee := _knee(group, axis)) is not None
            for at, times in [knee]
        ]
        if named:
            yield (
                f"**A knee in the sweep of {axis}**: {'; '.join(first_of(named))}. A likely cause is that the weights and intermediate results of one "
                "pass no longer fit into a cache of the processor, or that the runtime takes another kernel."
            )


def _knee(group: pd.DataFrame, axis: str) -> tuple[float, Interval] | None:
    """The value at which the cost per unit rises most, and by how much; None where it rises nowhere clearly."""
    values = list(group[axis])
    if len(values) < _FEWEST:
        return None
    figures = zip(*(group[name] for name in METRICS["latency"][1:]), strict=True)
    slopes = list(_slopes(values, [Interval(*figure) for figure in figures]))
    rises = [
        (at, ratio(after, before))
        for at, (before, after) in zip(values[1:], pairwise(slopes), strict=False)
        if before.low > 0 and after.low > 0
    ]
    clear = [(at, times) for at, times in rises if times.value >= _TIMES and times.low > 1]
    return max(clear, key=lambda rise: rise[1].value, default=None)


def _slopes(values: Sequence[float], figures: Sequence[Interval]) -> Iterator[Interval]:
    """The cost per unit between neighbouring values."""
    for (low, high), (before, after) in zip(pairwise(values), pairwise(figures), strict=True):
        cost = difference(after, before)
        yield Interval(*(end / (high - low) for end in (cost.value, cost.low, cost.high)))
