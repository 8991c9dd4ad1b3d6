"""Why a figure is not drawn: what is missing in the tables, with the commonest reasons."""

import pandas as pd

from joulesweep.figures._quantities import Quantity
from joulesweep.formatting import enumeration, plural
from joulesweep.merged.base_points import METRICS
from joulesweep.merged.load import Merged, sweep

_MOST = 3  # reasons that are named


def at_base(merged: Merged, *quantities: Quantity) -> str:
    """Why there is nothing to draw of these quantities at the base point."""
    for quantity in quantities:
        table = METRICS[quantity.metric][0]
        rows = getattr(merged, table)
        rows = rows[rows["base"]]
        if rows.empty:
            return f"there is no row of {quantity.words} at the base point"
        if reasons := _reasons(merged, table, rows):
            return f"no {quantity.words} at the base point{reasons}"
    return f"fewer than two variants have {enumeration([quantity.words for quantity in quantities])} at the base point"


def of_table(merged: Merged, table: str, words: str) -> str:
    """Why no row of a table can be drawn; `words` is what such a row is."""
    return f"no variant has {words}{_reasons(merged, table, getattr(merged, table))}"


def of_launches(merged: Merged) -> str:
    """Why there are no launches to draw: no latency about which they could be drawn, or no journal that holds them."""
    if merged.sound("latency").empty:
        return of_table(merged, "latency", "latency that can be used")
    return "no journal with launches lies beside the tables"


def along(merged: Merged, quantity: Quantity, axis: str) -> str:
    """Why there is nothing to draw of a quantity along an axis."""
    table = METRICS[quantity.metric][0]
    rows = getattr(merged, table)
    if quantity.metric == "energy" and len(sweep(merged.ok("latency"), axis)) and sweep(rows, axis).empty:
        return f"energy was measured at one value of {axis} only; `points: all` in the section `energy` measures every value"
    reasons = _reasons(merged, table, sweep(rows, axis)) if len(rows) else ""
    return f"no variant has {quantity.words} that can be used at two values of {axis}{reasons}"


def too_many(count: int, things: str, most: int, table: str) -> str:
    """Why so many `things` are not drawn: nobody could read the image."""
    return f"{count} {things} are more than the {most} that can be read in one image; results/merged/{table}.csv has the numbers"


def _reasons(merged: Merged, table: str, rows: pd.DataFrame) -> str:
    """How many of these rows of a table have each reason, in brackets; empty where one of them has a figure that can be used."""
    rows = rows[rows["configured"] == "yes"]
    failed = merged.without_figure(table)
    failed = failed[failed.index.isin(rows.index)]
    if rows.empty or len(failed) < len(rows):
        return ""
    failed = failed.assign(message=failed["message"].where(failed["status"] != "ok", ""))
    groups = failed.groupby(["why", "message"], sort=False).size().sort_values(ascending=False, kind="stable")
    named = [
        f"{plural(count, 'row')}: {why}{f', {message}' if message else ''}"
        for (why, message), count in groups.head(_MOST).items()
    ]
    more = [f"and {plural(len(groups) - _MOST, 'other reason')}"] if len(groups) > _MOST else []
    return f" ({'; '.join([*named, *more])})"
