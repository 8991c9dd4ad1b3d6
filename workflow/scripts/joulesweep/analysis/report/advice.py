"""The first lines of the report where latency cannot be used, or where most of its intervals are wide: why, and what to do."""

import math
from collections.abc import Iterator

import pandas as pd

from joulesweep.analysis.anomalies.intervals import WIDE, half_widths
from joulesweep.formatting import enumeration, half_width, percent, plural
from joulesweep.merged.load import Merged
from joulesweep.system.working_folder import directory_option

_MOST_WIDE = 0.5  # of all intervals
_MOST = 20  # times the launches that it is worth to name


def advice(merged: Merged, device: str) -> str:
    """A paragraph if no latency of the device can be used, or if more than half of the intervals are wider than ± 10 %; else empty."""
    rows = merged.sound("latency")
    rows = rows[rows["device"] == device]
    if rows.empty:
        return _nothing_usable(merged, device)
    half = half_widths(rows, "ci_low_s", "ci_high_s")
    rows, half = rows[half.notna()], half.dropna()
    wide = int((half > WIDE).sum())
    if wide <= _MOST_WIDE * len(rows):
        return ""
    typical = float(half.median())
    return (
        f"**Most intervals are wider than ± {percent(WIDE)}:** {wide} of {plural(len(rows), 'interval')} of latency (median "
        f"{half_width(typical)}). {' '.join([*_causes(rows, half), _more_launches(typical, rows['launches'].median())])}"
    )


def _nothing_usable(merged: Merged, device: str) -> str:
    """Why no latency can be used; empty where none was asked for."""
    rows = merged.without_figure("latency")
    rows = rows[rows["device"] == device]
    if rows.empty:
        return ""
    counts = rows.groupby("why", sort=False).size().sort_values(ascending=False, kind="stable")
    reasons = enumeration([f"`{why}` at {plural(count, 'point')}" for why, count in counts.items()])
    half = half_widths(rows, "ci_low_s", "ci_high_s").dropna()
    causes = _causes(rows.loc[half.index], half) if len(half) else ()
    again = f"`make remeasure MODEL={rows['model'].iloc[0]}{directory_option()}`"
    return " ".join(
        [
            f"**No latency can be used:** {reasons}. [Difficulties](#difficulties) has the reason of each.",
            *causes,
            f"When the cause is removed, measure again, model by model: {again}.",
        ]
    )


def _causes(rows: pd.DataFrame, half: pd.Series) -> Iterator[str]:
    """What the rows say about why their intervals are wide, with what to do."""
    named = False
    for flag, sentence in (
        ("busy", "Other processes used the cores: close what is not needed, and measure on an idle machine."),
        ("throttled", "The device slowed itself down: cool it better, or use a stronger power supply."),
        ("under_voltage", "The supply voltage was too low: use the official power supply and a short cable."),
    ):
        if any(flag in cell.split() for cell in rows["flags"]):
            named = True
            yield sentence
    if not named:
        yield "Other work on the machine, heat and a changing clock are the usual causes: measure on an idle, cool device."
    single, several = half[rows["threads"] == 1], half[rows["threads"] > 1]
    if len(several) and (single.empty or several.median() > 1.5 * single.median()):
        beside = f"{half_width(several.median())} in the median, {half_width(single.median())} with one thread"
        vary = f"vary more here ({beside})" if len(single) else "often vary more than points with one thread"
        yield f"Points with several threads {vary}: `threads: 1` can make intervals narrower, but each pass takes longer."


def _more_launches(typical: float, launches: float) -> str:
    """What more launches would bring: at best the half width goes with the root of their number."""
    factor = (typical / WIDE) ** 2
    if factor <= _MOST:
        return (
            f"With about {math.ceil(factor * launches)} launches per point (`launches` in the section `latency` of the "
            f"configuration), about ± {percent(WIDE)} can be expected at best."
        )
    return "More `launches` will not make them narrow enough."
