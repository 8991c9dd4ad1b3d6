"""The table of the models with labelled data: how good each variant is, and what it costs."""

import math

import pandas as pd

from joulesweep.analysis.report.markdown import table, text
from joulesweep.analysis.report.tables import failure_of, variant_of
from joulesweep.formatting import digits, scored, with_interval
from joulesweep.merged import scores
from joulesweep.merged.load import VARIANT, Merged


def accuracy(merged: Merged, points: pd.DataFrame) -> str:
    """The metric of every variant that has labelled data, with its latency beside it; empty where there is none."""
    figures = zip(*(points[name] for name in ("latency", "latency_low", "latency_high")), strict=True)
    times = dict(zip(zip(*(points[name] for name in VARIANT), strict=True), figures, strict=True))
    rows = []
    for _, row in merged.accuracy.iterrows():
        is_ok = row["status"] == "ok"
        value = scored(row["value"], row["ci_low"], row["ci_high"], row["unit"]) if is_ok else failure_of(row)
        variant = (row["device"], row["model"], row["runtime"])
        value_s, low_s, high_s = times.get(variant, (math.nan,) * 3)
        rows.append(
            [
                variant_of(row),
                text(row["device"]),
                text(row["dataset"]) or "–",
                text(scores.words(row["metric"])) or "–",
                value,
                f"{row['examples']:.0f}" if is_ok else "–",
                _agreement(row),
                with_interval(value_s, low_s, high_s, 1e3),
                digits(1e3 * row["end_to_end_s"]),
            ]
        )
    header = [
        "variant",
        "device",
        "data",
        "metric",
        "value [95 %]",
        "examples",
        "same answers, %",
        "latency, ms ± 95 %",
        "from the file to the output, ms",
    ]
    return table(header, rows, numbers=5) if rows else ""


def _agreement(row: pd.Series) -> str:
    """The share of examples with the same answer as another variant, in percent with the name of its runtime."""
    share = row["agreement"]
    return "–" if share != share else f"{100 * share:.1f} (as {text(row['agreement_with'])})"
