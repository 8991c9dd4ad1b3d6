"""Intervals of a share of right answers, and of the difference between two shares over the same examples."""

import math
from statistics import NormalDist

import numpy as np

from joulesweep.uncertainty.interval import Interval

_Z_975 = NormalDist().inv_cdf(0.975)


def wilson(right: int, examples: int) -> Interval:
    """The share of right answers with its 95 % interval, which stays within 0 and 1.

    Wilson, Probable Inference, the Law of Succession, and Statistical Inference (1927).
    """
    share, z2 = right / examples, _Z_975**2
    centre = (share + z2 / (2 * examples)) / (1 + z2 / examples)
    half = _Z_975 / (1 + z2 / examples) * math.sqrt(share * (1 - share) / examples + z2 / (4 * examples**2))
    low, high = max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))  # rounding aside, these hold
    return Interval(share, low, high)


def paired_difference(a: np.ndarray, b: np.ndarray) -> Interval:
    """The share of `a` less that of `b`, each 1 or 0 for the same examples in the same order, with its 95 % interval.

    Only the examples count on which the two differ, as in McNemar's test. Adding one to both numbers of such examples makes the
    interval hold for few of them, and even for none: Bonett and Price, Adjusted Wald Confidence Interval for a Difference
    of Binomial Proportions Based on Paired Data, Journal of Educational and Behavioral Statistics 37 (2012).
    """
    count = len(a)
    more, fewer = int((a > b).sum()), int((a < b).sum())
    p, q = (more + 1) / (count + 2), (fewer + 1) / (count + 2)
    half = _Z_975 * math.sqrt((p + q - (p - q) ** 2) / (count + 2))
    value = (more - fewer) / count
    return Interval(value, min(value, p - q - half), max(value, p - q + half))
