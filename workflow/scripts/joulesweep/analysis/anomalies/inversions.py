"""Models with fewer FLOPs that take longer, beyond their intervals, and what speaks for the cause.

By the roofline model where the device's roofs were measured (`merged/roofline.py`). Otherwise by the bytes that the model moves for its
FLOPs: with many it probably waits for memory, with few for the work around many small operators.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from joulesweep.analysis.report.markdown import text
from joulesweep.formatting import digits, percent, plural, si, with_interval
from joulesweep.merged.base_points import model_counts
from joulesweep.merged.load import VARIANT, Merged
from joulesweep.merged.roofline import COMPUTE, MEMORY, OVERHEAD, placed
from joulesweep.uncertainty.intervals import Intervals

_FEWER = 1.25  # times as many FLOPs; closer than that is no inversion
_SLOWER_AT = 1.5  # times as many FLOPs per byte, from which memory is named as the cause
_MOST = 3  # pairs that are named in a runtime


def found(merged: Merged, points: pd.DataFrame) -> Iterator[str]:
    """One sentence per device and runtime with such pairs, the strongest first."""
    counts = model_counts(merged)
    bounds = placed(merged).set_index(VARIANT)
    for (device, runtime), rows in points.groupby(["device", "runtime"], sort=False):
        rows = rows[(rows["flops"] > 0) & rows["latency_low"].notna()]
        pairs = _inverted(rows)
        if pairs:
            named = "; ".join(_words(rows.iloc[a], rows.iloc[b], counts, bounds) for a, b in pairs[:_MOST])
            more = f"; and {plural(len(pairs) - _MOST, 'further pair')}" if len(pairs) > _MOST else ""
            yield f"**Fewer FLOPs, yet slower**, in {text(runtime)} on {text(device)}: {named}{more}."


def _by_roof(row: pd.Series) -> str:
    """What the slower model waits for, by the roofs of its device."""
    share = percent(row["reached"])
    of_roof = (
        f"{share} of the FLOPs per second that this device allows at {digits(row['flops_per_byte'], 2)} FLOPs per byte"
    )
    return {
        OVERHEAD: f"the first does only {of_roof}, so many small operators or slow kernels are a likely cause",
        MEMORY: f"the first does {of_roof}, where memory is the nearest limit",
        COMPUTE: f"the first does {of_roof}, where arithmetic is the nearest limit",
    }[row["bound"]]


def _inverted(rows: pd.DataFrame) -> list[tuple[int, int]]:
    """The places of pairs of which the first has clearly fewer FLOPs and takes longer beyond the intervals; the strongest first."""
    flops, latency = (rows[name].to_numpy(dtype=float) for name in ("flops", "latency"))
    times = Intervals(latency, *(rows[f"latency_{end}"].to_numpy(dtype=float) for end in ("low", "high")))
    pairs = []
    for place in range(len(rows)):
        inverted = (flops[place] * _FEWER <= flops) & (times[place].ratio(times).low > 1)
        strength = latency[place] / latency * flops / flops[place]
        pairs += [(float(strength[other]), place, int(other)) for other in np.flatnonzero(inverted)]
    return [(place, other) for _, place, other in sorted(pairs, key=lambda pair: -pair[0])]


def _words(a: pd.Series, b: pd.Series, counts: pd.DataFrame, bounds: pd.DataFrame) -> str:
    sides = [
        f"{text(str(row['model']))} ({si(row['flops'], 'FLOP')}, {with_interval(row['latency'], row['latency_low'], row['latency_high'], 1e3, 'ms')}, "
        f"{si(row['flops'] / row['latency'], 'FLOP/s')})"
        for row in (a, b)
    ]
    variant = tuple(a[name] for name in VARIANT)
    if variant in bounds.index:
        return f"{sides[0]} against {sides[1]}; {_by_roof(bounds.loc[variant])}"
    per_byte = [counts["flops_per_byte"].get(row["model"], float("nan")) for row in (a, b)]
    if per_byte[1] >= _SLOWER_AT * per_byte[0]:
        numbers = f"{digits(per_byte[0], 2)} FLOPs per byte against {digits(per_byte[1], 2)}"
        cause = f"it moves more bytes for its FLOPs ({numbers}), so it probably waits for memory"
    elif min(per_byte) > 0:
        cause = (
            "it moves hardly more bytes for its FLOPs, so it probably waits for the work around many small operators"
        )
    else:
        cause = "the bytes that they move are not known, so nothing speaks for a cause"
    return f"{sides[0]} against {sides[1]}; {cause}"
