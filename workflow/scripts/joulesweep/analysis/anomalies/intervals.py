"""Intervals that are wide."""

from collections.abc import Iterator

import pandas as pd

from joulesweep.analysis.report.points import name_of, point_of
from joulesweep.formatting import half_width, percent, plural, relative_half_width
from joulesweep.merged.load import Merged

WIDE = 0.1  # half of an interval, relative


def found(merged: Merged) -> Iterator[str]:
    """One sentence per table with intervals wider than `WIDE`."""
    for table, low, high in (("latency", "ci_low_s", "ci_high_s"), ("energy", "ci_low_J", "ci_high_J")):
        rows = merged.sound(table)
        half = half_widths(rows, low, high)
        wide = half > WIDE
        if wide.any():
            worst = rows.loc[half.idxmax()]
            yield (
                f"The interval of {table} is wider than ± {percent(WIDE)} at {wide.sum()} of {plural(len(rows), 'point')}; "
                f"the widest is {name_of(worst)} at {point_of(worst)}, {half_width(half.max())}."
            )


def half_widths(rows: pd.DataFrame, low: str, high: str) -> pd.Series:
    """Half of each row's interval, relative; NaN where there is no interval."""
    halves = [relative_half_width(*ends) for ends in zip(rows[low], rows[high], strict=True)]
    return pd.Series(halves, index=rows.index, dtype=float)
