"""How fast a device typically is, by what stands beside its launches: the reference, and the distance of its cores.

Corrected latency is the latency at the typical speed, so that all points of a device are compared at one speed, whenever
they were measured. The typical speed is the mean over all used launches of the device and not its first minutes: the farther a launch is from the
speed that it is corrected to, the more the uncertainty of its slopes matters.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

import numpy as np

from joulesweep.launches.latency_launch import LatencyLaunch, Timing
from joulesweep.uncertainty.levels import are_two


@dataclass(frozen=True)
class TypicalSpeed:
    """Means of logarithms over launches: of the reference over its baseline, and of the cores' distance in seconds.

    `core_distance` is None where the launches found one distance, or did not ask for it.
    """

    reference: float
    core_distance: float | None


def reference_over_baseline(timing: Timing, baseline_s: Mapping[str, float]) -> np.ndarray:
    """Logarithm of each sample of the reference over the baseline, mean over its parts: one more than rounds."""
    baseline = math.prod(baseline_s[part] for part in timing.parts)
    return np.array([math.log(math.prod(sample) / baseline) / len(timing.parts) for sample in timing.samples])


def typical_speed(launches: Iterable[LatencyLaunch], baseline_s: Mapping[str, float]) -> TypicalSpeed:
    """The typical speed beside used launches with the same reference, at least one; `baseline_s` as its parts' seconds."""
    timings = [launch.timing for launch in launches if launch.timing]
    references = [median(reference_over_baseline(timing, baseline_s).tolist()) for timing in timings]
    distances = [timing.core_distance_s for timing in timings if timing.core_distance_s is not None]
    cores = float(np.log(distances).mean()) if distances and are_two(distances) else None
    return TypicalSpeed(float(np.mean(references)), cores)
