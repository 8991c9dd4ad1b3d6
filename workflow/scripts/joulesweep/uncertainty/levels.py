"""Whether the launches of a point lie on two levels, and which.

Groups are the split of the sorted values that stands out most: the distance of the groups' means over the standard
deviation inside them (Ashman, Bird and Zepf, Detecting Bimodality in Astronomical Datasets, 1994), among splits that leave
at least a tenth of the launches, and three, on either side. The split of values with one level stands out too, the less the
more there are; `_STANDS_OUT` is what a normal and a uniform distribution exceed once in a hundred times
(`validation/simulate.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, log

import numpy as np

from joulesweep.uncertainty.interval import t_975

_FEWEST, _LEAST_SHARE = 3, 0.1
# By the number of launches; in between along its logarithm, and beyond the last as for the last.
_STANDS_OUT = {8: 9.3, 10: 7.5, 12: 6.9, 16: 6.0, 24: 5.4, 48: 4.6, 96: 4.2, 300: 3.8}
_LEAST_RATIO = 1.1  # between the levels; closer ones matter to nobody


@dataclass(frozen=True)
class Levels:
    """Two levels of a latency: geometric means in seconds per pass, the share of launches on the higher one, and why.

    `of_the_cores`: the higher one is that of launches whose cores were far apart.
    """

    low_s: float
    high_s: float
    high_share: float
    of_the_cores: bool


def levels(seconds: Sequence[float], core_distance_s: Sequence[float | None]) -> Levels | None:
    """The levels of a point from the seconds per pass of its launches and the distance of the cores in each; None if one.

    Groups by the distance of the cores come first where they differ in latency, then groups by latency itself.
    """
    logs = np.log(np.asarray(seconds, dtype=float))
    distances = [distance for distance in core_distance_s if distance is not None]
    if len(distances) == len(logs):
        far = _upper_group(np.log(np.array(distances)))
        if far is not None and _is_higher(logs[far], logs[~far]):
            return _of_groups(logs, far, of_the_cores=True)
    high = _upper_group(logs)
    return None if high is None else _of_groups(logs, high, of_the_cores=False)


def are_two(values: Sequence[float]) -> bool:
    """Whether positive values lie on two levels."""
    return _upper_group(np.log(np.asarray(values, dtype=float))) is not None


def standing_out(logs: np.ndarray) -> tuple[float, float]:
    """How much the best split of values stands out, and the largest value of its lower group; (0, nan) of too few."""
    ordered, count = np.sort(logs), len(logs)
    fewest = max(_FEWEST, ceil(_LEAST_SHARE * count))
    below = np.arange(fewest, count - fewest + 1)  # sizes of the lower group
    if not below.size:
        return 0.0, float("nan")
    sums, squares = np.cumsum(ordered), np.cumsum(ordered**2)
    lower = sums[below - 1] / below
    upper = (sums[-1] - sums[below - 1]) / (count - below)
    inside = squares[-1] - below * lower**2 - (count - below) * upper**2
    distance = (upper - lower) / np.sqrt(np.maximum(inside, 1e-12) / (count - 2))
    best = int(np.argmax(distance))
    return float(distance[best]), float(ordered[below[best] - 1])


def _upper_group(logs: np.ndarray) -> np.ndarray | None:
    """Which values are in the upper of two groups; None where there is one group."""
    if len(logs) < min(_STANDS_OUT) or np.ptp(logs) < log(_LEAST_RATIO):
        return None
    distance, largest_below = standing_out(logs)
    asked = float(np.interp(log(len(logs)), list(map(log, _STANDS_OUT)), list(_STANDS_OUT.values())))
    upper = logs > largest_below
    if not upper.any():  # all are equal
        return None
    apart = logs[upper].mean() - logs[~upper].mean() >= log(_LEAST_RATIO)
    return upper if distance > asked and apart else None


def _is_higher(upper: np.ndarray, lower: np.ndarray) -> bool:
    """Whether one group's mean lies above the other's by Student's t, and by as much as matters."""
    degrees = len(upper) + len(lower) - 2
    inside = ((upper - upper.mean()) ** 2).sum() + ((lower - lower.mean()) ** 2).sum()
    error = np.sqrt(inside / degrees * (1 / len(upper) + 1 / len(lower)))
    return bool(upper.mean() - lower.mean() > max(t_975(degrees) * error, log(_LEAST_RATIO)))


def _of_groups(logs: np.ndarray, upper: np.ndarray, of_the_cores: bool) -> Levels:
    return Levels(exp(logs[~upper].mean()), exp(logs[upper].mean()), float(upper.mean()), of_the_cores)
