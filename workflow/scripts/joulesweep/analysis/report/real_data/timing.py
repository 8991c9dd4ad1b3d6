"""Whether a pass takes as long on real inputs as on random ones, and what decoding and preprocessing add: a sentence per model."""

from collections.abc import Iterator

import pandas as pd

from joulesweep.analysis.report.markdown import text
from joulesweep.formatting import bracketed, digits, enumeration
from joulesweep.merged.load import Merged

_EQUAL = 0.1  # of the time: less is no difference that matters
# What is said of the runtimes with each verdict.
_SAID = {
    "equal": "Real inputs take as long as random ones in {}.",
    "longer": "Real inputs take longer than random ones in {}.",
    "shorter": "Real inputs take less time than random ones in {}.",
    "open": "Whether real inputs take as long as random ones is not clear in {}.",
}


def sentences(merged: Merged) -> list[str]:
    """One per model and device whose passes were timed on real inputs."""
    rows = merged.sound("accuracy")
    rows = rows[rows["real_ratio"].notna()]
    return [
        f"**{text(str(model))}** on {text(str(device))}: {' '.join([*_ratios(own), _added(own)])}"
        for (model, device), own in rows.groupby(["model", "device"], sort=False)
    ]


def _ratios(rows: pd.DataFrame) -> Iterator[str]:
    """Runtimes whose passes take as long on real inputs as on random ones, then the others."""
    groups: dict[str, list[str]] = {verdict: [] for verdict in _SAID}
    for _, row in rows.iterrows():
        ratio = bracketed(row["real_ratio"], row["real_ratio_low"], row["real_ratio_high"])
        groups[_verdict(row)].append(f"{text(row['runtime'])} ({ratio} times)")
    for verdict, runtimes in groups.items():
        if runtimes:
            yield _SAID[verdict].format(enumeration(runtimes))


def _verdict(row: pd.Series) -> str:
    """By the whole interval of the ratio of both times."""
    low, high = row["real_ratio_low"], row["real_ratio_high"]
    if low >= 1 / (1 + _EQUAL) and high <= 1 + _EQUAL:
        return "equal"
    return "longer" if low > 1 else "shorter" if high < 1 else "open"


def _added(rows: pd.DataFrame) -> str:
    """What decoding and preprocessing add to a pass, in each runtime."""
    parts = [
        f"{digits(1e3 * max(0.0, row['end_to_end_s'] - row['real_s']), 2)} ms to a pass of {digits(1e3 * row['real_s'], 2)} ms in "
        f"{text(row['runtime'])}"
        for _, row in rows.iterrows()
    ]
    return f"Decoding and preprocessing add {enumeration(parts)}."
