"""The ratio of two independent figures, each with an interval that is symmetric on logarithms."""

import math

from joulesweep.uncertainty.interval import Interval


def ratio(a: Interval, b: Interval) -> Interval:
    """a over b: the halves of the two intervals add up as squares, on logarithms. NaN ends where one has no interval."""
    half = math.hypot(*(math.log(each.high / each.low) / 2 if each.low > 0 else math.nan for each in (a, b)))
    value = a.value / b.value
    return Interval(value, value * math.exp(-half), value * math.exp(half))
