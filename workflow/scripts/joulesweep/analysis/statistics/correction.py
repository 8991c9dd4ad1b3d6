"""From raw to corrected latency: how much of what the reference shows a point shares, learned from launches.

Control variates, as in CUPED (Deng et al., Improving the Sensitivity of Online Controlled Experiments, WSDM 2013), on
logarithms: from each round c times the reference's deviation from the device's level is taken off. A point has one
slope c of its own, because points share the reference's slowdowns unlike: what waits for memory or for Python shares all
or more, a large matrix product a third. Five launches tell little about a slope, so that of a point is drawn towards that of all
launches with its runtime and number of threads on the device, and theirs towards three quarters (random effects), the more
the less the launches say. The launch that is corrected is left out.

The interval is for what another job would find. The launches of one share its moment, so their spread alone tells too
little: a variance that they share is added, and what is not known about c, in proportion to how far the device was from
its level. The trial that chose all this is docs/decisions/0011.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from joulesweep import interval
from joulesweep.analysis.merge.launch_records import Launched
from joulesweep.analysis.merge.read_table import Row
from joulesweep.interval import Interval

_SLOPE, _SLOPE_STD = 0.75, 0.3  # of all launches, before any was seen
_LARGEST = 2.0  # of a slope: the mixture is a mean, and moves less than those of its parts that are slowed most
_POINT_STD = 0.4  # of the points' slopes around that of all
_SPREAD_STD = 0.01  # of launches, once corrected, before any was seen
_WORTH = 4  # launches that this is worth, and that the spread of all is worth beside a point's own
_SHARED = 0.6  # variance that launches of one job share, over that between them
_Z_975 = 1.959964

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Corrected:
    """A point after correction: seconds a pass of each launch, the slope (mean over launches), and the interval."""

    seconds: list[float]
    slope: float
    interval: Interval


@dataclass(frozen=True)
class _Point:
    """Launches of a point on logarithms: seconds a pass and the reference, medians of the rounds."""

    passes: np.ndarray
    reference: np.ndarray

    def without(self, launch: int | None) -> tuple[np.ndarray, np.ndarray]:
        """Deviations of both from their means, one launch left out."""
        keep = np.arange(len(self.passes)) != (-1 if launch is None else launch)
        return self.passes[keep] - self.passes[keep].mean(), self.reference[keep] - self.reference[keep].mean()


def corrected(points: Mapping[Key, Launched]) -> dict[Key, Corrected]:
    """The points of one runtime and number of threads on one device, corrected with what all of their launches teach."""
    medians = {
        key: _Point(
            np.array([np.median(one.passes) for one in launched.launches]),
            np.array([np.median(one.reference) for one in launched.launches]),
        )
        for key, launched in points.items()
    }
    slopes = {
        key: [_slope(medians, key, launch) for launch in range(len(point.passes))] for key, point in medians.items()
    }
    return {key: _apply(points[key], slopes[key]) for key in points}


def _apply(launched: Launched, slopes: Sequence[tuple[float, float]]) -> Corrected:
    logs = [
        float(np.median(one.passes - slope * one.reference))
        for one, (slope, _) in zip(launched.launches, slopes, strict=True)
    ]
    seconds = [math.exp(value) for value in logs]
    between = _for_another_job(interval.of_launches(seconds, launched.first_stage), len(seconds))
    away = float(np.mean([np.median(one.reference) for one in launched.launches]))
    unknown = _Z_975 * float(np.mean([std for _, std in slopes])) * abs(away)
    half = math.hypot(math.log(between.high / between.value), unknown)
    found = Interval(between.value, between.value * math.exp(-half), between.value * math.exp(half))
    return Corrected(seconds, float(np.mean([slope for slope, _ in slopes])), found)


def _for_another_job(one: Interval, launches: int) -> Interval:
    """An interval from the spread between the launches of a job, widened by what they share."""
    wider = math.sqrt(1 + launches * _SHARED)
    return Interval(one.value, one.value * (one.low / one.value) ** wider, one.value * (one.high / one.value) ** wider)


def _slope(points: Mapping[Key, _Point], key: Key, launch: int) -> tuple[float, float]:
    """The slope of a point, and its standard deviation, from all launches but one of its own."""
    deviations = {other: point.without(launch if other == key else None) for other, point in points.items()}
    passes, reference = (np.concatenate(parts) for parts in zip(*deviations.values(), strict=True))
    common = np.clip(passes @ reference / max(reference @ reference, 1e-12), 0, _LARGEST)
    freedom = sum(len(own) - 1 for own, _ in deviations.values())
    spread = (float(((passes - common * reference) ** 2).sum()) + _WORTH * _SPREAD_STD**2) / (freedom + _WORTH)
    evidence = {}  # a point's own slope and the variance of what it says
    for other, (own, beside) in deviations.items():
        squares = max(float(beside @ beside), 1e-12)
        slope = float(own @ beside) / squares
        residual = float(((own - slope * beside) ** 2).sum()) + _WORTH * spread
        evidence[other] = slope, residual / (max(len(own) - 2, 0) + _WORTH) / squares
    weights = {other: 1 / (variance + _POINT_STD**2) for other, (_, variance) in evidence.items()}
    known = sum(weights.values()) + 1 / _SLOPE_STD**2
    mean = (sum(weights[other] * evidence[other][0] for other in points) + _SLOPE / _SLOPE_STD**2) / known
    slope, variance = evidence[key]
    own_weight, drawn_weight = 1 / variance, 1 / (_POINT_STD**2 + 1 / known)
    found = (own_weight * slope + drawn_weight * mean) / (own_weight + drawn_weight)
    return float(np.clip(found, 0, _LARGEST)), (own_weight + drawn_weight) ** -0.5


def of_rows(
    rows: Sequence[tuple[str, int, Row]], launched: Mapping[tuple[str, int], Launched]
) -> list[tuple[str, int, Row]]:
    """Rows of latency with `corrected_s`, its interval, `correction` (the slope) and `throughput_per_s` (examples a second).

    `launched` has the launches behind a row by its file and line. A row without them is raw, its interval widened by what
    the launches of a job share, and its slope unknown.
    """
    groups: dict[tuple[object, ...], dict[tuple[str, int], Launched]] = {}
    for file, line, row in rows:
        if (file, line) in launched:
            groups.setdefault((row["device"], row["runtime"], row["threads"]), {})[file, line] = launched[file, line]
    found = {place: one for group in groups.values() for place, one in corrected(group).items()}
    return [(file, line, {**row, **_columns(row, found.get((file, line)))}) for file, line, row in rows]


def _columns(row: Row, found: Corrected | None) -> dict[str, Any]:
    value, low, high = _ends(row, found)
    known = isinstance(value, float) and isinstance(row["batch"], int)
    return {
        "corrected_s": value,
        "ci_low_s": low,
        "ci_high_s": high,
        "correction": found.slope if found else None,
        "throughput_per_s": row["batch"] / value if known else None,
    }


def _ends(row: Row, found: Corrected | None) -> tuple[Any, Any, Any]:
    """The figure and the ends of its interval: corrected, or the raw ones where there are no launches, for another job too."""
    if found:
        return found.interval.value, found.interval.low, found.interval.high
    value, low, high, launches = row["raw_s"], row["raw_ci_low_s"], row["raw_ci_high_s"], row["launches"]
    if isinstance(value, float) and isinstance(low, float) and isinstance(high, float) and isinstance(launches, int):
        one = _for_another_job(Interval(value, low, high), launches)
        return one.value, one.low, one.high
    return value, low, high
