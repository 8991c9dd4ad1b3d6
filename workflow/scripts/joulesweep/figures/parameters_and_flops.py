"""What each model holds and does: its parameters and the floating-point operations of one pass."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D

from joulesweep.figures import _missing, _style, base
from joulesweep.formatting import si
from joulesweep.merged.base_points import model_counts
from joulesweep.merged.load import Merged

_WAYS = {
    "params": ("the lab's formula: shared counted once", "o", "#0072B2", 6),
    "params_every_use": ("every use counted", "^", "#D55E00", 9),
    "params_by_storage": ("by storage: ties and views counted once", "s", "#009E73", 12),
}
_MOST = 100  # models below each other


class Figure(base.Figure):
    """One row per model, the largest at the top; each number stands beside its dot."""

    title = "Parameters and FLOPs"
    note = "One pass at the base point. A multiply-add is two floating-point operations."

    def draw(self, merged: Merged, axis: str) -> Drawing:
        """A panel of parameters and a panel of FLOPs; a panel without any value is left out."""
        counts = model_counts(merged)
        counts = counts[counts[["params", "flops"]].notna().any(axis=1)].sort_values("params", kind="stable")
        if counts.empty:
            raise base.NotDrawn("no model was counted")
        if len(counts) > _MOST:
            raise base.NotDrawn(_missing.too_many(len(counts), "models", _MOST, "counts"))
        panels = [column for column in ("params", "flops") if counts[column].notna().any()]
        figure, grid = plt.subplots(
            1,
            len(panels),
            figsize=(1.5 + 4 * len(panels), 1.9 + 0.36 * len(counts)),
            sharey=True,
            squeeze=False,
            layout="constrained",
        )
        _style.headline(figure, *self.heading(merged))
        for panel, axes in zip(panels, grid.flat, strict=True):
            _parameters(axes, counts) if panel == "params" else _flops(axes, counts)
        grid[0, 0].set_yticks(range(len(counts)), counts.index)
        grid[0, 0].set_ylim(-0.6, len(counts) - 0.4)
        _style.legend(figure, {}, _handles() if "params" in panels else [])
        return figure


def _parameters(axes: Axes, counts: pd.DataFrame) -> None:
    for column, (_, marker, colour, size) in _WAYS.items():
        fill = "full" if size == 6 else "none"
        axes.plot(counts[column], range(len(counts)), marker, color=colour, markersize=size, fillstyle=fill)
    _finish(axes, counts["params"], counts[list(_WAYS)].max(axis=1), "parameters")


def _flops(axes: Axes, counts: pd.DataFrame) -> None:
    axes.plot(counts["flops"], range(len(counts)), "o", color="#0072B2", markersize=6)
    _finish(axes, counts["flops"], counts["flops"], "floating-point operations per pass (FLOP)")


def _handles() -> list[Line2D]:
    return [
        Line2D(
            [],
            [],
            color=colour,
            marker=marker,
            linestyle="",
            markersize=min(size, 9),
            fillstyle="full" if size == 6 else "none",
            label=text,
        )
        for text, marker, colour, size in _WAYS.values()
    ]


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
    _style.positive_axis(axes.xaxis, [*values, *furthest], counts=True)
    if axes.get_xscale() == "log":
        low, high = axes.get_xlim()
        axes.set_xlim(low, high * (high / low) ** 0.16)  # room for the text of the largest
    axes.set_xlabel(label)
    axes.grid(axis="y", color=_style.FAINT, linestyle=":")
