"""What the relations share: over the models, does one metric rise with another, by Spearman's rank correlation?"""

import math
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import pandas as pd

from joulesweep.formatting import digits, enumeration
from joulesweep.hypotheses import base
from joulesweep.hypotheses.base import (
    DIFFERENT,
    MISSING,
    MODELLED,
    REFUTED,
    SUPPORTED,
    Case,
    not_judged,
    undecided,
)
from joulesweep.merged import scores
from joulesweep.merged.base_points import MEMORY_TOLERANCE
from joulesweep.merged.load import Merged
from joulesweep.uncertainty import rank_correlation
from joulesweep.uncertainty.intervals import Intervals
from joulesweep.uncertainty.rank_correlation import LEVEL, STRONG, RankCorrelation


class Ranking(base.Hypothesis):
    """One dot per model at the point of the claim, runtimes apart; `other` is the key that holds the second metric."""

    other: ClassVar[str]
    denies: ClassVar[bool] = False  # whether the claim is that there is no such relation

    @property
    def metrics(self) -> tuple[str, str]:
        """The two metrics, the one under `metric` first."""
        return self.claim["metric"], self.claim[self.other]

    def cases(self, merged: Merged, points: pd.DataFrame) -> Iterator[Case]:
        """One case per device and runtime."""
        for (device, runtime), rows in points.groupby(["device", "runtime"], sort=False):
            yield self._case(f"{runtime} on {device}", rows)

    def _case(self, where: str, rows: pd.DataFrame) -> Case:
        metric, other = self.metrics
        missing = [self.words(name) for name in (metric, other) if rows[name].isna().all()]
        if missing:
            return not_judged(where, MISSING, f"no model has {enumeration(missing)} at this point")
        dots = rows[rows[metric].notna() & rows[other].notna()]
        if len(dots) < self.models:
            return not_judged(where, f"too few models, it takes {self.models}", f"n = {len(dots)}")
        if "accuracy" in self.metrics and (why := scores.conflict(dots)):
            return not_judged(where, DIFFERENT, why)
        found = rank_correlation.spearman(_told_apart(dots, metric), _told_apart(dots, other))
        if math.isnan(found.rho):
            return not_judged(
                where,
                "ρ is undefined",
                f"all values of one side are equal, or not told apart by their intervals, n = {found.n}",
            )
        how = "exact" if found.exact else "from random orders"
        ends = f" [{found.low:.2f}, {found.high:.2f}]" if math.isfinite(found.low) else ""
        numbers = f"ρ = {found.rho:.2f}{ends}, one-sided p = {digits(found.p_one_sided, 2)} ({how}), n = {found.n}"
        if "energy" in self.metrics and "modelled" in set(dots["kind"]):
            return undecided(
                where, MODELLED, f"{numbers}; modelled energy is computed from time, so it follows latency"
            )
        return self._judged(where, found, numbers)

    def _judged(self, where: str, found: RankCorrelation, numbers: str) -> Case:
        chance = found.p_one_sided > LEVEL
        if found.rho >= STRONG and not chance:
            return Case(where, REFUTED if self.denies else SUPPORTED, "", numbers)
        if found.high < STRONG or (found.rho < 0 and not chance):
            return Case(where, SUPPORTED if self.denies else REFUTED, "", numbers)
        if found.rho >= STRONG:
            return undecided(where, f"it may be chance, p is above {LEVEL:g}", numbers)
        return undecided(where, f"ρ is below {STRONG:g}, but its interval is not", numbers)


def _told_apart(dots: pd.DataFrame, metric: str) -> list[float]:
    """For each model how many others are smaller beyond the intervals, less how many are larger: its rank among them.

    Models that the intervals do not tell apart from the same others share a rank; a chain of near neighbours stays a chain.
    """
    ranks = np.zeros(len(dots))
    for place in range(len(dots)):
        below = _below(dots, metric, place)
        ranks[place] += below.sum()
        ranks -= below
    return ranks.tolist()


def _below(dots: pd.DataFrame, metric: str, place: int) -> np.ndarray:
    """Which models are smaller than that at a place, beyond the intervals; by the figures where one has no interval."""
    values = dots[metric].to_numpy(dtype=float)
    if metric == "memory":
        return values[place] > values * (1 + MEMORY_TOLERANCE)
    if f"{metric}_low" not in dots:
        return values[place] > values
    figures = Intervals(*(dots[name].to_numpy(dtype=float) for name in (metric, f"{metric}_low", f"{metric}_high")))
    own = figures[place]
    apart = own.difference(figures).low > 0 if metric == "accuracy" else own.ratio(figures).low > 1
    unknown = np.isnan(figures.low) | np.isnan(own.low)
    return np.where(unknown, values[place] > values, apart)
