"""More threads that make a variant no faster."""

from collections.abc import Iterator
from itertools import pairwise

from joulesweep.analysis.report.points import name_of
from joulesweep.formatting import bracketed, first_of
from joulesweep.merged.base_points import measured
from joulesweep.merged.load import VARIANT, Merged, sweep
from joulesweep.uncertainty.ratio import ratio

_GAIN = 1.1  # times as fast; what stays below it for certain is no gain


def found(merged: Merged) -> Iterator[str]:
    """One sentence over all variants: the first step of each that brings less than `_GAIN`, beyond the interval."""
    rows = merged.sound("latency")
    rows = rows[rows["ci_low_s"].notna()]
    named = []
    for _, group in sweep(rows, "threads").groupby(VARIANT, sort=False):
        for (_, fewer), (_, more) in pairwise(group.iterrows()):
            times = ratio(measured(fewer, "latency"), measured(more, "latency"))
            if times.high < _GAIN:
                faster = bracketed(times.value, times.low, times.high)
                named.append(
                    f"{name_of(more)} from {fewer['threads']:g} to {more['threads']:g} ({faster} times as fast)"
                )
                break
    if named:
        yield (
            f"**More threads do not help**: {'; '.join(first_of(named))}. A likely cause is that one pass is too short to be shared out, that memory is the "
            "limit, or that the device has fewer physical cores than threads."
        )
