"""Runtimes that are slower than PyTorch itself, and 8 bits that are slower than 32 in the same runtime."""

from collections.abc import Iterator

import pandas as pd

from joulesweep.analysis.report.markdown import text
from joulesweep.formatting import bracketed, enumeration, first_of
from joulesweep.merged.base_points import interval
from joulesweep.uncertainty.ratio import ratio

_INT8 = "-int8"
_CAUSES = {
    "eager": "for a small model the work around each call outweighs the passes; for a large one this runtime lacks fast kernels for some operator",
    _INT8: "the processor lacks instructions for products of 8-bit numbers, or converting between 8 and 32 bits costs more than they save",
}
_CONVERTING = (
    "converting between 8 and 32 bits costs more than these models save: other models are faster in 8 bits here"
)


def found(points: pd.DataFrame) -> Iterator[str]:
    """One sentence per device, runtime and runtime that it is compared with; every model beyond its interval is named."""
    rows = points[points["latency_low"].notna()]
    for (device, runtime), own in rows.groupby(["device", "runtime"], sort=False):
        others = {"eager": "eager"} if runtime != "eager" else {}
        if runtime.endswith(_INT8):
            others[_INT8] = runtime.removesuffix(_INT8)
        for kind, other in others.items():
            beside = rows[(rows["device"] == device) & (rows["runtime"] == other)].set_index("model")
            named, faster = [], False
            for _, row in own[own["model"].isin(beside.index)].iterrows():
                times = ratio(interval(row, "latency"), interval(beside.loc[row["model"]], "latency"))
                faster |= times.high < 1
                if times.low > 1:
                    named.append(
                        f"{text(row['model'])} ({bracketed(times.value, times.low, times.high)} times as long)"
                    )
            if named:
                yield (
                    f"**{text(runtime)} is slower than {text(other)}** on {text(device)}, for {enumeration(first_of(named))}: a likely "
                    f"cause is that {_CONVERTING if kind == _INT8 and faster else _CAUSES[kind]}."
                )
