"""What failed: models and variants without a figure, with the reason, and what could not be merged."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from joulesweep.analysis.report.markdown import table, text
from joulesweep.analysis.report.points import name_of, point_of
from joulesweep.formatting import enumeration, plural
from joulesweep.launches.time_shares.rows import NO_PROFILER
from joulesweep.merged.load import Merged
from joulesweep.system.working_folder import directory_option

_TABLES = ("counts", "latency", "energy", "time_shares", "accuracy")
_NO_METER = "no_meter"


def failures(merged: Merged, models: Mapping[str, Mapping[str, Any]], device: str) -> list[str]:
    """One sentence per failure: first what has no row at all, then variants, single points, and missing meters."""
    return [*_missing(merged, models, device), *_failed(merged), *_without_meter(merged)]


def _missing(merged: Merged, models: Mapping[str, Mapping[str, Any]], device: str) -> Iterator[str]:
    """Configured models and variants without a row of this device; none where it only analyses what others measured."""
    tables = {"latency": merged.latency, "energy": merged.energy}
    own = {name: rows[rows["device"] == device] for name, rows in tables.items()}
    if all(rows.empty for rows in own.values()) and not merged.latency.empty:
        return
    frames = {"counts": merged.counts, **own}
    runtimes = {name: _runtimes(frame) for name, frame in frames.items()}
    for model, spec in models.items():
        if not any(model in of_table for of_table in runtimes.values()):
            yield f"**{text(model)} has no results on {text(device)}.** {_run()}"
            continue
        for runtime in spec["runtimes"]:
            missing = [f"no {name}" for name, of_table in runtimes.items() if runtime not in of_table.get(model, ())]
            if missing:
                variant = text(f"{model} @ {runtime}")
                yield f"**{variant} has {enumeration(missing)} on {text(device)}.** {_run()}"


def _run() -> str:
    return f"Run `make all{directory_option()}`; if that fails, the reason is in `results/logs/`."


def _runtimes(rows: pd.DataFrame) -> dict[str, set[str]]:
    """The runtimes of each model that has rows."""
    runtimes: dict[str, set[str]] = {}
    for model, runtime in zip(rows["model"], rows["runtime"], strict=True):
        runtimes.setdefault(model, set()).add(runtime)
    return runtimes


def _failed(merged: Merged) -> Iterator[str]:
    """Failures of the same variant for the same reason in one sentence; variants without any figure first."""
    whole, partial = [], []
    for table_name in _TABLES:
        rows, name = getattr(merged, table_name), table_name.replace("_", " ")
        keys = [key for key in ("device", "model", "runtime") if key in rows]
        failed = rows[~rows["status"].isin(["ok", _NO_METER]) & (rows["message"] != NO_PROFILER)]
        points_of_variant = rows.groupby(keys).size()
        for key, group in failed.groupby([*keys, "status", "message"], sort=False):
            reason = f"{key[-2]}, {text(key[-1]) or 'no reason was recorded'}"
            if len(group) == points_of_variant[key[: len(keys)]]:
                points = "its only point" if len(group) == 1 else f"all {len(group)} points"
                whole.append(f"**{name_of(group.iloc[0])}: {name} failed** at {points}: {reason}.")
            else:
                points = ", ".join(point_of(row) for _, row in group.iterrows())
                partial.append(f"{name_of(group.iloc[0])}: {name} failed at {points}: {reason}.")
    yield from [*whole, *partial]


def _without_meter(merged: Merged) -> Iterator[str]:
    """Rows without a meter, once per device and reason: the reason is the device's and not the variant's."""
    rows = merged.energy[merged.energy["status"] == _NO_METER]
    for (device, message), group in rows.groupby(["device", "message"], sort=False):
        yield (
            f"Energy on {text(device)} was not measured at {plural(len(group), 'point')}: {text(message)}. "
            "`make doctor` says what each meter needs."
        )


def problems(merged: Merged) -> str:
    """What the merge could not read, as a table; empty where it read everything."""
    rows = [
        [
            text(row["file"]),
            f"{row['row']:.0f}" if row["row"] == row["row"] else "–",
            *(text(row[name]) or "–" for name in ("column", "problem", "cure")),
        ]
        for _, row in merged.problems.iterrows()
    ]
    return table(["file", "line", "column", "problem", "what to do"], rows) if rows else ""
