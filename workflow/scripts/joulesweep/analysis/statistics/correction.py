"""From raw to corrected latency: how much of what the reference shows a point shares, learned from launches.

Control variates, as in CUPED (Deng et al., Improving the Sensitivity of Online Controlled Experiments, WSDM 2013), on
logarithms: from each round, c times the reference's deviation from the device's typical speed (`typical_speed.py`) is
subtracted. Where the cores are now near each other and now far, the deviation of their distance is a second control. Each point has
its own slope c, because points react differently to the same slowdown: memory-bound or Python-bound points fully or more,
a large matrix product by about a third. Five launches say little about a slope. So a point's slope is drawn towards the
mean slope of all launches with its runtime and number of threads on the device, and that mean towards three quarters, or
towards none for the distance of the cores (random effects): the less the launches say, the more. The launch that is
corrected is left out.

The interval is that of the device's drift (`drift.py`), which the corrected launches show less of, and the uncertainty of
the slopes, in proportion to how far the device was from its typical speed while the point was measured. The trial that chose
the slopes is docs/decisions/0011.

Below, K is the number of controls: 1, or 2 with the distance of the cores.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeVar

import numpy as np

from joulesweep.analysis.statistics.typical_speed import TypicalSpeed, reference_over_baseline
from joulesweep.launches.latency_launch import LatencyLaunch
from joulesweep.launches.latency_row import Corrected
from joulesweep.uncertainty import drift
from joulesweep.uncertainty.drift import Drift
from joulesweep.uncertainty.interval import Interval

_SLOPE, _SLOPE_STD = np.array([0.75, 0.0]), np.array([0.3, 0.5])  # of all launches, before any was seen
_LARGEST = 2.0  # of a slope: the mixture is a mean, and moves less than those of its parts that are slowed most
_POINT_STD = np.array([0.4, 0.4])  # of the points' slopes around that of all
_SPREAD_STD = 0.01  # of launches, once corrected, before any was seen
_WORTH = 4  # launches that this is worth, and that the spread of all is worth beside a point's own
_Z_975 = NormalDist().inv_cdf(0.975)
_TINY = 1e-12  # in place of squares that are zero
_DESCENTS = 20

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Rounds:
    """One launch on logarithms: seconds per pass of each round, (R,), and the controls beside it, (R, K).

    The controls are the reference, and on several cores of unsteady distance that distance, each over the typical one.
    """

    passes: np.ndarray
    controls: np.ndarray

    @classmethod
    def of(cls, launch: LatencyLaunch, baseline_s: Mapping[str, float], typical: TypicalSpeed) -> "Rounds":
        """From a launch that ended ok and the seconds of the reference's parts on the device.

        A launch that could not ask for the distance of its cores is taken to have had the typical one.
        """
        timing = launch.timing
        assert timing is not None
        beside = [reference_over_baseline(timing, baseline_s) - typical.reference]
        if typical.core_distance is not None:
            distance_s = timing.core_distance_s or float(np.exp(typical.core_distance))
            farthest_s = [max(sample, default=distance_s) for sample in timing.core_s] or [distance_s] * len(beside[0])
            beside.append(np.log(farthest_s) - typical.core_distance)
        controls = np.stack(beside, axis=1)
        return cls(np.log(timing.round_s), (controls[1:] + controls[:-1]) / 2)


@dataclass(frozen=True)
class Adjusted:
    """The launches of a point, corrected: seconds per pass of each, and their mean slopes.

    `by_reference` is the same with only the reference's part taken off, which shows whether launches lie on two levels.
    `core_slope` is None where the distance of the cores is no control. `unknown` is the half width, on logarithms, of
    what is not known about the slopes.
    """

    seconds: tuple[float, ...]
    by_reference: tuple[float, ...]
    slope: float
    core_slope: float | None
    unknown: float


@dataclass(frozen=True)
class _Point:
    """N launches of a point on logarithms: seconds per pass, (N,), and the controls, (N, K); medians of the rounds."""

    passes: np.ndarray
    controls: np.ndarray

    def without(self, launch: int | None) -> "_Point":
        """Deviations of both from their means, with one launch left out."""
        keep = np.arange(len(self.passes)) != (-1 if launch is None else launch)
        passes, controls = self.passes[keep], self.controls[keep]
        return _Point(passes - passes.mean(), controls - controls.mean(axis=0))


@dataclass(frozen=True)
class _Slopes:
    """The slopes of the controls, (K,), and the inverse of the covariance of their estimate, (K, K)."""

    value: np.ndarray
    precision: np.ndarray


def adjusted(points: Mapping[Key, Sequence[Rounds]]) -> dict[Key, Adjusted]:
    """The launches of points of one runtime and number of threads on one device, corrected with what all of them teach."""
    medians = {
        key: _Point(
            np.array([np.median(rounds.passes) for rounds in launches]),
            np.array([np.median(rounds.controls, axis=0) for rounds in launches]),
        )
        for key, launches in points.items()
    }
    slopes = {
        key: [_slopes(medians, key, launch) for launch in range(len(point.passes))] for key, point in medians.items()
    }
    return {key: _apply(points[key], slopes[key]) for key in points}


def with_interval(point: Adjusted, times_s: Sequence[float], device_drift: Drift) -> Corrected:
    """The figure of a point with its interval; `device_drift` is that of the corrected launches of its kind."""
    found = drift.interval(times_s, point.seconds, device_drift)
    half = math.hypot(math.log(found.high / found.value), point.unknown)
    wider = Interval(found.value, found.value * math.exp(-half), found.value * math.exp(half))
    return Corrected(point.seconds, point.by_reference, point.slope, point.core_slope, wider)


def _apply(launches: Sequence[Rounds], slopes: Sequence[_Slopes]) -> Adjusted:
    """Half width of the unknown = z * sqrt(away' covariance away), mean over launches, with `away` the controls' mean."""
    away = np.mean([np.median(rounds.controls, axis=0) for rounds in launches], axis=0)
    errors = [math.sqrt(max(float(away @ np.linalg.solve(slope.precision, away)), 0)) for slope in slopes]
    mean = np.mean([slope.value for slope in slopes], axis=0)
    core_slope = float(mean[1]) if len(mean) > 1 else None
    return Adjusted(
        _less(launches, slopes, len(mean)),
        _less(launches, slopes, 1),
        float(mean[0]),
        core_slope,
        _Z_975 * float(np.mean(errors)),
    )


def _less(launches: Sequence[Rounds], slopes: Sequence[_Slopes], controls: int) -> tuple[float, ...]:
    """Seconds per pass of each launch, with the part of its first so many controls taken off."""
    return tuple(
        math.exp(np.median(rounds.passes - rounds.controls[:, :controls] @ slope.value[:controls]))
        for rounds, slope in zip(launches, slopes, strict=True)
    )


def _slopes(points: Mapping[Key, _Point], key: Key, launch: int) -> _Slopes:
    """The slopes of a point from all launches of the group except one of its own."""
    deviations = {other: point.without(launch if other == key else None) for other, point in points.items()}
    spread = _pooled_spread(list(deviations.values()))
    own = {other: _own_slopes(point, spread) for other, point in deviations.items()}
    return _weighted_mean(own[key], list(own.values()))


def _pooled_spread(deviations: Sequence[_Point]) -> float:
    """The variance of launches around slopes that all points share.

    slopes = inv(X'X) X'y of controls X and passes y, within 0 and the largest;
    variance = (sum of squared residuals + worth * expected variance) / (degrees of freedom + worth).
    """
    passes = np.concatenate([point.passes for point in deviations])
    controls = np.concatenate([point.controls for point in deviations])
    slopes = np.clip(np.linalg.solve(_squares(controls), controls.T @ passes), 0, _LARGEST)
    freedom = sum(len(point.passes) - 1 for point in deviations)
    return (float(((passes - controls @ slopes) ** 2).sum()) + _WORTH * _SPREAD_STD**2) / (freedom + _WORTH)


def _own_slopes(point: _Point, spread: float) -> _Slopes:
    """The slopes that a point's own launches show, by least squares.

    slopes = inv(X'X) X'y of controls X and passes y; covariance = variance * inv(X'X), with
    variance = (sum of squared residuals + worth * pooled variance) / (degrees of freedom + worth).
    """
    squares = _squares(point.controls)
    slopes = np.linalg.solve(squares, point.controls.T @ point.passes)
    residual = float(((point.passes - point.controls @ slopes) ** 2).sum()) + _WORTH * spread
    freedom = max(len(point.passes) - 1 - len(slopes), 0)
    return _Slopes(slopes, squares * (freedom + _WORTH) / residual)


def _squares(controls: np.ndarray) -> np.ndarray:
    """X'X, which can be inverted also where a control does not vary."""
    return controls.T @ controls + _TINY * np.eye(controls.shape[1])


def _weighted_mean(own: _Slopes, all_: Sequence[_Slopes]) -> _Slopes:
    """A point's own slopes and the mean slopes of all points, each weighted by the inverse of its covariance.

    mean = inv(sum(W)) sum(W slopes) with W = inv(covariance + that between points), the expected slopes included;
    its covariance for a single point is that between points + inv(sum(W)).
    """
    controls = len(own.value)
    between = np.diag(_POINT_STD[:controls] ** 2)
    expected = np.diag(1 / _SLOPE_STD[:controls] ** 2)
    weights = [np.linalg.inv(np.linalg.inv(slopes.precision) + between) for slopes in all_]
    known = sum(weights) + expected
    weighted = sum(weight @ slopes.value for weight, slopes in zip(weights, all_, strict=True))
    mean = np.linalg.solve(known, weighted + expected @ _SLOPE[:controls])
    mean_weight = np.linalg.inv(between + np.linalg.inv(known))
    precision = own.precision + mean_weight
    value = np.linalg.solve(precision, own.precision @ own.value + mean_weight @ mean)
    return _Slopes(_within_bounds(value, precision), precision)


def _within_bounds(slopes: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """The likeliest slopes from 0 to the largest: where one of two is held at its bound, the other takes over what it can.

    Coordinate descent on (bounded - slopes)' precision (bounded - slopes).
    """
    bounded = np.clip(slopes, 0, _LARGEST)
    for _ in range(_DESCENTS):
        for place in range(len(slopes)):
            pull = precision[place] @ (bounded - slopes) - precision[place, place] * (bounded[place] - slopes[place])
            bounded[place] = np.clip(slopes[place] - pull / precision[place, place], 0, _LARGEST)
    return bounded
