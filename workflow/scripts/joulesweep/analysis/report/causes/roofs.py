"""What limits the speed of each variant, in words, by the roofline model."""

from collections.abc import Iterator

import pandas as pd

from joulesweep.analysis.report.markdown import text
from joulesweep.formatting import digits, enumeration, first_of, percent, plural, si
from joulesweep.merged.load import Merged
from joulesweep.merged.roofline import COMPUTE, MEMORY, OVERHEAD, low_roofs, placed, roofs

_NEAR = 0.7  # of the roof, from which it is called the limit
_LIMITS = {COMPUTE: "arithmetic", MEMORY: "memory"}


def sentences(merged: Merged) -> list[str]:
    """The roofs of each device and how near each variant comes; and which roofs are too low to say anything."""
    rows = placed(merged)
    lines = [
        line
        for (device, threads), own in rows.groupby(["device", "threads"], sort=False)
        for line in _of_device(merged, str(device), int(threads), own)
    ]
    return [*lines, *_too_low(merged)]


def _of_device(merged: Merged, device: str, threads: int, rows: pd.DataFrame) -> Iterator[str]:
    roof = roofs(merged, device)[threads]
    where = f"{text(device)}, {plural(threads, 'thread')}"
    yield (
        f"**{where}:** numpy reaches {si(roof.flops_per_s, 'FLOP/s')} and {si(roof.bytes_per_s, 'B/s')}, so memory is the lower limit below "
        f"{digits(roof.ridge, 2)} FLOPs per byte, and arithmetic above."
    )
    reached = rows["reached"].round(2)  # as it is shown
    for bound, limit in _LIMITS.items():
        own = rows["bound"] == bound
        if named := _named(rows[own & (reached >= _NEAR)]):
            yield f"{where}: {limit} limits the speed of {named}."
        if named := _named(rows[own & (reached < _NEAR)]):
            yield f"{where}: {limit} is the lower limit, but not a close one, for {named}."
    if named := _named(rows[rows["bound"] == OVERHEAD]):
        yield f"{where}: far below the limit: {named}. Many small operators or slow kernels are the likely causes."


def _named(rows: pd.DataFrame) -> str:
    """The variants, each with the share of its limit that it reaches."""
    names = [f"{text(f'{row.model} @ {row.runtime}')} ({percent(row.reached)})" for row in rows.itertuples()]
    return enumeration(first_of(names))


def _too_low(merged: Merged) -> Iterator[str]:
    for row in low_roofs(merged):
        yield (
            f"{text(str(row['device']))}: numpy multiplies matrices more slowly than {text(f'{row.model} @ {row.runtime}')} computes, which does "
            f"{digits(row['times_level'], 2)} times as many FLOPs per second. So numpy does not show what this device can do, and nothing is "
            "concluded here. A numpy with a faster library for matrix products (as that from PyPI) would."
        )
