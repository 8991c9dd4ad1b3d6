"""Sweeps of the batch in which each further example costs more than the one before."""

from collections.abc import Iterator

from joulesweep.analysis.anomalies.intervals import half_widths
from joulesweep.analysis.report.points import name_of
from joulesweep.formatting import bracketed, first_of
from joulesweep.merged.load import VARIANT, Merged, sweep
from joulesweep.uncertainty import growth_fit

_BENT = 0.1  # of the figure in the middle of the sweep


def found(merged: Merged) -> Iterator[str]:
    """One sentence over all variants, by the bend of the curve beyond its interval."""
    rows = merged.sound("latency")
    rows = rows[rows["ci_low_s"].notna()]
    named = []
    for _, group in sweep(rows, "batch").groupby(VARIANT, sort=False):
        if len(group) >= growth_fit.FEWEST:
            halves = half_widths(group, "ci_low_s", "ci_high_s")
            bend = growth_fit.bend(list(group["batch"]), list(group["corrected_s"]), list(halves))
            if bend.low > 0 and bend.value >= _BENT:
                named.append(f"{name_of(group.iloc[0])} (bend {bracketed(bend.value, bend.low, bend.high, 100)} %)")
    if named:
        yield (
            f"**Each further example of a batch costs more than the one before**: {'; '.join(first_of(named))}. A likely cause is that the intermediate results no "
            "longer fit into a cache of the processor."
        )
