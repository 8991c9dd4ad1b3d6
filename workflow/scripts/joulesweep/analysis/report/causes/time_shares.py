"""Where the time of a pass goes, beside where its FLOPs are: a table, and the variants in which the two differ most."""

from collections.abc import Iterator

import pandas as pd

from joulesweep.analysis.report.markdown import table, text
from joulesweep.formatting import percent
from joulesweep.merged.load import VARIANT, Merged
from joulesweep.merged.time_by_kind import time_by_kind

_SHOWN = 0.03  # a kind with less than this share of the time in every variant is among the rest
_EXCESS = 0.15  # from which a share of the time above that of the FLOPs is reported
_SLOWED = 1.3  # times, from which the slowdown by the timing itself is reported


def shares(merged: Merged, device: str) -> str:
    """One row per variant of a device: the share of its time of each kind, with that of its FLOPs."""
    kinds = time_by_kind(merged)
    kinds = kinds[kinds["device"] == device]
    largest = kinds.groupby("kind")["time_share"].max().sort_values(ascending=False, kind="stable")
    shown = [kind for kind, share in largest.items() if share >= _SHOWN]
    rows = []
    for variant, own in kinds.groupby(VARIANT, sort=False):
        by_kind = own.set_index("kind")
        cells = [_cell(by_kind.loc[kind]) if kind in by_kind.index else "–" for kind in shown]
        rest = 1 - float(by_kind["time_share"].reindex(shown).sum())
        rows.append([text(f"{variant[1]} @ {variant[2]}"), *cells, f"{100 * max(0.0, rest):.0f}"])
    return table(["variant", *shown, "the rest"], rows, numbers=len(shown) + 1) if rows else ""


def _cell(row: pd.Series) -> str:
    half = f" ± {50 * (row['time_high_share'] - row['time_low_share']):.0f}" if row["launches"] > 1 else ""
    flops = "" if row["flops_share"] != row["flops_share"] else f" ({100 * row['flops_share']:.0f})"
    return f"{100 * row['time_share']:.0f}{half}{flops}"


def sentences(merged: Merged) -> list[str]:
    """What the shares say: per variant the kind whose time is farthest above its FLOPs; and what the timing itself cost."""
    kinds = time_by_kind(merged)
    return [*_excesses(kinds), *_slowed(kinds)]


def _excesses(kinds: pd.DataFrame) -> Iterator[str]:
    above = kinds.assign(excess=kinds["time_low_share"] - kinds["flops_share"])
    for _, own in above[above["excess"] >= _EXCESS].groupby(VARIANT, sort=False):
        row = own.loc[own["excess"].idxmax()]
        name = text(f"{row['model']} @ {row['runtime']} on {row['device']}")
        low, high = (f"{100 * row[column]:.0f}" for column in ("time_low_share", "time_high_share"))
        flops = f"{percent(row['flops_share'])} of the FLOPs" if row["flops_share"] else "no multiply-adds"
        yield f"{name}: **{row['kind']}** has {flops} and {percent(row['time_share'])} of the time ({low} to {high} %)."


def _slowed(kinds: pd.DataFrame) -> Iterator[str]:
    slowed = kinds[kinds["slowdown"] >= _SLOWED].drop_duplicates(VARIANT)
    if len(slowed):
        named = ", ".join(
            f"{text(f'{row.model} @ {row.runtime} on {row.device}')} ({percent(row.slowdown - 1)})"
            for row in slowed.itertuples()
        )
        yield (
            f"Timing the parts slowed the passes of {named}. There, small parts look larger than they are where the parts are modules, and smaller "
            "where they are operators."
        )
