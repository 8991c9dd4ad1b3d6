"""First passes that take far longer than the rest, and long enough to be noticed."""

from collections.abc import Iterator

from joulesweep.analysis.report.points import name_of
from joulesweep.formatting import digits
from joulesweep.merged.load import Merged

_TIMES = 5
_NOTICED_S = 0.1  # what a person notices (Nielsen, Usability Engineering, 1993, chapter 5)
_MOST = 5


def found(merged: Merged) -> Iterator[str]:
    """One sentence over all devices, the longest first."""
    rows = merged.sound("latency")
    rows = rows[rows["base"]]
    rows = rows[(rows["first_s"] >= _TIMES * rows["corrected_s"]) & (rows["first_s"] >= _NOTICED_S)]
    rows = rows.sort_values("first_s", ascending=False)
    if len(rows):
        named = "; ".join(
            f"{name_of(row)} ({digits(1e3 * row['first_s'])} ms, then {digits(1e3 * row['corrected_s'])} ms)"
            for _, row in rows.head(_MOST).iterrows()
        )
        more = f"; and {len(rows) - _MOST} more" if len(rows) > _MOST else ""
        yield (
            f"**The first pass is far slower** than the rest: {named}{more}. A likely cause is work that is done once: memory is "
            "allocated, kernels are chosen or compiled. A program that answers one request and ends pays this each time."
        )
