"""From raw to corrected latency: how much of what the reference shows a point shares, learned from launches.

Control variates, as in CUPED (Deng et al., Improving the Sensitivity of Online Controlled Experiments, WSDM 2013), on
logarithms: from each round, c times the reference's deviation from the device's baseline is subtracted. Each point has
its own slope c, because points react differently to the same slowdown: memory-bound or Python-bound points fully or more,
a large matrix product by about a third. Five launches say little about a slope. So a point's slope is drawn towards the
mean slope of all launches with its runtime and number of threads on the device, and that mean towards three quarters
(random effects): the less the launches say, the more. The launch that is corrected is left out.

The interval is that of the device's drift (`drift.py`), which the corrected launches show less of, and the uncertainty of
c, in proportion to how far the device was from its baseline. The trial that chose the slopes is docs/decisions/0011.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeVar

import numpy as np

from joulesweep.launches.latency_launch import LatencyLaunch
from joulesweep.launches.latency_row import Corrected
from joulesweep.uncertainty import drift
from joulesweep.uncertainty.drift import Drift
from joulesweep.uncertainty.interval import Interval

_SLOPE, _SLOPE_STD = 0.75, 0.3  # of all launches, before any was seen
_LARGEST = 2.0  # of a slope: the mixture is a mean, and moves less than those of its parts that are slowed most
_POINT_STD = 0.4  # of the points' slopes around that of all
_SPREAD_STD = 0.01  # of launches, once corrected, before any was seen
_WORTH = 4  # launches that this is worth, and that the spread of all is worth beside a point's own
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
class Adjusted:
    """The launches of a point, corrected: seconds per pass of each, and their mean slope.

    `unknown` is the half width, on logarithms, of what is not known about the slope.
    """

    seconds: tuple[float, ...]
    slope: float
    unknown: float


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


def adjusted(points: Mapping[Key, Sequence[Rounds]]) -> dict[Key, Adjusted]:
    """The launches of points of one runtime and number of threads on one device, corrected with what all of them teach."""
    medians = {
        key: _Point(
            np.array([np.median(rounds.passes) for rounds in launches]),
            np.array([np.median(rounds.reference) for rounds in launches]),
        )
        for key, launches in points.items()
    }
    slopes = {
        key: [_slope(medians, key, launch) for launch in range(len(point.passes))] for key, point in medians.items()
    }
    return {key: _apply(points[key], slopes[key]) for key in points}


def with_interval(point: Adjusted, times_s: Sequence[float], device_drift: Drift) -> Corrected:
    """The figure of a point with its interval; `device_drift` is that of the corrected launches of its kind."""
    found = drift.interval(times_s, point.seconds, device_drift)
    half = math.hypot(math.log(found.high / found.value), point.unknown)
    wider = Interval(found.value, found.value * math.exp(-half), found.value * math.exp(half))
    return Corrected(point.seconds, point.slope, wider)


def _apply(launches: Sequence[Rounds], slopes: Sequence[_Slope]) -> Adjusted:
    logs = [
        float(np.median(rounds.passes - slope.value * rounds.reference))
        for rounds, slope in zip(launches, slopes, strict=True)
    ]
    away = float(np.mean([np.median(rounds.reference) for rounds in launches]))
    unknown = _Z_975 * float(np.mean([math.sqrt(slope.variance) for slope in slopes])) * abs(away)
    return Adjusted(tuple(map(math.exp, logs)), float(np.mean([slope.value for slope in slopes])), unknown)


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
