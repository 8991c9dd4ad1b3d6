"""From raw to corrected latency: how much of what the reference shows a point shares, learned from launches.

Control variates, as in CUPED (Deng et al., Improving the Sensitivity of Online Controlled Experiments, WSDM 2013), on
logarithms: from each round, c times the reference's deviation from the device's baseline is subtracted. Each point has
its own slope c, because points react differently to the same slowdown: memory-bound or Python-bound points fully or more,
a large matrix product by about a third. Five launches say little about a slope. So a point's slope is drawn towards the
mean slope of all launches with its runtime and number of threads on the device, and that mean towards three quarters
(random effects): the less the launches say, the more. The launch that is corrected is left out.

The interval is for a repeated run. The launches of a run share its moment, so their spread tells too little: a variance
that they share is added, and the uncertainty of c, in proportion to how far the device was from its baseline. The trial
that chose all this is docs/decisions/0011.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeVar

import numpy as np

from joulesweep import interval
from joulesweep.interval import Interval
from joulesweep.launches.latency_launch import LatencyLaunch
from joulesweep.launches.latency_row import Corrected

_SLOPE, _SLOPE_STD = 0.75, 0.3  # of all launches, before any was seen
_LARGEST = 2.0  # of a slope: the mixture is a mean, and moves less than those of its parts that are slowed most
_POINT_STD = 0.4  # of the points' slopes around that of all
_SPREAD_STD = 0.01  # of launches, once corrected, before any was seen
_WORTH = 4  # launches that this is worth, and that the spread of all is worth beside a point's own
_SHARED = 0.6  # variance that launches of one job share, over that between them
_Z_975 = NormalDist().inv_cdf(0.975)
_TINY = 1e-12  # in place of squares that are zero

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Rounds:
    """One launch on logarithms, a value per round: seconds per pass, and the reference beside it over its baseline."""

    passes: np.ndarray
    reference: np.ndarray

    @classmethod
    def of(cls, launch: LatencyLaunch, baseline_s: Mapping[str, float]) -> "Rounds":
        """From a launch that ended ok and the seconds of the reference's parts on the device."""
        timing = launch.timing
        assert timing is not None
        samples = np.log(np.array(timing.samples)) - np.log([baseline_s[part] for part in timing.parts])
        mixture = samples.mean(axis=1)
        return cls(np.log(timing.round_s), (mixture[1:] + mixture[:-1]) / 2)


@dataclass(frozen=True)
class Launched:
    """The used launches of a point in the order in which they were made, and how many of them are the first stage."""

    launches: tuple[Rounds, ...]
    first_stage: int

    @classmethod
    def of(cls, launches: Sequence[LatencyLaunch], first_stage: int, baseline_s: Mapping[str, float]) -> "Launched":
        """From launches that ended ok."""
        return cls(tuple(Rounds.of(launch, baseline_s) for launch in launches), first_stage)


@dataclass(frozen=True)
class _Point:
    """Launches of a point on logarithms: seconds per pass and the reference, medians of the rounds."""

    passes: np.ndarray
    reference: np.ndarray

    def without(self, launch: int | None) -> "_Point":
        """Deviations of both from their means, with one launch left out."""
        keep = np.arange(len(self.passes)) != (-1 if launch is None else launch)
        return _Point(self.passes[keep] - self.passes[keep].mean(), self.reference[keep] - self.reference[keep].mean())


@dataclass(frozen=True)
class _Slope:
    """A slope and the variance of its estimate."""

    value: float
    variance: float


def corrected(points: Mapping[Key, Launched]) -> dict[Key, Corrected]:
    """The points of one runtime and number of threads on one device, corrected with what all their launches teach."""
    medians = {
        key: _Point(
            np.array([np.median(rounds.passes) for rounds in launched.launches]),
            np.array([np.median(rounds.reference) for rounds in launched.launches]),
        )
        for key, launched in points.items()
    }
    slopes = {
        key: [_slope(medians, key, launch) for launch in range(len(point.passes))] for key, point in medians.items()
    }
    return {key: _apply(points[key], slopes[key]) for key in points}


def uncorrected(raw: Interval, launches: int) -> Corrected:
    """The figure of a point whose launches are not there: raw, its interval widened for a repeated run."""
    return Corrected((), None, _for_repeated_run(raw, launches))


