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
_AGREES = 0.005  # relative: biases and element-wise operators come to less
_BATCHED = ("bmm", "baddbmm")


def disagreements(merged: Merged) -> str:
    """One row per model: the operators' count, each check's difference from it, and what explains it; then the notes.

    Empty where no cross-check counted any model.
    """
    counts = model_counts(merged)
    counts = counts[counts["macs"] > 0]
    if counts.empty or counts[list(CHECKS)].isna().all(axis=None):
        return ""
    rows = [
        [
            text(str(model)),
            si(row["macs"]),
            *(_difference(row[check], row["macs"]) for check in CHECKS),
            _explanation(row),
        ]
        for model, row in counts.iterrows()
    ]
    notes = [f"{text(str(model))}: {text(row['notes'])}" for model, row in counts.iterrows() if row["notes"]]
    shown = table(["model", "multiply-adds", *CHECKS.values(), "explanation"], rows)
    if not notes:
        return shown
    return f"{shown}\n\n{folded('What each cross-check counted, or why it counted nothing', listing(notes))}"


def _difference(checked: float, macs: float) -> str:
    if math.isnan(checked):
        return "–"
    share = checked / macs - 1
    return "0 %" if share == 0 else f"{'+' if share > 0 else '−'}{digits(100 * abs(share), 2)} %"


def _explanation(row: pd.Series) -> str:
    counted = [name for check, name in CHECKS.items() if not math.isnan(row[check])]
    if not counted:
        return "no cross-check can count this model"
    agree = f"{counted[0]} agrees" if len(counted) == 1 else f"all {len(counted)} agree"
    return "; ".join(_causes(row)) or agree


def _causes(row: pd.Series) -> Iterator[str]:
    """What explains each difference that is larger than biases and element-wise operators make it."""
    parts = dict(part.split("=") for part in row["macs_by_operator"].split())
    batched = sum(int(parts.get(name, 0)) for name in _BATCHED)
    for check, name in CHECKS.items():
        if math.isnan(row[check]) or abs(row[check] / row["macs"] - 1) <= _AGREES:
            continue
        missing = row["macs"] - row[check]
        if check == "macs_formula":
            yield f"{name}: has no term for some layers, such as a layer before the head"
        elif missing < 0 and check == "macs_ptflops_aten":
            yield f"{name}: also counts biases, one per output"
        elif missing < -row["macs"]:
            yield f"{name}: counts other operations too, of which this model has more than multiply-adds"
        elif missing < 0:
            yield f"{name}: also counts biases, normalisation, activations and element-wise operators"
        elif batched and abs(missing - batched) <= _AGREES * row["macs"]:
            yield f"{name}: misses batched matrix products, as those of attention ({si(batched)}), which no module makes"
        else:
            yield f"{name}: misses products that are called as functions and not as modules, or counts a complex product once instead of four times"
