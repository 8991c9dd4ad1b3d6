"""Intervals between independent values, and how many launches an interval of some width needs.

Rounds inside one process share its memory layout and its moment, so they are no independent sample; launches are
(Kalibera and Jones, Rigorous Benchmarking in Reasonable Time, ISMM 2013), apart from the drift of the device: see
`drift.py`. Latency is multiplicative, so its interval is Student's t on logarithms.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Student's t, two-sided 95 %, by degrees of freedom (any statistics table; scipy.stats.t.ppf(0.975, df) in the tests).
# Written out because the measuring side has no scipy.
_T_975 = (12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139,
          2.200985, 2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922, 2.093024, 2.085963)  # fmt: skip


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval; the ends are NaN where fewer than two launches leave nothing to estimate from."""

    value: float
    low: float
    high: float


def t_975(degrees: int) -> float:
    """Student's t for a two-sided 95 % interval.

    Beyond the table the nearest smaller number of degrees is used, which is on the safe side.

    Raises:
        ValueError: `degrees` is below 1.
    """
    if degrees < 1:
        raise ValueError("an interval needs at least two values")
    return _T_975[min(degrees, len(_T_975)) - 1]


def of_launches(seconds: Sequence[float]) -> Interval:
    """Geometric mean over independent launches with its 95 % interval, all in the unit of `seconds` (positive)."""
    logs = np.log(np.asarray(seconds, dtype=float))
    centre, half = float(logs.mean()), math.nan
    if len(logs) > 1:
        half = t_975(len(logs) - 1) * float(logs.std(ddof=1)) / math.sqrt(len(logs))
    return Interval(math.exp(centre), math.exp(centre - half), math.exp(centre + half))


def further_launches(seconds: Sequence[float], precision: float, most: int) -> int:
    """How many launches to add to a first stage so that the interval's half width is at most `precision` (relative).

    Called once, after the first stage (Stein, A Two-Sample Test for a Linear Hypothesis Whose Power is Independent of the
    Variance, 1945), so that looking spoils the coverage little. At most `most`.
    """
    logs = np.log(np.asarray(seconds, dtype=float))
    spread = float(logs.std(ddof=1))
    needed = math.ceil((t_975(len(logs) - 1) * spread / math.log1p(precision)) ** 2)
    return max(0, min(most, needed - len(logs)))


def of_median(values: Sequence[float]) -> Interval:
    """The median with a 95 % interval between two of the values, whatever their distribution: that of the sign test.

    Conover, Practical Nonparametric Statistics (1999), section 3.2. The ends are NaN below six values.
    """
    ordered = sorted(values)
    count = len(ordered)
    below, outside = 0.0, -1  # the chance that so few values lie below the true median
    while (below := below + math.comb(count, outside + 1) / 2**count) <= 0.025:
        outside += 1
    value = float(np.median(ordered))
    if outside < 0:
        return Interval(value, math.nan, math.nan)
    return Interval(value, ordered[outside], ordered[-1 - outside])
