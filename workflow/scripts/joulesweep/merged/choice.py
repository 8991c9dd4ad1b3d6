"""Which variant of a device to take, under limits of its costs and its accuracy."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from joulesweep.merged import scores
from joulesweep.merged.base_points import interval
from joulesweep.merged.fronts import COMPARABLE, gain
from joulesweep.uncertainty.ratio import difference

# What each key of `choose` limits, its unit, and how many of these are one unit of the tables; accuracy has those of its metric.
_LIMITS = {
    "max_latency_ms": ("latency", "ms", 1e3),
    "max_energy_mJ": ("energy", "mJ", 1e3),
    "max_memory_MB": ("memory", "MB", 1e-6),
    "max_size_MB": ("weights", "MB", 1e-6),
    "min_accuracy": ("accuracy", "", 1),
}
CHOOSABLE = tuple(metric for metric, _, _ in _LIMITS.values())  # the metrics that can be limited


@dataclass(frozen=True)
class Limit:
    """The most that a cost may be, or the least that accuracy must be.

    Attributes:
        metric: what is limited.
        number: the limit as the configuration has it, in `unit`.
        unit: the unit of the number for people; empty for accuracy, where it is that of the metric of a base point.
        scale: how many of these are one unit of the tables.
    """

    metric: str
    number: float
    unit: str
    scale: float

    @property
    def is_least(self) -> bool:
        """Whether larger figures are within the limit."""
        return self.metric == "accuracy"

    def bound(self, row: pd.Series) -> float:
        """The limit of a base point in the unit of the tables: seconds, joules, bytes, or that of its metric."""
        return self.number / (scores.scale(row["unit"]) if self.is_least else self.scale)

    def words(self, row: pd.Series) -> str:
        """The limit of a base point with its unit."""
        return f"{self.number:g} {row['unit'] if self.is_least else self.unit}".strip()

    def allows(self, row: pd.Series) -> bool:
        """Whether the figure of a base point is within the limit; NaN is not."""
        return self._holds(row, row[self.metric])

    def surely_allows(self, row: pd.Series) -> bool:
        """Whether the whole 95 % interval of a base point's figure is within the limit."""
        figure = interval(row, self.metric)
        return self._holds(row, figure.low if self.is_least else figure.high)

    def excess(self, row: pd.Series) -> float:
        """By which factor a base point misses the limit: 1 where it is within, infinite where its accuracy is not above 0."""
        if self.allows(row):
            return 1.0
        bound, value = self.bound(row), row[self.metric]
        larger, smaller = (bound, value) if self.is_least else (value, bound)
        return larger / smaller if smaller > 0 else math.inf

    def _holds(self, row: pd.Series, value: float) -> bool:
        bound = self.bound(row)
        return bool(value >= bound if self.is_least else value <= bound)


@dataclass(frozen=True)
class Pick:
    """The variant to take of those on one data set and by one metric, or of all where none has an accuracy.

    Attributes:
        row: its base point.
        unsure: the limits that it meets by its figure only, not by its interval. If there are some, no variant does better.
        alike: how many variants, this one included, have an accuracy that the intervals do not tell from the best.
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
        picks: one per data set and metric, or one in all where none has an accuracy; empty where no figures are within every limit.
        nearest: where none are, the base point that misses its worst limit by the smallest factor; None if none can be judged.
        unjudged: base points that lack the latency or a figure that is limited.
        unranked: how many variants meet the limits and have no accuracy, while others have one.
        unmet: a base point of each data set and metric of which no variant meets every limit, while one of another does.
        less_is_better: base points of which no least accuracy can be asked, because less of their metric is better.
    """

    picks: tuple[Pick, ...]
    nearest: pd.Series | None
    unjudged: pd.DataFrame
    unranked: int
    unmet: tuple[pd.Series, ...]
    less_is_better: pd.DataFrame


def limits(choose: Mapping[str, float]) -> list[Limit]:
    """The limits of the setting `choose`."""
    return [Limit(metric, choose[key], unit, scale) for key, (metric, unit, scale) in _LIMITS.items() if key in choose]


def decide(rows: pd.DataFrame, bounds: Sequence[Limit]) -> Decision:
    """The variant to take among the base points of one device.

    It is the most accurate of those that meet every limit with their whole intervals. Of those whose accuracies the intervals
    do not tell from the best, it is the fastest; where none has an accuracy, it is the fastest of all. Where no interval is
    within every limit, the figures decide in the same way.
    """
    less_is_better = rows[(rows["higher_is_better"] == 0) & any(limit.is_least for limit in bounds)]
    judged = rows.drop(less_is_better.index)
    needed = list(dict.fromkeys(["latency", *(limit.metric for limit in bounds)]))
    known = judged[judged[needed].notna().all(axis=1)]
    meeting = _where(known, lambda row: all(limit.allows(row) for limit in bounds))
    accurate = meeting[meeting["accuracy"].notna()]
    groups = _comparable(accurate) or [meeting] * bool(len(meeting))
    unmet = [own.iloc[0] for own in _comparable(known) if len(accurate) and not own.index.isin(accurate.index).any()]
    nearest = None
    if meeting.empty and len(known):
        nearest = min((row for _, row in known.iterrows()), key=lambda row: max(limit.excess(row) for limit in bounds))
    return Decision(
        picks=tuple(_pick(own, bounds) for own in groups),
        nearest=nearest,
        unjudged=judged.drop(known.index),
        unranked=len(meeting) - len(accurate) if len(accurate) else 0,
        unmet=tuple(unmet),
        less_is_better=less_is_better,
    )


def _comparable(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """The rows with an accuracy, those of each data set and metric apart."""
    return [own for _, own in rows[rows["accuracy"].notna()].groupby(COMPARABLE, sort=False)]


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
    """The rows whose accuracies the intervals do not tell from the best; all of them where none has an accuracy."""
    if rows["accuracy"].isna().all():
        return rows
    best = max((gain(row) for _, row in rows.iterrows()), key=lambda each: each.value)
    return _where(rows, lambda row: not difference(best, gain(row)).low > 0)


def _fastest(rows: pd.DataFrame) -> pd.Series:
    return rows.loc[rows["latency"].idxmin()]


def _where(rows: pd.DataFrame, holds: Callable[[pd.Series], bool]) -> pd.DataFrame:
    return rows.loc[[index for index, row in rows.iterrows() if holds(row)]]
