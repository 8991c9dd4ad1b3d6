"""Where a cross-check counts other multiply-adds than the operator counter, by how much, and why."""

import math
from collections.abc import Iterator

import pandas as pd

from joulesweep.analysis.report.markdown import folded, listing, table, text
from joulesweep.formatting import digits, si
from joulesweep.merged.base_points import model_counts
from joulesweep.merged.load import Merged

CHECKS = {
    "macs_ptflops": "ptflops, hooks",
    "macs_ptflops_aten": "ptflops, operators",
    "macs_pthflops": "pthflops",
    "macs_formula": "transformer formula",
}
_AGREES = 0.005  # relative: what biases and element-wise operators come to
_ATTENTION = ("bmm", "baddbmm")


def disagreements(merged: Merged) -> str:
    """One row a model: the operators' count, each check's difference from it, and what explains it; then their notes."""
    counts = model_counts(merged)
    counts = counts[counts["macs"] > 0]
    rows = [
        [
            text(str(model)),
            si(row["macs"]),
            *(_difference(row[check], row["macs"]) for check in CHECKS),
            "; ".join(_causes(row)) or "all agree",
        ]
        for model, row in counts.iterrows()
    ]
    notes = [f"{text(str(model))}: {text(row['notes'])}" for model, row in counts.iterrows() if row["notes"]]
    shown = table(["model", "multiply-adds", *CHECKS.values(), "why"], rows) if rows else ""
    return (
        f"{shown}\n\n{folded('What the cross-checks counted, or why they did not', listing(notes))}" if notes else shown
    )


def _difference(found: float, macs: float) -> str:
    if math.isnan(found):
        return "–"
    share = found / macs - 1
    return "0 %" if share == 0 else f"{'+' if share > 0 else '−'}{digits(100 * abs(share), 2)} %"


def _causes(row: pd.Series) -> Iterator[str]:
    """What explains each difference that is more than biases and element-wise operators come to."""
    parts = dict(part.split("=") for part in row["macs_by_operator"].split())
    attention = sum(int(parts.get(name, 0)) for name in _ATTENTION)
    for check, name in CHECKS.items():
        if math.isnan(row[check]) or abs(row[check] / row["macs"] - 1) <= _AGREES:
            continue
        missing = row["macs"] - row[check]
        if check == "macs_formula":
            yield f"{name}: layers that it has no term for, such as one before the head"
        elif missing < 0 and check == "macs_ptflops_aten":
            yield f"{name}: biases are in it, one for each output"
        elif missing < 0:
            yield f"{name}: biases, normalisation, activations and element-wise operators are in it"
        elif attention and abs(missing - attention) <= _AGREES * row["macs"]:
            yield f"{name}: misses the products of attention ({si(attention)}), a fused call"
        else:
            yield f"{name}: misses products that are called as functions"
