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

from joulesweep.analysis.statistics import slopes
from joulesweep.analysis.statistics.typical_speed import TypicalSpeed, reference_over_baseline
from joulesweep.launches.latency_launch import LatencyLaunch
from joulesweep.launches.latency_row import Corrected
from joulesweep.uncertainty.interval import Interval

_Z_975 = NormalDist().inv_cdf(0.975)

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
        controls = np.array(beside).T
        passes = np.array([math.log(round_.mean_s) for round_ in timing.rounds])
        return cls(passes, (controls[1:] + controls[:-1]) / 2)


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


def adjusted(points: Mapping[Key, Sequence[Rounds]]) -> dict[Key, Adjusted]:
    """The launches of points of one runtime and number of threads on one device, corrected with what all of them teach."""
    if not points:
        return {}
    launches = [rounds for own in points.values() for rounds in own]
    ends = np.cumsum([len(own) for own in points.values()])[:-1]
    passes = np.split(_medians([rounds.passes for rounds in launches]), ends)
    controls = np.split(_medians([rounds.controls for rounds in launches]), ends)
    values, precisions = slopes.of_each_launch(list(zip(passes, controls, strict=True)))
    away = np.concatenate([np.broadcast_to(own.mean(axis=0), own.shape) for own in controls])
    figures = (_less(launches, values), _less(launches, values[:, :1]), values, _unknown(away, precisions))
    return {
        key: Adjusted(
            tuple(seconds.tolist()),
            tuple(by_reference.tolist()),
            float(own[:, 0].mean()),
            float(own[:, 1].mean()) if own.shape[1] > 1 else None,
            float(unknown.mean()),
        )
        for key, seconds, by_reference, own, unknown in zip(
            points, *(np.split(figure, ends) for figure in figures), strict=True
        )
    }


def with_interval(point: Adjusted, drifting: Interval) -> Corrected:
    """The figure of a point with its interval; `drifting` is that of its corrected launches by the drift of their kind."""
    half = math.hypot(math.log(drifting.high / drifting.value), point.unknown)
    wider = Interval(drifting.value, drifting.value * math.exp(-half), drifting.value * math.exp(half))
    return Corrected(point.seconds, point.by_reference, point.slope, point.core_slope, wider)


def _unknown(away: np.ndarray, precisions: np.ndarray) -> np.ndarray:
    """Half width of what is not known of each launch's slopes, z * sqrt(away' covariance away), with the mean controls `away` (M, K)."""
    squared = (slopes.solved(precisions, away) * away).sum(axis=1)
    return _Z_975 * np.sqrt(np.maximum(squared, 0))


def _less(launches: Sequence[Rounds], values: np.ndarray) -> np.ndarray:
    """Seconds per pass of each of M launches, with the part of its first controls taken off by their slopes, (M, first)."""
    first = values.shape[1]
    parts = (rounds.passes - rounds.controls[:, :first] @ own for rounds, own in zip(launches, values, strict=True))
    return np.exp(_medians(list(parts)))


def _medians(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """The median of each array along its first axis; those of equal length together, which is many times faster."""
    lengths = np.array([len(array) for array in arrays])
    found = np.empty((len(arrays), *arrays[0].shape[1:]))
    for length in set(lengths.tolist()):
        places = np.flatnonzero(lengths == length).tolist()
        found[places] = np.median(np.stack([arrays[place] for place in places]), axis=1)
    return found
