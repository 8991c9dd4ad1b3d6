"""Flags of rows: what each means, and what to do."""

from collections.abc import Iterator, Sequence

import pandas as pd

from joulesweep.analysis.report.markdown import text
from joulesweep.analysis.report.points import name_of, point_of
from joulesweep.formatting import digits, percent, plural
from joulesweep.merged.load import Merged

_MOST = 4

# What each flag means, and what to do.
FLAGS = {
    "inconsistent": "the row contradicts itself or its energy row, so that figures, answers and hypotheses leave it out: measure it again",
    "undetermined": "the interval reaches beyond ± 100 %, so that figures, answers and hypotheses leave the row out: measure it again on an idle device",
    "no_journal": "the journal is not beside the table, so that the latency is not corrected: copy the whole folder of the device",
    "under_voltage": "the supply voltage fell below what the board needs, which slows it down: use the official power supply and a short, thick cable, and unplug USB devices",
    "throttled": "the device slowed itself down, or everything that a lower clock slows took more than 20 % longer than at first: add a heat sink or a fan, or use a stronger power supply",
    "still_warm": "the device had not cooled down before a launch, so latency may be too high and energy above idle too low: add a heat sink or a fan",
    "busy": "in at least one launch that is used, other processes, or other machines on the same host, had more than a tenth of the cores' time: close what is not needed",
    "reference_off": "the reference workload ran more than 20 % faster or slower than when this device was first measured: look for other load or another power mode",
    "not_settled": "pass times were still changing when the warm-up ended, so slow first passes may be included",
    "few_launches": "fewer launches than configured succeeded, so the interval is wide",
    "wide": "the interval of the uncorrected latency is wider than the configured `precision` (the ± at which a point needs no more launches): more `minutes` help, up to 40 further launches per point",
    "drift_unseen": "all launches of the points of this kind (with one thread, or with several) lie within a few minutes, so the drift of the device is not known and the interval holds for these minutes only: run again on another day",
    "two_levels": "the launches form a faster and a slower group, so the mean depends on how many fell into each: quote both levels, not only the mean",
    "cores_move": "the slower launches are those in which the cores answered each other slowly, because the host of a virtual machine moves them: measure on a machine of your own, or with one thread",
    "differs": "the outputs are further from the model's own than the precision of the variant explains, so the figures are those of another model: compare the accuracy, or convert the model in another way",
    "few_windows": "fewer than three windows succeeded, so the interval is wide",
    "few_readings": "a window holds fewer than 10 readings of the meter: raise `window_s`",
    "net_below_zero": "idle power was higher than power under load, so the energy above idle is negative: let the device come to rest, or use a meter that covers less",
    "stuck": "the meter showed the same value throughout, idle and under load: check the meter",
}


def found(merged: Merged) -> Iterator[str]:
    """One entry per flag and table: how many points have it, what it means, and which they are, at most `_MOST` variants by name."""
    for table in ("latency", "energy"):
        rows = getattr(merged, table)
        raised = {flag for cell in rows["flags"] for flag in cell.split()}
        known = [flag for flag in FLAGS if flag in raised]
        for flag in [*known, *sorted(raised - set(FLAGS))]:
            group = rows[[flag in cell.split() for cell in rows["flags"]]]
            meaning = FLAGS.get(flag, "explained in `docs/tables.md`")
            named = _two_levels(group) if flag == "two_levels" else _variants(group)
            yield f"**{text(flag)}** in {table}, {len(group)} of {plural(len(rows), 'point')}: {meaning}. Seen in {_enumerated(named, table)}."


def _two_levels(rows: pd.DataFrame) -> list[str]:
    return [
        f"{name_of(row)} at {point_of(row)} ({digits(1e3 * row['low_level_s'])} ms, and {digits(1e3 * row['high_level_s'])} ms in "
        f"{percent(row['high_share'])} of the launches)"
        for _, row in rows.iterrows()
    ]


def _variants(rows: pd.DataFrame) -> list[str]:
    names: dict[str, list[str]] = {}
    for _, row in rows.iterrows():
        names.setdefault(name_of(row), []).append(point_of(row))
    return [f"{name} at {', '.join(points)}" for name, points in names.items()]


def _enumerated(named: Sequence[str], table: str) -> str:
    more = [f"{len(named) - _MOST} more (column `flags` of `results/merged/{table}.csv`)"] if len(named) > _MOST else []
    return "; ".join([*named[:_MOST], *more])