def _apply(launched: Launched, slopes: Sequence[_Slope]) -> Corrected:
    logs = [
        float(np.median(rounds.passes - slope.value * rounds.reference))
        for rounds, slope in zip(launched.launches, slopes, strict=True)
    ]
    seconds = tuple(math.exp(value) for value in logs)
    between = _for_repeated_run(interval.of_launches(seconds, launched.first_stage), len(seconds))
    away = float(np.mean([np.median(rounds.reference) for rounds in launched.launches]))
    unknown = _Z_975 * float(np.mean([math.sqrt(slope.variance) for slope in slopes])) * abs(away)
    half = math.hypot(math.log(between.high / between.value), unknown)
    widened = Interval(between.value, between.value * math.exp(-half), between.value * math.exp(half))
    return Corrected(seconds, float(np.mean([slope.value for slope in slopes])), widened)


def _for_repeated_run(raw: Interval, launches: int) -> Interval:
    """An interval from the spread between the launches of a run, widened by what these share."""
    wider = math.sqrt(1 + launches * _SHARED)
    return Interval(raw.value, raw.value * (raw.low / raw.value) ** wider, raw.value * (raw.high / raw.value) ** wider)


def narrowing(launches: int, more: int) -> float:
    """Half width of the interval with `more` launches over that with `launches`, if the spread between them stays.

    Both at least 2. Does not go to 0: what the launches of one job share stays, however many there are.
    """
    half, wider = (interval.t_975(n - 1) * math.sqrt(1 / n + _SHARED) for n in (more, launches))
    return half / wider


def _slope(points: Mapping[Key, _Point], key: Key, launch: int) -> _Slope:
    """The slope of a point from all launches of the group except one of its own."""
    deviations = {other: point.without(launch if other == key else None) for other, point in points.items()}
    spread = _pooled_spread(list(deviations.values()))
    own = {other: _own_slope(point, spread) for other, point in deviations.items()}
    return _weighted_mean(own[key], list(own.values()))


def _pooled_spread(deviations: Sequence[_Point]) -> float:
    """The variance of launches around one slope that all points share.

    slope = sum(passes * reference) / sum(reference^2), within 0 and the largest;
    variance = (sum of squared residuals + worth * expected variance) / (degrees of freedom + worth).
    """
    passes = np.concatenate([point.passes for point in deviations])
    reference = np.concatenate([point.reference for point in deviations])
    slope = np.clip(passes @ reference / max(reference @ reference, _TINY), 0, _LARGEST)
    freedom = sum(len(point.passes) - 1 for point in deviations)
    return (float(((passes - slope * reference) ** 2).sum()) + _WORTH * _SPREAD_STD**2) / (freedom + _WORTH)


def _own_slope(point: _Point, spread: float) -> _Slope:
    """The slope that a point's own launches show, by least squares.

    slope = sum(passes * reference) / sum(reference^2);
    variance = (sum of squared residuals + worth * pooled variance) / (degrees of freedom + worth) / sum(reference^2).
    """
    squares = max(float(point.reference @ point.reference), _TINY)
    slope = float(point.passes @ point.reference) / squares
    residual = float(((point.passes - slope * point.reference) ** 2).sum()) + _WORTH * spread
    return _Slope(slope, residual / (max(len(point.passes) - 2, 0) + _WORTH) / squares)


def _weighted_mean(own: _Slope, all_: Sequence[_Slope]) -> _Slope:
    """A point's own slope and the mean slope of all points, each weighted by the inverse of its variance.

    mean = sum(w * slope) / sum(w) with w = 1 / (variance + variance between points), the expected slope included;
    its variance for a single point is that between points + 1 / sum(w).
    """
    weights = [1 / (slope.variance + _POINT_STD**2) for slope in all_]
    known = sum(weights) + 1 / _SLOPE_STD**2
    weighted = sum(weight * slope.value for weight, slope in zip(weights, all_, strict=True))
    mean = (weighted + _SLOPE / _SLOPE_STD**2) / known
    own_weight, mean_weight = 1 / own.variance, 1 / (_POINT_STD**2 + 1 / known)
    value = (own_weight * own.value + mean_weight * mean) / (own_weight + mean_weight)
    return _Slope(float(np.clip(value, 0, _LARGEST)), 1 / (own_weight + mean_weight))
