"""What to do where most intervals of latency are wide: why they are, and what narrower ones would cost."""

from collections.abc import Iterator

import pandas as pd

from joulesweep.analysis.report.anomalies import WIDE, half_widths
from joulesweep.analysis.statistics.correction import narrowing
from joulesweep.formatting import digits, half_width, percent, plural
from joulesweep.merged.load import Merged

_MOST_WIDE = 0.5  # of all intervals
_MOST_LAUNCHES = 60
_WORTHWHILE = 0.8  # of the present width: what is wider is no gain
_WARM_UP_S = 1.0  # per launch at most, see docs/measuring.md


def advice(merged: Merged, device: str) -> str:
    """A paragraph if more than half of the device's intervals are wider than ± 10 %; empty otherwise."""
    rows = merged.sound("latency")
    rows = rows[rows["device"] == device]
    half = half_widths(rows, "ci_low_s", "ci_high_s")
    rows, half = rows[half.notna()], half.dropna()
    wide = int((half > WIDE).sum())
    if wide <= _MOST_WIDE * len(rows):
        return ""
    typical = float(half.median())
    return (
        f"**Most intervals are wide:** {wide} of {plural(len(rows), 'interval')} of latency {'is' if wide == 1 else 'are'} wider "
        f"than ± {percent(WIDE)} (median {half_width(typical)}). {' '.join([*_causes(rows, half), _launches(rows, typical)])}"
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
        yield f"Points with several threads {vary}: `threads: 1` can make intervals narrower, at slower passes."


def _launches(rows: pd.DataFrame, typical: float) -> str:
    """How many launches per point would do, and how long they would take."""
    now = int(rows["launches"].median())
    expected = {more: typical * narrowing(now, more) for more in range(now + 1, _MOST_LAUNCHES + 1)} if now > 1 else {}
    if not expected:
        return "Raise `launches` in the section `latency` of the configuration: an interval needs two launches or more."
    enough = next((more for more, half in expected.items() if half <= WIDE), None)
    # More launches than that gain little: what the launches of one run share stays.
    chosen = enough or next(more for more, half in expected.items() if half <= 1.1 * expected[_MOST_LAUNCHES])
    minutes = float(_seconds_per_launch(rows).sum()) * (chosen - now) / 60
    cost = f"about {digits(minutes, 2)} more minutes for the {plural(len(rows), 'point')} of this device"
    if enough:
        return f"With `latency: {{launches: {chosen}}}` instead of {now}, about ± {percent(WIDE)} can be expected, for {cost}."
    limit = "what the launches of one run share, such as other load at that moment, does not average out"
    if expected[chosen] > _WORTHWHILE * typical:
        return f"More launches would narrow them little: {limit}."
    return (
        f"With `latency: {{launches: {chosen}}}` instead of {now}, about {half_width(expected[chosen])} can be expected, for {cost}. "
        f"More launches would narrow them little: {limit}."
    )


def _seconds_per_launch(rows: pd.DataFrame) -> pd.Series:
    """About how long one launch of each row takes: loading, first pass, warm-up, and rounds with the reference."""
    measured = rows["passes"] * rows["mean_s"] / rows["launches"] / (1 - rows["reference_share"].fillna(0))
    return rows["load_s"].fillna(0) + rows["first_s"].fillna(0) + _WARM_UP_S + measured.fillna(0)
