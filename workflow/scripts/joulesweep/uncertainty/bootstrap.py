"""The percentile bootstrap: the interval of a statistic over examples, whatever the statistic is."""

import math
from collections.abc import Callable

import numpy as np

from joulesweep.uncertainty.interval import Interval

RESAMPLES = 2000


def interval(statistic: Callable[[np.ndarray], float], count: int) -> Interval:
    """A statistic of `count` examples with its 95 % interval: that of 2000 seeded samples of as many examples, drawn with replacement.

    `statistic` takes the places of the examples and returns a number; NaN where it is undefined, as a correlation of equal
    values is. The ends are NaN where fewer than two examples leave nothing to estimate from.

    Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 13.3. The interval is widened where it does not
    hold the figure itself.
    """
    value = statistic(np.arange(count))
    generator = np.random.default_rng(0)
    draws = np.array([statistic(generator.integers(0, count, count)) for _ in range(RESAMPLES)])
    draws = draws[np.isfinite(draws)]
    if count < 2 or not len(draws) or math.isnan(value):
        return Interval(value, math.nan, math.nan)
    low, high = np.percentile(draws, (2.5, 97.5))
    return Interval(value, min(value, float(low)), max(value, float(high)))
