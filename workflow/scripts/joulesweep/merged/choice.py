"""Which variant of a device to take, under limits of its costs and its accuracy."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from joulesweep.merged.base_points import interval
from joulesweep.merged.fronts import COMPARABLE
from joulesweep.uncertainty.ratio import difference

# What each key of `choose` limits, its unit, and how many of these are one unit of the tables.
_LIMITS = {
    "max_latency_ms": ("latency", "ms", 1e3),
    "max_energy_mJ": ("energy", "mJ", 1e3),
    "max_memory_MB": ("memory", "MB", 1e-6),
    "max_size_MB": ("weights", "MB", 1e-6),
    "min_accuracy": ("accuracy", "%", 100),
}


@dataclass(frozen=True)
class Limit:
    """The most that a cost may be, or the least that accuracy must be.

    Attributes:
        metric: what is limited.
        bound: the limit in the unit of the tables: seconds, joules, bytes, or a share.
        words: the limit as the configuration has it, with its unit.
    """

    metric: str
    bound: float
    words: str

    @property
    def is_least(self) -> bool:
        """Whether larger figures are within the limit."""
        return self.metric == "accuracy"

    def allows(self, value: float) -> bool:
        """Whether a figure is within the limit; NaN is not."""
        return bool(value >= self.bound if self.is_least else value <= self.bound)

    def surely_allows(self, row: pd.Series) -> bool:
        """Whether the whole 95 % interval of a base point's figure is within the limit."""
        figure = interval(row, self.metric)
        return self.allows(figure.low if self.is_least else figure.high)

    def excess(self, row: pd.Series) -> float:
        """By which factor a base point misses the limit; at most 1 where it is within."""
        larger, smaller = (self.bound, row[self.metric]) if self.is_least else (row[self.metric], self.bound)
        return larger / smaller if smaller else math.inf


@dataclass(frozen=True)
class Pick:
    """The variant to take of those on one data set, or of all where none has an accuracy.

    Attributes:
        row: its base point.
        unsure: the limits that it meets by its figure only, not by its interval. If there are some, no variant does better.
        alike: how many variants, this one included, have an accuracy that the intervals do not tell from the highest.
        by_figures: the base point that would be taken if intervals did not count; None where it is no other.
    """

    row: pd.Series
    unsure: tuple[Limit, ...]
    alike: int
    by_figures: pd.Series | None


@dataclass(frozen=True)
class Decision:
    """What the limits leave of the variants of a device.

    Attributes:
        picks: one per data set, or one in all where none has an accuracy; empty where no figures are within every limit.
        nearest: where none are, the base point that misses its worst limit by the smallest factor; None if none can be judged.
        unjudged: base points that lack the latency or a figure that is limited.
        unranked: how many variants meet the limits and have no accuracy, while others have one.
    """

    picks: tuple[Pick, ...]
    nearest: pd.Series | None
    unjudged: pd.DataFrame
    unranked: int


def limits(choose: Mapping[str, float]) -> list[Limit]:
    """The limits of the setting `choose`."""
    return [
        Limit(metric, choose[key] / scale, f"{choose[key]:g} {unit}")
        for key, (metric, unit, scale) in _LIMITS.items()
        if key in choose
    ]


def decide(rows: pd.DataFrame, bounds: Sequence[Limit]) -> Decision:
    """The variant to take among the base points of one device.

    It is the most accurate of those that meet every limit with their whole intervals. Of those whose accuracies the intervals
    do not tell from the highest, it is the fastest; where none has an accuracy, it is the fastest of all. Where no interval is
    within every limit, the figures decide in the same way.
    """
    needed = list(dict.fromkeys(["latency", *(limit.metric for limit in bounds)]))
    known = rows[rows[needed].notna().all(axis=1)]
    meeting = _where(known, lambda row: all(limit.allows(row[limit.metric]) for limit in bounds))
    accurate = meeting[meeting["accuracy"].notna()]
    groups = [own for _, own in accurate.groupby(COMPARABLE, sort=False)] or [meeting] * bool(len(meeting))
    nearest = None
    if meeting.empty and len(known):
        nearest = min((row for _, row in known.iterrows()), key=lambda row: max(limit.excess(row) for limit in bounds))
    return Decision(
        picks=tuple(_pick(own, bounds) for own in groups),
        nearest=nearest,
        unjudged=rows.drop(known.index),
        unranked=len(meeting) - len(accurate) if len(accurate) else 0,
    )


def _pick(rows: pd.DataFrame, bounds: Sequence[Limit]) -> Pick:
    """The variant to take of rows whose figures meet every limit."""
    sure = _where(rows, lambda row: all(limit.surely_allows(row) for limit in bounds))
    alike = _most_accurate(sure if len(sure) else rows)
    best, by_figures = _fastest(alike), _fastest(_most_accurate(rows))
    return Pick(
        row=best,
        unsure=tuple(limit for limit in bounds if not limit.surely_allows(best)),
        alike=len(alike),
        by_figures=by_figures if len(sure) and by_figures.name not in sure.index else None,
    )


def _most_accurate(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows whose accuracies the intervals do not tell from the highest; all of them where none has an accuracy."""
    if rows["accuracy"].isna().all():
        return rows
    highest = interval(rows.loc[rows["accuracy"].idxmax()], "accuracy")
    return _where(rows, lambda row: not difference(highest, interval(row, "accuracy")).low > 0)


def _fastest(rows: pd.DataFrame) -> pd.Series:
    return rows.loc[rows["latency"].idxmin()]


def _where(rows: pd.DataFrame, holds: Callable[[pd.Series], bool]) -> pd.DataFrame:
    return rows.loc[[index for index, row in rows.iterrows() if holds(row)]]
