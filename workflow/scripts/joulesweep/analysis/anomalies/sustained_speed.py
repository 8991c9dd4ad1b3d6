"""Devices that become slower when passes run without a rest."""

from collections.abc import Iterator

from joulesweep.analysis.report.markdown import text
from joulesweep.analysis.report.points import name_of
from joulesweep.formatting import first_of, percent
from joulesweep.merged.load import Merged

_SLOWER = 1.1


def found(merged: Merged) -> Iterator[str]:
    """One sentence per device."""
    rows = merged.sound("latency")
    rows = rows[rows["base"] & (rows["sustained_s"] >= _SLOWER * rows["burst_s"])]
    for device, group in rows.groupby("device", sort=False):
        named = [f"{name_of(row)} by {percent(row['sustained_s'] / row['burst_s'] - 1)}" for _, row in group.iterrows()]
        yield (
            f"**Slower without a rest** on {text(str(device))}: {'; '.join(first_of(named))}. The device probably became hot or reached a limit of "
            "its power: cool it better, or quote the sustained figure."
        )
