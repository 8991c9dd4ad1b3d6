"""Intervals of points that have few values each, from the spread of all points together.

Two or three windows tell little about the spread of a point: with two degrees of freedom, Student's t is 4.3. The points of a
device are measured in the same way, so their spreads are alike, though not equal. How alike they are is estimated from the
spreads themselves: each variance is taken to come from a scaled inverse chi-squared distribution, which is worth `freedom`
degrees of freedom beside a point's own. So where all points spread alike, an interval is as narrow as if they had been
pooled; where each spreads differently, it stays as wide as its own values make it (Smyth, Linear Models and Empirical Bayes
Methods for Assessing Differential Expression in Microarray Experiments, Statistical Applications in Genetics and Molecular
Biology 3(1), 2004). Its coverage in simulations is in docs/decisions/0020.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from joulesweep.uncertainty.interval import Interval, t_975

_NO_SPREAD = 1e-18  # relative variance below which values are equal, and tell nothing about others


@dataclass(frozen=True)
class Prior:
    """What the points of a device say about the spread of one of them.

    `variance` is the typical variance, of values over their scale. It is worth `freedom` degrees of freedom, infinitely many
    where all points spread alike. `most` is the sum of all points' own degrees: no interval has more.
    """

    variance: float
    freedom: float
    most: int

    def interval(self, values: Sequence[float], scale: float) -> Interval:
        """The mean of independent values with its 95 % interval; `scale` (above 0, in the unit of the values) makes them comparable.

        Both ends are NaN where there are fewer than two values.
        """
        array = np.asarray(values, dtype=float)
        own, centre = len(array) - 1, float(array.mean())
        if own < 1:
            return Interval(centre, math.nan, math.nan)
        variance = self.variance
        if math.isfinite(self.freedom):
            own_variance = float((array / scale).var(ddof=1))
            variance = (self.freedom * self.variance + own * own_variance) / (self.freedom + own)
        freedom = max(own, min(self.freedom + own, self.most))
        half = t_975(math.floor(freedom)) * scale * math.sqrt(variance / len(array))
        return Interval(centre, centre - half, centre + half)


NO_PRIOR = Prior(0.0, 0.0, 0)  # nothing is known of other points: Student's t of a point's own values


def prior(points: Iterable[tuple[Sequence[float], float]]) -> Prior:
    """The prior of points, each with its values and their scale (above 0).

    Points with fewer than two values, or with equal ones, tell nothing; fewer than two points give `NO_PRIOR`.
    """
    spreads = [
        (variance, len(values) - 1)
        for values, scale in points
        if len(values) > 1 and (variance := float((np.asarray(values, dtype=float) / scale).var(ddof=1))) > _NO_SPREAD
    ]
    if len(spreads) < 2:
        return NO_PRIOR
    # The logarithm of a variance, less what its own degrees of freedom add to it on average.
    levels = np.array([math.log(variance) - _digamma(own / 2) + math.log(own / 2) for variance, own in spreads])
    level = float(levels.mean())
    differing = float(levels.var(ddof=1)) - float(np.mean([_trigamma(own / 2) for _, own in spreads]))
    most = sum(own for _, own in spreads)
    if differing <= 0:  # the spreads differ no more than chance makes them
        return Prior(math.exp(level), math.inf, most)
    half = _inverse_trigamma(differing)
    return Prior(math.exp(level + _digamma(half) - math.log(half)), 2 * half, most)


def _digamma(x: float) -> float:
    """The derivative of ln Γ: recurrence, then the asymptotic series (Abramowitz and Stegun 6.3.5, 6.3.18)."""
    below = 0.0
    while x < 8:
        below, x = below - 1 / x, x + 1
    return below + math.log(x) - 1 / (2 * x) - 1 / (12 * x**2) + 1 / (120 * x**4) - 1 / (252 * x**6)


def _trigamma(x: float) -> float:
    """The derivative of the digamma function (Abramowitz and Stegun 6.4.6, 6.4.12)."""
    below = 0.0
    while x < 8:
        below, x = below + 1 / x**2, x + 1
    return below + 1 / x + 1 / (2 * x**2) + 1 / (6 * x**3) - 1 / (30 * x**5) + 1 / (42 * x**7)


def _inverse_trigamma(value: float) -> float:
    """The x whose trigamma is `value` (above 0), by bisection: it falls from infinity to 0."""
    low, high = 1e-6, 1e6
    for _ in range(100):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if _trigamma(middle) > value else (low, middle)
    return low
