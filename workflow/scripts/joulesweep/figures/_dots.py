"""latency and energy at the base point: one line a model, one dot a runtime, with its interval and its figure."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from joulesweep.figures import _style
from joulesweep.figures._quantities import Quantity
from joulesweep.formatting import digits
from joulesweep.merged.base_points import METRICS, base_points
from joulesweep.merged.load import Merged

_MOST_COLUMNS = 3


def dots(merged: Merged, quantity: Quantity) -> Figure:
    """One panel a device; models by their smallest figure, largest at the top; a variant that failed says why."""
    points = base_points(merged)
    shown = points[points[quantity.metric].notna()]
    rows = getattr(merged, METRICS[quantity.metric][0])
    title = f"{quantity.title(merged)} of one pass at the base point"
    if shown.empty:
        return _style.empty(title, _style.why_empty(rows[rows["base"]], quantity.metric))
    looks = _style.looks(points["runtime"])
    failed = rows[rows["base"] & (rows["status"] != "ok")]
    devices = sorted({*shown["device"], *failed["device"]})
    order = list(shown.groupby("model")[quantity.metric].min().sort_values(kind="stable").index)
    order = [model for model in merged.models if model in set(failed["model"]) - set(order)] + order
    columns = min(len(devices), _MOST_COLUMNS)
    lines = -(-len(devices) // columns)
    height = lines * (0.7 + 0.2 * max(2, len(looks)) * len(order)) + 1.5
    figure, grid = plt.subplots(
        lines,
        columns,
        figsize=(3.2 + 4.3 * columns, height),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    _style.headline(figure, title, f"Batch 1, native input size. Bars are 95 % intervals{quantity.note(merged)}.")
    ends = (
        shown[[quantity.metric, f"{quantity.metric}_low", f"{quantity.metric}_high"]].to_numpy().ravel()
        * quantity.scale
    )
    for device, axes in zip(devices, grid.flat, strict=False):
        _style.positive_axis(axes.xaxis, ends)
        if axes.get_xscale() == "log":
            low, high = axes.get_xlim()
            axes.set_xlim(low, high * (high / low) ** 0.1)
        _panel(axes, shown[shown["device"] == device], failed[failed["device"] == device], order, looks, quantity)
        if len(devices) > 1:
            axes.set_title(device)
    for axes in grid.flat[len(devices) :]:
        axes.axis("off")
    for axes in grid[-1]:
        axes.set_xlabel(quantity.label(merged))
    _style.legend(figure, looks, hollow=quantity.modelled(merged))
    return figure


def _panel(
    axes: Axes,
    shown: pd.DataFrame,
    failed: pd.DataFrame,
    order: list[str],
    looks: dict[str, tuple[str, str]],
    quantity: Quantity,
) -> None:
    step = 0.8 / max(1, len(looks))
    height = {name: step * ((len(looks) - 1) / 2 - place) for place, name in enumerate(looks)}
    metric = quantity.metric
    for _, row in shown.iterrows():
        colour, marker = looks[row["runtime"]]
        y = order.index(row["model"]) + height[row["runtime"]]
        value, low, high = (row[name] * quantity.scale for name in (metric, f"{metric}_low", f"{metric}_high"))
        if low == low:
            axes.plot([low, high], [y, y], color=colour, linewidth=1.8, solid_capstyle="butt")
        face = "white" if row.get("kind") == "modelled" and metric == "energy" else colour
        axes.plot(value, y, marker, color=colour, markerfacecolor=face, markersize=5)
        end = high if high == high else value
        axes.annotate(
            digits(value), (end, y), xytext=(6, 0), textcoords="offset points", fontsize=7, va="center", color="#333333"
        )
    for _, row in failed.iterrows():
        y = order.index(row["model"]) + height[row["runtime"]]
        text = f"× {row['runtime']}: {row['status']}"
        axes.text(
            0.01, y, text, color=looks[row["runtime"]][0], fontsize=7, va="center", transform=axes.get_yaxis_transform()
        )
    axes.set_yticks(range(len(order)), order)
    axes.set_ylim(-0.6, len(order) - 0.4)
    axes.grid(axis="y", visible=False)
    for line in range(1, len(order)):
        axes.axhline(line - 0.5, color=_style.FAINT, linewidth=0.7)
