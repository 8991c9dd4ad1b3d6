"""Where the time of a pass goes, beside where its FLOPs are: a table, and in words what stands out.

All from `kinds`, the table that `time_by_kind` makes.
"""

from collections.abc import Iterator

import pandas as pd

from joulesweep import operator_kinds
from joulesweep.analysis.report.markdown import table, text
from joulesweep.formatting import digits, enumeration, first_of, percent
from joulesweep.launches.time_shares.rows import NO_PROFILER
from joulesweep.merged.load import VARIANT, Merged
from joulesweep.merged.time_by_kind import SHOWN

_EXCESS = 0.15  # from which a share of the time above that of the FLOPs is reported
_SLOWED = 1.3  # times, from which the shares of a variant are no finding, since the timing itself is too much of them
_NAMED = 2  # kinds of a model that are named where a runtime saves time
_MARK = " ⁑"
# Kinds whose work another runtime may do in operators of other kinds, so that their absence there is no saving.
_DIVIDED = frozenset(
    (
        operator_kinds.ATTENTION,
        operator_kinds.TRANSFORMER,
        operator_kinds.RECURRENT,
        operator_kinds.EMBEDDING,
        operator_kinds.BETWEEN,
    )
)


def shares(kinds: pd.DataFrame, device: str) -> str:
    """One row per variant of a device: the share of its time of each kind, with that of its FLOPs."""
    kinds = kinds[kinds["device"] == device]
    largest = kinds.groupby("kind")["time_share"].max().sort_values(ascending=False, kind="stable")
    shown = [kind for kind, share in largest.items() if share >= SHOWN]
    rows = []
    for variant, own in kinds.groupby(VARIANT, sort=False):
        by_kind = own.set_index("kind")
        cells = [_cell(by_kind.loc[kind]) if kind in by_kind.index else "–" for kind in shown]
        mark = _MARK if own["slowdown"].iloc[0] >= _SLOWED else ""
        rows.append([text(f"{variant[1]} @ {variant[2]}") + mark, *cells])
    return table(["variant", *shown], rows, numbers=len(shown)) if rows else ""


def _cell(row: pd.Series) -> str:
    half = f" ± {50 * (row['time_high_share'] - row['time_low_share']):.0f}" if row["launches"] > 1 else ""
    flops = "" if row["flops_share"] != row["flops_share"] else f" ({100 * row['flops_share']:.0f})"
    return f"{100 * row['time_share']:.0f}{half}{flops}"


def slowed(kinds: pd.DataFrame) -> str:
    """Which variants the timing slowed so much that their shares are no finding; empty where there is none."""
    times = kinds.drop_duplicates(VARIANT)["slowdown"]
    times = times[times >= _SLOWED]
    if times.empty:
        return ""
    how = digits(times.min(), 2) if len(times) == 1 else f"{digits(times.min(), 2)} to {digits(times.max(), 2)}"
    return (
        f"⁑ Timing the parts made these passes {how} times as long. The extra time cannot be separated from the work, so these shares are no "
        "finding."
    )


def not_split(merged: Merged) -> str:
    """The runtimes in which nothing can time the parts of a pass, in a sentence; empty where there is none."""
    rows = merged.time_shares
    runtimes = sorted(set(rows.loc[rows["message"] == NO_PROFILER, "runtime"]))
    return f"Nothing can time the parts of a pass in {text(enumeration(runtimes))}." if runtimes else ""


def sentences(kinds: pd.DataFrame) -> list[str]:
    """What stands out: kinds whose time is far above their FLOPs, and where a runtime saves the time of another one."""
    sound = kinds[kinds["slowdown"] < _SLOWED]
    return [*_excesses(sound), *_savings(sound)]


def _excesses(kinds: pd.DataFrame) -> Iterator[str]:
    """One sentence per kind, with the variants in which it is the one farthest above its FLOPs."""
    above = kinds.assign(excess=kinds["time_low_share"] - kinds["flops_share"])
    above = above[above["excess"] >= _EXCESS]
    most = above.loc[above.groupby(VARIANT, sort=False)["excess"].idxmax()] if len(above) else above
    for kind, rows in most.groupby("kind", sort=False):
        named = [
            f"{percent(row.time_share)} of the time ({100 * row.time_low_share:.0f} to {100 * row.time_high_share:.0f} %) and "
            f"{percent(row.flops_share) if row.flops_share else 'none'} of the FLOPs in {text(f'{row.model} @ {row.runtime} on {row.device}')}"
            for row in rows.itertuples()
        ]
        yield f"**{str(kind).capitalize()}** has {enumeration(first_of(named))}."


def _savings(kinds: pd.DataFrame) -> Iterator[str]:
    """For each model in eager and another runtime, the kinds in which that runtime saves most, in milliseconds per pass."""
    for (device, model), rows in kinds.groupby(["device", "model"], sort=False):
        eager = rows[rows["runtime"] == "eager"].set_index("kind")["own_s"]
        for runtime, own in rows[rows["runtime"] != "eager"].groupby("runtime", sort=False):
            if eager.empty:
                continue
            there = own.set_index("kind")["own_s"]
            shared = [kind for kind in eager.index if kind not in _DIVIDED or kind in there.index]
            there = there.reindex(shared).fillna(0.0)
            saved = (eager[shared] - there).sort_values(ascending=False)
            named = [
                f"{kind} {digits(1e3 * eager[kind], 2)} → {digits(1e3 * there[kind], 2)} ms"
                for kind in saved[saved > 0].index[:_NAMED]
            ]
            if named:
                yield f"{text(f'{model} on {device}')}: from eager to {text(str(runtime))}, {' and '.join(named)} per pass."
