"""What looked strange, in plain sentences: rows that failed, flags, and intervals that are wide."""

from collections.abc import Iterator

import pandas as pd

from joulesweep.analysis.report.markdown import text
from joulesweep.axes import AXES
from joulesweep.formatting import percent, plural, relative_half_width
from joulesweep.merged.load import Merged

WIDE = 0.1

_FLAGS = {
    "few_launches": "fewer launches than asked for ended well, so the interval is wide",
    "not_settled": "the time of a round had not settled when the warm-up ended; first passes may be in the figure",
    "reference_off": "the reference ran more than 20 % from its level: the device was slower or faster than when it was first measured",
    "throttled": "the device said that it was slowed down, or every part of the reference that a lower clock slows ran more than 20 % slower than its level: give it a heat sink, a fan or a better supply",
    "busy": "other processes had more than a tenth of the cores' time, also when launches were made again: close what is not needed",
    "wide": "the interval between the launches stayed wider than the target with all the launches that the budget allowed",
    "few_windows": "fewer windows than asked for ended well",
    "few_readings": "a window holds fewer than 10 readings of the meter",
    "net_below_zero": "idle power was above the power while working, so the net energy is below zero",
    "stuck": "the meter showed one value all the time, idle and working alike; it may be stuck",
    "still_warm": "the device had not cooled down before a launch, so latency may be too high and net energy too low",
}


def strange(merged: Merged) -> list[str]:
    """One sentence for each thing; variants are named, with the points where not all are meant."""
    return [*_failed(merged), *_without_meter(merged), *_flagged(merged), *_wide(merged)]


def _failed(merged: Merged) -> Iterator[str]:
    for name in ("latency", "energy", "accuracy", "counts"):
        rows = getattr(merged, name)
        keys = [key for key in ("device", "model", "runtime") if key in rows]
        failed = rows[~rows["status"].isin(["ok", "no_meter"])]
        for key, group in failed.groupby([*keys, "status", "message"], sort=False):
            all_rows = rows[(rows[keys] == list(key[: len(keys)])).all(axis=1)]
            message = text(key[-1]) or "no reason given"
            what = f"{_name(group.iloc[0])}: {name} failed at {_of(group, all_rows)}, status {key[-2]}"
            yield f"{what}: {message}."


def _without_meter(merged: Merged) -> Iterator[str]:
    """Rows without a meter, once a device and reason: the reason is the device's and not the variant's."""
    rows = merged.energy[merged.energy["status"] == "no_meter"]
    for (device, message), group in rows.groupby(["device", "message"], sort=False):
        yield f"Energy has no figure at {plural(len(group), 'point')} on {text(device)}, status no_meter: {text(message)}."


def _flagged(merged: Merged) -> Iterator[str]:
    for name in ("latency", "energy"):
        rows = getattr(merged, name)
        flags = sorted({flag for cell in rows["flags"] for flag in cell.split()})
        for flag in flags:
            group = rows[rows["flags"].map(lambda cell, flag=flag: flag in cell.split())]
            meaning = _FLAGS.get(flag, "see docs/tables.md")
            yield f"`{flag}` ({meaning}): {name} of {_variants(group)}."


def _wide(merged: Merged) -> Iterator[str]:
    for name, low, high in (("latency", "ci_low_s", "ci_high_s"), ("energy", "ci_low_J", "ci_high_J")):
        rows = merged.ok(name)
        half = pd.Series(
            [relative_half_width(a, b) for a, b in zip(rows[low], rows[high], strict=True)],
            index=rows.index,
            dtype=float,
        )
        wide = rows[half > WIDE]
        if len(wide):
            worst = half.idxmax()
            widest = f"widest {_name(rows.loc[worst])} at {_point(rows.loc[worst])} with ± {percent(half[worst])}"
            yield f"The interval of {name} is wider than ± 10 % at {plural(len(wide), 'point')} of {len(rows)}: {widest}."


def _variants(rows: pd.DataFrame) -> str:
    names: dict[str, list[str]] = {}
    for _, row in rows.iterrows():
        names.setdefault(_name(row), []).append(_point(row))
    return "; ".join(f"{name} at {', '.join(points)}" for name, points in names.items())


def _of(group: pd.DataFrame, rows: pd.DataFrame) -> str:
    if len(group) == len(rows):
        return "its only point" if len(rows) == 1 else f"all {len(rows)} points"
    return f"{len(group)} of {len(rows)} points ({', '.join(_point(row) for _, row in group.iterrows())})"


def _name(row: pd.Series) -> str:
    where = f" on {row['device']}" if "device" in row else ""
    return text(f"{row['model']} @ {row['runtime']}{where}")


def _point(row: pd.Series) -> str:
    """The point in as few words as are clear: what differs from the base point, else batch 1."""
    off = [axis for axis in AXES if axis in row and not row[f"base_{axis}"]]
    return " ".join(f"{axis} {row[axis]:g}" for axis in off) or "the base point"
