"""`grows`: how a metric grows along a swept axis: linearly (a fixed cost and a cost per unit), faster, or slower."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from joulesweep.formatting import bracketed, digits, half_width, percent
from joulesweep.hypotheses import base
from joulesweep.hypotheses.base import (
    MODELLED,
    REFUTED,
    SUPPORTED,
    WORDS,
    Case,
    not_judged,
    undecided,
)
from joulesweep.merged.base_points import MEMORY_TOLERANCE, METRICS
from joulesweep.merged.load import VARIANT, Merged, sweep
from joulesweep.uncertainty import growth_fit
from joulesweep.uncertainty.interval import Interval
from joulesweep.uncertainty.ratio import ratio

TOLERANCE = 0.1  # of the figure: how far a point may lie from a line, or a curve may bend, and still count as linear
_WIDEST = 0.25  # half of an interval, as a share: a wider one could hide a bend
_UNITS = {"latency": (1e3, "ms"), "energy": (1e3, "mJ"), "memory": (1e-6, "MB")}


class Hypothesis(base.Hypothesis):
    """`{metric: latency, grows: linearly, with: batch}`; one case per variant and device that has the sweep."""

    values = 3

    def sentence(self) -> str:
        """The claim in words."""
        grows = f"The {WORDS[self.claim['metric']]} grows"
        if self.claim["grows"] == "linearly":
            return (
                f"{grows} linearly with {self.claim['with']} (a fixed cost, plus the same cost for each further unit)"
            )
        return f"{grows} {self.claim['grows']} than linearly with {self.claim['with']}"

    def cases(self, merged: Merged, points: pd.DataFrame) -> Iterator[Case]:
        """One case per variant whose device is among `points`."""
        metric, axis = self.claim["metric"], self.claim["with"]
        table, column, low, high = METRICS[metric]
        rows = merged.sound(table)
        rows = rows[rows[column].notna() & rows["device"].isin(points["device"])]
        for (device, model, runtime), group in sweep(rows, axis).groupby(VARIANT, sort=False):
            halves = _halves(group[low], group[high]) if low and high else np.full(len(group), MEMORY_TOLERANCE)
            modelled = metric == "energy" and "modelled" in set(group["kind"])
            yield self._case(f"{model} @ {runtime} on {device}", group[axis], group[column], halves, modelled)

    def _case(self, where: str, values: pd.Series, figures: pd.Series, halves: np.ndarray, modelled: bool) -> Case:
        axis = self.claim["with"]
        listed = f"{axis} {', '.join(f'{value:g}' for value in values)}"
        if len(values) < growth_fit.FEWEST:
            return not_judged(where, f"too few values of {axis}, it takes {growth_fit.FEWEST}", listed)
        if modelled:
            return undecided(where, MODELLED, f"modelled and not measured, at {listed}")
        if not np.isfinite(halves).all():
            return undecided(where, "there is no interval", listed)
        of = (list(values), list(figures), list(halves))
        last, first = (
            Interval(of[1][place], of[1][place] / (1 + of[2][place]), of[1][place] * (1 + of[2][place]))
            for place in (-1, 0)
        )
        grown = ratio(last, first)
        words = f"{bracketed(grown.value, grown.low, grown.high)} times as much at {values.iloc[-1]:g} as at {values.iloc[0]:g}"
        if grown.high <= 1 or (grown.low <= 1 and grown.high < 1 + TOLERANCE):
            return Case(where, REFUTED, "it does not grow", f"{words}; {listed}")
        if grown.low <= 1:
            half = math.log(grown.high / grown.value)
            limits = [1 + TOLERANCE, 1.0] if grown.value < 1 + TOLERANCE else [1.0]
            narrower = min(half / abs(math.log(grown.value / limit)) for limit in limits if limit != grown.value)
            case = undecided(where, "it is not clear that it grows", f"{words}; {listed}", narrower)
            return replace(case, narrower=math.nan) if self.claim["metric"] == "memory" else case
        case = self._linear(where, listed, *of) if self.claim["grows"] == "linearly" else self._bent(where, listed, *of)
        return replace(case, narrower=math.nan) if self.claim["metric"] == "memory" else case

    def _linear(self, where: str, listed: str, values: list[float], figures: list[float], halves: list[float]) -> Case:
        """Refuted where a point lies off the line by more than the tolerance and its interval, or the curve clearly bends."""
        found, bend = growth_fit.line(values, figures, halves), growth_fit.bend(values, figures, halves)
        scale, unit = _UNITS[self.claim["metric"]]
        off = max(range(len(values)), key=lambda place: abs(found.distances[place]))
        distance, widest = abs(found.distances[off]), max(halves)
        numbers = (
            f"{digits(scale * found.fixed)} {unit} + {digits(scale * found.per_unit)} {unit} × {self.claim['with']}; "
            f"farthest from the line at {values[off]:g}, by {percent(distance)}; {listed}"
        )
        if any(abs(each) > TOLERANCE + half for each, half in zip(found.distances, halves, strict=True)):
            return Case(where, REFUTED, "", numbers)
        if _clear(bend, 1) or _clear(bend, -1):
            return Case(where, REFUTED, "", f"{_bend_words(bend)}; {numbers}")
        if distance > TOLERANCE:
            narrower = halves[off] / (distance - TOLERANCE)
            why = f"off by more than {percent(TOLERANCE)}, but not by more than its interval"
            return undecided(where, why, numbers, narrower)
        if abs(bend.value) >= TOLERANCE:
            why = "the curve bends, but not by more than its interval"
            return undecided(where, why, f"{_bend_words(bend)}; {numbers}", (bend.high - bend.value) / abs(bend.value))
        if widest > _WIDEST:
            why = f"an interval of {half_width(widest)} could hide a bend"
            return undecided(where, why, numbers, widest / _WIDEST)
        return Case(where, SUPPORTED, "", numbers)

    def _bent(self, where: str, listed: str, values: list[float], figures: list[float], halves: list[float]) -> Case:
        """By how far the curve hangs below (faster) or above (slower) its chord, in the middle of the sweep."""
        found = growth_fit.bend(values, figures, halves)
        numbers = f"{_bend_words(found)}; {listed}"
        side = 1 if self.claim["grows"] == "faster" else -1
        if _clear(found, side):
            return Case(where, SUPPORTED, "", numbers)
        high = max(side * found.low, side * found.high)
        if high < TOLERANCE:
            return Case(where, REFUTED, "", numbers)
        limit = 0.0 if side * found.value >= TOLERANCE else TOLERANCE
        distance = abs(side * found.value - limit)
        narrower = (high - side * found.value) / distance if distance else math.inf
        return undecided(where, "the interval of the bend leaves it open", numbers, narrower)


def _clear(bend: Interval, side: int) -> bool:
    """Whether the curve bends to a side by the tolerance or more, and its whole interval lies on that side."""
    return side * bend.value >= TOLERANCE and min(side * bend.low, side * bend.high) > 0


def _bend_words(bend: Interval) -> str:
    return f"bend {bracketed(bend.value, bend.low, bend.high, 100)} % of the figure"


def _halves(low: pd.Series, high: pd.Series) -> np.ndarray:
    """Half of each interval, as a share; NaN where there is none."""
    return np.sqrt(high.to_numpy(dtype=float) / low.to_numpy(dtype=float)) - 1
