"""One row for each variant on each device, at the base point or another one, with every metric beside the others."""

from collections.abc import Mapping
from typing import Literal

import pandas as pd

from joulesweep.launches.columns import COUNTS
from joulesweep.merged.load import VARIANT, Merged, at_point
from joulesweep.uncertainty.interval import Interval

LEVELS = ["low_level_s", "high_level_s"]  # of a latency whose launches lie on two
# Each metric: its table, and the columns of its figure and of the interval's ends.
METRICS = {
    "latency": ("latency", "corrected_s", "ci_low_s", "ci_high_s"),
    "energy": ("energy", "energy_J", "ci_low_J", "ci_high_J"),
    "accuracy": ("accuracy", "value", "ci_low", "ci_high"),
    "memory": ("latency", "peak_bytes", None, None),
    "params": ("counts", "params", None, None),
    "flops": ("counts", "flops", None, None),
}
# Further columns of a metric's table.
_FURTHER = {
    "latency": LEVELS,
    "energy": ["kind"],
    "accuracy": ["dataset", "metric", "unit", "higher_is_better", "examples", "data_digest", "per_example"],
}


def base_points(merged: Merged, at: Mapping[str, float] | None = None) -> pd.DataFrame:
    """Columns device, model, runtime, those of `_FURTHER` and for every metric M: M, M_low, M_high; NaN = not measured.

    `at` gives other values of axes than those of the base point. Only what this configuration names is in the table; a row
    that contradicts itself counts as not measured.
    """
    at = at or {}
    tables = [getattr(merged, name) for name in ("latency", "energy", "accuracy")]
    keys = pd.concat([table.loc[table["configured"] == "yes", VARIANT] for table in tables])
    table = keys.drop_duplicates().reset_index(drop=True)
    for metric, (name, *columns) in METRICS.items():
        if name == "counts":
            table[metric] = table["model"].map(model_counts(merged, at).get(columns[0], pd.Series(dtype=float)))
            continue
        rows = at_point(merged.sound(name), at).drop_duplicates(VARIANT)
        names = dict(zip([c for c in columns if c], (metric, f"{metric}_low", f"{metric}_high"), strict=False))
        further = _FURTHER.get(metric, [])
        table = table.merge(rows[[*VARIANT, *names, *further]].rename(columns=names), on=VARIANT, how="left")
    place = {model: index for index, model in enumerate(merged.models)}
    return table.sort_values(
        ["device", "model", "runtime"], key=lambda c: c.map(place) if c.name == "model" else c
    ).reset_index(drop=True)


def interval(row: pd.Series, metric: str) -> Interval:
    """The figure of a metric with its interval; NaN ends where it has none."""
    return Interval(row[metric], row[f"{metric}_low"], row[f"{metric}_high"])


def measured(row: pd.Series, metric: str) -> Interval:
    """The figure of a metric with its interval, from a row of the metric's own table at any point."""
    return Interval(*(row[name] for name in METRICS[metric][1:]))


def levels_s(row: pd.Series) -> list[float]:
    """The two levels of a latency in seconds per pass, lower one first; empty where its launches lie on one."""
    return [row[name] for name in LEVELS if row[name] == row[name]]


def modelled_energy(merged: Merged) -> Literal["", "some", "all"]:
    """How much of the energy that can be shown is modelled and not measured."""
    kinds = set(merged.sound("energy")["kind"])
    return "" if "modelled" not in kinds else "all" if kinds == {"modelled"} else "some"


def model_counts(merged: Merged, at: Mapping[str, float] | None = None) -> pd.DataFrame:
    """Counts of each model at its base point, or with other values `at` some axes, indexed by model.

    They do not depend on the runtime.
    """
    rows = at_point(merged.counts, at or {})
    numbers = [column.name for column in COUNTS.columns if column.type_ is not str]
    words = ["macs_by_operator", "shared", "unregistered", "reused_modules", "export_notes", "notes"]
    by_model = rows.groupby("model", sort=False)
    return by_model[numbers].max().join(by_model[words].max())
