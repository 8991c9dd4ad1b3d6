"""The ratio and the difference of two independent figures, each with an interval: the halves add up as squares."""

import math

from joulesweep.uncertainty.interval import Interval


def ratio(a: Interval, b: Interval) -> Interval:
    """a over b, both with intervals that are symmetric on logarithms. NaN ends where one has no interval."""
    half = math.hypot(*(math.log(each.high / each.low) / 2 if each.low > 0 else math.nan for each in (a, b)))
    value = a.value / b.value
    return Interval(value, value * math.exp(-half), value * math.exp(half))


def difference(a: Interval, b: Interval) -> Interval:
    """a less b, with an interval that is symmetric about it. NaN ends where one has no interval."""
    half = math.hypot((a.high - a.low) / 2, (b.high - b.low) / 2)
    value = a.value - b.value
    return Interval(value, value - half, value + half)
