"""parameters_and_flops: what each model holds and does, on logarithmic axes, each figure written beside its dot."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from joulesweep.figures import _style
from joulesweep.formatting import si
from joulesweep.merged.base_points import model_counts
from joulesweep.merged.load import Merged

TITLE = "Parameters and FLOPs"
_WAYS = {
    "params": ("the lab's formula: shared counted once", "o", "#0072B2", 6),
    "params_every_use": ("every use counted", "^", "#D55E00", 9),
    "params_by_storage": ("by storage: ties and views counted once", "s", "#009E73", 12),
}


def parameters_and_flops(merged: Merged) -> Figure:
    """Two panels, one line a model, the largest at the top."""
    counts = model_counts(merged).dropna(how="all").sort_values("params", kind="stable")
    if counts.empty:
        return _style.empty(TITLE, _style.why_empty(merged.counts, "count"))
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9.5, 1.9 + 0.36 * len(counts)), sharey=True, layout="constrained"
    )
    _style.headline(figure, TITLE, "One pass at the base point; a multiply-add is two floating-point operations.")
    rows = range(len(counts))
    for column, (_, marker, colour, size) in _WAYS.items():
        left.plot(
            counts[column], rows, marker, color=colour, markersize=size, fillstyle="full" if size == 6 else "none"
        )
    right.plot(counts["flops"], rows, "o", color="#0072B2", markersize=6)
    _finish(left, counts["params"], counts[list(_WAYS)].max(axis=1), "parameters")
    _finish(right, counts["flops"], counts["flops"], "floating-point operations (FLOP)")
    left.set_yticks(rows, counts.index)
    left.set_ylim(-0.6, len(counts) - 0.4)
    handles = [
        Line2D(
            [],
            [],
            color=c,
            marker=m,
            linestyle="",
            markersize=min(s, 9),
            fillstyle="full" if s == 6 else "none",
            label=text,
        )
        for text, m, c, s in _WAYS.values()
    ]
    _style.legend(figure, {}, handles)
    return figure


def _finish(axes: Axes, values: pd.Series, furthest: pd.Series, label: str) -> None:
    for row, (value, end) in enumerate(zip(values, furthest, strict=True)):
        if value != value:
            axes.text(
                0.03,
                row,
                "not counted",
                color=_style.GREY,
                fontsize=8,
                va="center",
                transform=axes.get_yaxis_transform(),
            )
        else:
            text = si(value) if si(end) == si(value) else f"{si(value)} (up to {si(end)})"
            axes.annotate(text, (end, row), xytext=(9, 0), textcoords="offset points", va="center", fontsize=8)
    if values.notna().any():
        _style.positive_axis(axes.xaxis, [*values, *furthest], _style.tick)
        if axes.get_xscale() == "log":
            low, high = axes.get_xlim()
            axes.set_xlim(low, high * (high / low) ** 0.16)  # room for the text of the largest
    axes.set_xlabel(label)
    axes.grid(axis="y", color=_style.FAINT, linestyle=":")
