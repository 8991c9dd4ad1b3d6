"""How a figure grows along an axis: the slope on logarithms, with its interval."""

from collections.abc import Sequence

import numpy as np

from joulesweep.uncertainty.interval import Interval

FEWEST = 3  # values of the axis; two leave no residual, hence no interval


def exponent(axis: Sequence[float], figures: Sequence[float]) -> Interval:
    """The slope of log(figures) on log(axis) by least squares, with Student's t 95 % interval of the residuals.

    1 is proportional growth.
    """
    from scipy.stats import linregress, t  # takes a second, and most reports fit nothing

    fit = linregress(np.log(np.asarray(axis, dtype=float)), np.log(np.asarray(figures, dtype=float)))
    half = float(t.ppf(0.975, len(axis) - 2)) * float(fit.stderr)
    return Interval(float(fit.slope), float(fit.slope) - half, float(fit.slope) + half)
