"""Reads the merged tables, and says which rows are the base point and which belong to a sweep."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from joulesweep.launches.columns import AXES, Table
from joulesweep.merged.columns import MERGED

VARIANT = ["device", "model", "runtime"]


@dataclass(frozen=True)
class Merged:
    """The merged tables; numbers that were not measured are NaN, texts empty. `base` is true for rows of the base point."""

    counts: pd.DataFrame
    latency: pd.DataFrame
    energy: pd.DataFrame
    accuracy: pd.DataFrame
    devices: pd.DataFrame
    problems: pd.DataFrame

    def ok(self, table: str) -> pd.DataFrame:
        """Rows with a figure."""
        frame = getattr(self, table)
        return frame[frame["status"] == "ok"]

    @property
    def models(self) -> list[str]:
        """Every model that has a row, in order of first appearance in the counts, then of the others by name."""
        others = {model for name in ("latency", "energy", "accuracy") for model in getattr(self, name)["model"]}
        counted = list(dict.fromkeys(self.counts["model"]))
        return counted + sorted(others - set(counted))


def load(folder: Path, models: Mapping[str, Mapping[str, Any]]) -> Merged:
    """The merged tables of a folder; models are in the order of the configuration, those of other devices after them."""
    read = {name: _read(folder / f"{name}.csv", MERGED[name]) for name in Merged.__dataclass_fields__}
    native = _native(read["latency"], models)
    threads = _threads(read["latency"])
    order = {model: place for place, model in enumerate(models)}
    for name in ("counts", "latency", "energy", "accuracy"):
        frame = read[name]
        frame = frame.assign(place=frame["model"].map(order).fillna(len(order)))
        frame = frame.sort_values(["place", "model"], kind="stable").drop(columns="place").reset_index(drop=True)
        read[name] = frame.assign(base=_is_base(frame, native, threads) if "batch" in frame else True)
    return Merged(**read)


def sweep(frame: pd.DataFrame, axis: str) -> pd.DataFrame:
    """The rows of variants that were measured at two or more values of an axis, all other axes being at the base point."""
    on = frame[frame[[f"base_{other}" for other in AXES if other != axis]].all(axis=1)] if len(frame) else frame
    on = on[on[axis].notna()]
    values = on.groupby(VARIANT)[axis].transform("nunique") if len(on) else pd.Series(dtype=float)
    return on[values >= 2].sort_values(axis, kind="stable")


def _read(path: Path, table: Table) -> pd.DataFrame:
    types = {column.name: "str" if column.kind is str else "float64" for column in table.columns}
    texts = [name for name, kind in types.items() if kind == "str"]
    numbers = {name: [""] for name, kind in types.items() if kind != "str"}
    frame = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=numbers)
    return frame.assign(**{name: frame[name].fillna("") for name in texts})


def _native(latency: pd.DataFrame, models: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Each model's native size and sequence: from its configured input, else the value that most of its points share.

    Sweeps vary one axis at a time from the base point, so every other sweep repeats the native value; on equal counts
    it is the largest.
    """
    native = {
        str(model): {axis: _commonest(rows[axis]) for axis in ("size", "sequence")}
        for model, rows in latency.groupby("model")
    }
    for model, spec in models.items():
        native.setdefault(model, {}).update({axis: float(value) for axis, value in spec.get("axes", {}).items()})
    return native


def _threads(latency: pd.DataFrame) -> dict[str, float]:
    """Each device's base number of threads: the one that most of its points share."""
    return {str(device): _commonest(rows["threads"]) for device, rows in latency.groupby("device")}


def _commonest(values: pd.Series) -> float:
    counts = values.dropna().value_counts()
    return float(max(counts[counts == counts.max()].index)) if len(counts) else float("nan")


def _is_base(frame: pd.DataFrame, native: Mapping[str, Mapping[str, float]], threads: Mapping[str, float]) -> pd.Series:
    for axis in AXES:
        if axis not in frame:
            continue
        if axis == "batch":
            expected = pd.Series(1.0, index=frame.index)
        elif axis == "threads":
            expected = frame["device"].map(threads).astype(float)
        else:
            expected = (
                frame["model"].map(lambda model, axis=axis: native.get(model, {}).get(axis, float("nan"))).astype(float)
            )
        frame[f"base_{axis}"] = (frame[axis] == expected) | frame[axis].isna()
    return frame[[f"base_{axis}" for axis in AXES if f"base_{axis}" in frame]].all(axis=1)
