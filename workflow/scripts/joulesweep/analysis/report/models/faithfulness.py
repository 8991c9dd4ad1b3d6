"""Where the passes of each variant ran, and whether they computed what the model computes."""

import math
from collections.abc import Iterator

import pandas as pd

from joulesweep.analysis.report.markdown import table, text
from joulesweep.analysis.report.points import name_of
from joulesweep.analysis.report.tables import at_base, variant_of
from joulesweep.formatting import digits
from joulesweep.merged.load import Merged

_LEAST = 0.001  # percent, below which a difference is only called so


def ran_on(merged: Merged, device: str) -> str:
    """One row per variant that was measured on a device, at its base point; empty where no row says where it ran."""
    base = at_base(merged.ok("latency"), device)
    energy = at_base(merged.ok("energy"), device)
    in_energy = dict(zip(zip(energy["model"], energy["runtime"], strict=True), energy["ran_on"], strict=True))
    rows = [
        [
            variant_of(row),
            _places(row["ran_on"], in_energy.get((row["model"], row["runtime"]), "")),
            _percent(row["max_error"]),
            _percent(row["tolerance"]),
            _answer(row),
        ]
        for _, row in base.iterrows()
    ]
    if not base["ran_on"].any():
        return ""
    header = ["variant", "ran on", "largest error, %", "tolerated, %", "same model?"]
    return table(header, rows)


def other_models(merged: Merged) -> Iterator[str]:
    """A sentence per variant whose outputs are further from the model's than its precision explains."""
    latency = merged.ok("latency")
    for _, row in latency[latency["base"] & (latency["agrees"] == "no")].iterrows():
        yield (
            f"**{name_of(row)}** no longer computes the same model: an output is off by {_percent(row['max_error'])} % of the largest "
            f"one, and its precision explains {_percent(row['tolerance'])} %. Its figures are those of another model."
        )


def _places(of_latency: str, of_energy: str) -> str:
    """Where the passes ran; launches of energy are named only where they say something else."""
    if not of_energy or of_energy == of_latency:
        return text(of_latency) or "–"
    return f"{text(of_latency) or '–'}; in launches of energy: {text(of_energy)}"


def _percent(share: float) -> str:
    if math.isnan(share):
        return "–"
    return f"below {_LEAST}" if 0 < 100 * share < _LEAST else digits(100 * share, 2)


def _answer(row: pd.Series) -> str:
    return {"yes": "yes", "no": "**no**", "": "not compared"}[row["agrees"]]
