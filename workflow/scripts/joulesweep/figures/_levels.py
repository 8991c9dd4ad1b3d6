"""The two levels of a latency whose launches lie on two: small marks beside the mean, which is that of a mixture."""

import pandas as pd
from matplotlib.lines import Line2D

from joulesweep.figures import _style
from joulesweep.figures._quantities import Quantity
from joulesweep.merged.base_points import levels_s

WORDS = "fast and slow launches"


def of(row: pd.Series, quantity: Quantity) -> list[float]:
    """The levels of a row in the quantity's unit, lower one first; empty where there is one level."""
    return [level * quantity.scale for level in levels_s(row)] if quantity.metric == "latency" else []


def handles(rows: pd.DataFrame, quantity: Quantity, marker: str) -> list[Line2D]:
    """What the legend says of the marks, where there are any."""
    if not any(of(row, quantity) for _, row in rows.iterrows()):
        return []
    return [Line2D([], [], color=_style.GREY, marker=marker, linestyle="", markersize=7, label=WORDS)]
