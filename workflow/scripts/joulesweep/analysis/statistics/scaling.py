"""How a latency grows along an axis: the slope on logarithms, with its interval."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import t

from joulesweep.interval import Interval

FEWEST = 3


def exponent(axis: Sequence[float], seconds: Sequence[float]) -> Interval:
    """The slope of log(seconds) on log(axis) by least squares, with Student's t 95 % interval of the residuals.

    1 is proportional growth. Needs at least 3 different values of the axis: two leave no residual.
    """
    x, y = np.log(np.asarray(axis, dtype=float)), np.log(np.asarray(seconds, dtype=float))
    x = x - x.mean()
    slope = float(x @ y / (x @ x))
    residuals = y - y.mean() - slope * x
    degrees = len(x) - 2
    error = float(np.sqrt(residuals @ residuals / degrees / (x @ x)))
    half = float(t.ppf(0.975, degrees)) * error
    return Interval(slope, slope - half, slope + half)
