"""What a sweep of the batch says: the fixed cost of a pass, the cost of each example, and the batch that pays."""

import pandas as pd

from joulesweep.analysis.anomalies.intervals import half_widths
from joulesweep.analysis.report.markdown import table, text
from joulesweep.formatting import digits, percent, significant
from joulesweep.merged.base_points import METRICS
from joulesweep.merged.load import VARIANT, Merged, sweep
from joulesweep.uncertainty import growth_fit
from joulesweep.uncertainty.interval import Interval
from joulesweep.uncertainty.ratio import ratio


def batches(merged: Merged, device: str) -> str:
    """One row per variant that was measured at several batches; empty where none was."""
    energy = _rows(merged, "energy", device)
    of_variant = dict(iter(energy.groupby(VARIANT, sort=False)))
    rows = []
    for variant, group in _rows(merged, "latency", device).groupby(VARIANT, sort=False):
        joules = of_variant.get(variant, energy.iloc[:0])
        kind = " (modelled)" if "modelled" in set(joules["kind"]) else ""
        best, least = _best(group, "latency"), _best(joules, "energy") if len(joules) else None
        rows.append(
            [
                text(f"{variant[1]} @ {variant[2]}"),
                *_line(group),
                f"{best['batch']:.0f}",
                digits(
                    best["batch"] / best["corrected_s"], significant(*(best[name] for name in METRICS["latency"][1:]))
                ),
                "–" if least is None else f"{least['batch']:.0f}{kind}",
                "–" if least is None else digits(1e3 * least["energy_J"] / least["batch"], 2),
            ]
        )
    header = [
        "variant",
        "fixed cost, ms",
        "each example, ms",
        "farthest point off",
        "smallest batch that no other clearly beats in examples per second",
        "examples per second",
        "the same in energy per example",
        "energy per example, mJ",
    ]
    return table(header, rows, numbers=7) if rows else ""


def _rows(merged: Merged, metric: str, device: str) -> pd.DataFrame:
    """The points of batch sweeps on one device that have an interval."""
    name, _, low, high = METRICS[metric]
    rows = merged.sound(name)
    return sweep(rows[(rows["device"] == device) & rows[low].notna() & rows[high].notna()], "batch")


def _line(group: pd.DataFrame) -> tuple[str, str, str]:
    if len(group) < growth_fit.FEWEST:
        return "–", "–", "–"
    halves = half_widths(group, "ci_low_s", "ci_high_s")
    found = growth_fit.line(list(group["batch"]), list(group["corrected_s"]), list(halves))
    off = max(found.distances, key=abs)
    return digits(1e3 * found.fixed, 2), digits(1e3 * found.per_unit, 2), percent(abs(off))


def _best(group: pd.DataFrame, metric: str) -> pd.Series:
    """The smallest batch whose cost per example is the lowest, or not clearly above it."""
    costs = [_per_example(row, metric) for _, row in group.iterrows()]
    lowest = min(costs, key=lambda cost: cost.value)
    return group.iloc[next(place for place, cost in enumerate(costs) if not ratio(cost, lowest).low > 1)]


def _per_example(row: pd.Series, metric: str) -> Interval:
    return Interval(*(row[name] / row["batch"] for name in METRICS[metric][1:]))
