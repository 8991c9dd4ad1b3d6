"""Reads the merged tables, and says which rows are the base point and which belong to a sweep."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from joulesweep.axes import AXES
from joulesweep.launches.table import Table
from joulesweep.merged.cells import with_formulas
from joulesweep.merged.columns import MERGED, UNSOUND

VARIANT = ["device", "model", "runtime"]


@dataclass(frozen=True)
class Merged:
    """The merged tables; numbers that were not measured are NaN, texts empty. `base` is true for rows of the base point."""

    counts: pd.DataFrame
    latency: pd.DataFrame
    energy: pd.DataFrame
    time_shares: pd.DataFrame
    accuracy: pd.DataFrame
    layers: pd.DataFrame
    launches: pd.DataFrame
    devices: pd.DataFrame
    problems: pd.DataFrame

    def ok(self, table: str) -> pd.DataFrame:
        """Rows with a figure."""
        frame = getattr(self, table)
        return frame[frame["status"] == "ok"]

    def sound(self, table: str) -> pd.DataFrame:
        """Rows that figures, answers and hypotheses use: with a figure, configured here, determined, without contradiction."""
        rows = self.ok(table)
        return rows[(rows["configured"] == "yes") & (_fault(rows) == "")]

    def without_figure(self, table: str) -> pd.DataFrame:
        """Rows of this configuration that are not sound; the column `why` holds their status, or the flag that says so."""
        rows = getattr(self, table)
        rows = rows[rows["configured"] == "yes"]
        rows = rows.assign(why=rows["status"].where(_fault(rows) == "", _fault(rows)))
        return rows[rows["why"] != "ok"]

    @property
    def models(self) -> list[str]:
        """Every model that has a row, in order of first appearance in the counts, then of the others by name."""
        others = {model for name in ("latency", "energy", "accuracy") for model in getattr(self, name)["model"]}
        counted = list(dict.fromkeys(self.counts["model"]))
        return counted + sorted(others - set(counted))


def load(folder: Path, models: Mapping[str, Mapping[str, Any]]) -> Merged:
    """The merged tables of a folder; models are in the order of the configuration, those of other devices after them."""
    read = {name: _read(folder / f"{name}.csv", MERGED[name]) for name in Merged.__dataclass_fields__}
    order = {model: place for place, model in enumerate(models)}
    for name in ("counts", "layers", "latency", "energy", "time_shares", "accuracy", "launches"):
        frame = read[name]
        frame = frame.assign(place=frame["model"].map(order).fillna(len(order)))
        frame = frame.sort_values(["place", "model"], kind="stable").drop(columns="place").reset_index(drop=True)
        read[name] = _with_base(frame)
    return Merged(**read)


def sweep(frame: pd.DataFrame, axis: str) -> pd.DataFrame:
    """The rows of variants that were measured at two or more values of an axis, all other axes being at the base point."""
    on = frame[frame[[f"base_{other}" for other in AXES if other != axis]].all(axis=1)] if len(frame) else frame
    on = on[on[axis].notna()]
    values = on.groupby(VARIANT)[axis].transform("nunique") if len(on) else pd.Series(dtype=float)
    return on[values >= 2].sort_values(axis, kind="stable")


def at_point(frame: pd.DataFrame, at: Mapping[str, float]) -> pd.DataFrame:
    """The rows that have these values of axes, and of every other axis what their variant has at the base point.

    Counts do not depend on the threads, and accuracy, whose table has no axes, neither on these nor on the batch. Another
    input size was not evaluated.
    """
    wanted = {axis: value for axis, value in at.items() if axis in frame}
    if not wanted:
        return frame[frame["base"]] if "batch" in frame or at.keys() <= {"batch", "threads"} else frame.iloc[:0]
    rows = frame[frame[[f"base_{axis}" for axis in AXES if f"base_{axis}" in frame and axis not in wanted]].all(axis=1)]
    return rows[(rows[list(wanted)] == pd.Series(wanted)).all(axis=1)]


def _fault(rows: pd.DataFrame) -> pd.Series:
    """The flag for which nothing may be concluded from a row; empty where there is none."""
    if "flags" not in rows:
        return pd.Series("", index=rows.index)
    return rows["flags"].map(lambda cell: next((flag for flag in cell.split() if flag in UNSOUND), "")).astype(str)


def _read(path: Path, table: Table) -> pd.DataFrame:
    types = {column.name: "str" if column.type_ is str else "float64" for column in table.columns}
    texts = [name for name, kind in types.items() if kind == "str"]
    numbers = {name: [""] for name, kind in types.items() if kind != "str"}
    frame = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=numbers)
    return frame.assign(**{name: frame[name].fillna("").map(with_formulas) for name in texts})


def _with_base(frame: pd.DataFrame) -> pd.DataFrame:
    """`base` as a truth value, and for each axis `base_AXIS`: whether the row has there what its variant has at the base point.

    A table without axes has one row for each variant, which stands for it.
    """
    if "base" not in frame:
        return frame.assign(base=True)
    frame = frame.assign(base=frame["base"] == 1)
    variant = [name for name in VARIANT if name in frame]
    axes = [axis for axis in AXES if axis in frame]
    base = frame.loc[frame["base"], [*variant, *axes]].drop_duplicates(variant)
    expected = frame[variant].merge(base, on=variant, how="left").set_axis(frame.index)
    return frame.assign(
        **{
            f"base_{axis}": (frame[axis] == expected[axis]) | (frame[axis].isna() & expected[axis].isna())
            for axis in axes
        }
    )
