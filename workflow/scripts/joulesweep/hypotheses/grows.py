"""`grows: linearly`: a metric grows in proportion to a swept axis, by the slope on logarithms."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from joulesweep.formatting import bracketed
from joulesweep.hypotheses.base import MODELLED, REFUTED, SUPPORTED, WORDS, Case, undecided
from joulesweep.merged.base_points import METRICS
from joulesweep.merged.load import VARIANT, Merged, sweep
from joulesweep.uncertainty import growth_fit

TOLERANCE = 0.1  # how far from 1 an exponent may lie and still count as proportional growth

_SWEPT = ("latency", "energy", "memory")


def sentence(hypothesis: Mapping[str, Any]) -> str:
    """The hypothesis in words."""
    return f"The {WORDS[hypothesis['metric']]} grows linearly (in proportion) with {hypothesis['with']}."


def cases(hypothesis: Mapping[str, Any], merged: Merged, points: pd.DataFrame) -> Iterator[Case]:
    """One case per variant and device that has the sweep; none for what no sweep measures, such as accuracy."""
    metric, axis = hypothesis["metric"], hypothesis["with"]
    if metric not in _SWEPT:
        return
    table, column, *_ = METRICS[metric]
    rows = merged.sound(table)
    for (device, model, runtime), group in sweep(rows[rows[column].notna()], axis).groupby(VARIANT, sort=False):
        modelled = metric == "energy" and "modelled" in set(group["kind"])
        yield _of_variant(f"{model} @ {runtime} on {device}", axis, group[axis], group[column], modelled)


def _of_variant(where: str, axis: str, values: pd.Series, figures: pd.Series, modelled: bool) -> Case:
    listed = ", ".join(f"{value:g}" for value in values)
    if modelled:
        return undecided(where, MODELLED, f"modelled and not measured, at {axis} {listed}")
    if len(values) < growth_fit.FEWEST:
        numbers = f"{axis} {listed}; a slope with an interval needs {growth_fit.FEWEST} values"
        return undecided(where, f"too few values of {axis}", numbers)
    slope = growth_fit.exponent(values.tolist(), figures.tolist())
    numbers = f"exponent {bracketed(slope.value, slope.low, slope.high)} over {axis} {listed}"
    if slope.low >= 1 - TOLERANCE and slope.high <= 1 + TOLERANCE:
        return Case(where, SUPPORTED, "", numbers)
    if slope.high < 1 - TOLERANCE or slope.low > 1 + TOLERANCE:
        return Case(where, REFUTED, "", numbers)
    return undecided(where, f"only a part of the interval is within {1 - TOLERANCE:g} to {1 + TOLERANCE:g}", numbers)
