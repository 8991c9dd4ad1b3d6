"""latency_<axis> and energy_<axis>: one panel a model, one line a runtime with its interval as a band."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from joulesweep import axes as sweep_axes
from joulesweep.axes import AXES
from joulesweep.figures import _style
from joulesweep.figures._quantities import Quantity
from joulesweep.merged.base_points import METRICS
from joulesweep.merged.load import Merged, sweep

_MOST_COLUMNS = 4


def swept(merged: Merged, quantity: Quantity, axis: str) -> Figure:
    """A block of panels for each device; every panel spans the same factor, so that slopes can be compared."""
    table, column, low, high = METRICS[quantity.metric]
    title = f"{quantity.title(merged)} of one pass against {axis}"
    rows = sweep(merged.ok(table), axis)
    if rows.empty:
        found = sweep(getattr(merged, table), axis)
        return _style.empty(title, _style.why_empty(found, f"{quantity.metric} at two values of {axis} or more"))
    looks = _style.looks(rows["runtime"])
    devices = sorted(set(rows["device"]))
    models = [model for model in merged.models if model in set(rows["model"])]
    lines = -(-len(models) // _MOST_COLUMNS)
    columns = -(-len(models) // lines)
    figure = plt.figure(
        figsize=(max(6.4, 1 + 2.5 * columns), 1.5 + len(devices) * (2.15 * lines + 0.35)), layout="constrained"
    )
    guide = "; dashed: in proportion to batch" if axis == "batch" else ""
    _style.headline(
        figure, title, f"All else at the base point. Bands are 95 % intervals{guide}{quantity.note(merged)}."
    )
    grid = figure.subplots(lines * len(devices), columns, sharex=True, squeeze=False)
    _style.axis_values(grid[0, 0].xaxis, rows[axis])
    drawn = rows[[column, low, high]].where(lambda values: values > 0)  # a logarithmic axis has no place for the rest
    extent = drawn.groupby([rows["device"], rows["model"]])
    factor = (extent.max().max(axis=1) / extent.min().min(axis=1)).max()
    failed = getattr(merged, table)
    failed = failed[failed["status"] != "ok"]
    panels = [(device, model) for device in devices for model in models + [None] * (lines * columns - len(models))]
    for (device, model), axes in zip(panels, grid.flat, strict=True):
        if model is None:
            axes.axis("off")
            continue
        chosen = rows[(rows["device"] == device) & (rows["model"] == model)]
        _style.log_window(axes.yaxis, chosen[[column, low, high]].to_numpy().ravel() * quantity.scale, factor)
        _panel(axes, chosen, axis, (column, low, high), looks, quantity)
        _failures(axes, failed[(failed["device"] == device) & (failed["model"] == model)], axis)
        axes.set_title(model if len(devices) == 1 else f"{model}\n{device}", fontsize=8.5)
        axes.tick_params(labelbottom=True)
    for place, (device, model) in enumerate(panels):
        below = panels[place + columns] if place + columns < len(panels) else (None, None)
        if model is not None and (below[1] is None or below[0] != device):
            grid.flat[place].set_xlabel(sweep_axes.ALL[axis].label, fontsize=8)
        if place % columns == 0:
            grid.flat[place].set_ylabel(quantity.label(merged), fontsize=8)
    more = (
        [Line2D([], [], color=_style.GREY, linestyle="--", linewidth=0.9, label="in proportion to batch")]
        if guide
        else []
    )
    _style.legend(figure, looks, more, hollow=quantity.modelled(merged))
    return figure


def _panel(
    axes: Axes,
    rows: pd.DataFrame,
    axis: str,
    columns: tuple[str, str | None, str | None],
    looks: dict[str, tuple[str, str]],
    quantity: Quantity,
) -> None:
    for runtime, group in rows.groupby("runtime"):
        colour, marker = looks[str(runtime)]
        x = group[axis]
        value, low, high = (group[name] * quantity.scale for name in columns)
        if axis == "batch":
            axes.plot(x, value.iloc[0] * x / x.iloc[0], color=colour, linestyle="--", linewidth=0.8, alpha=0.55)
        face = "white" if quantity.metric == "energy" and "modelled" in set(group["kind"]) else colour
        axes.fill_between(x, low, high, color=colour, alpha=0.22, linewidth=0)
        axes.plot(x, value, color=colour, marker=marker, markersize=4, markerfacecolor=face, linewidth=1.3)
    if rows.empty:
        axes.text(0.5, 0.5, "not measured here", ha="center", color=_style.GREY, fontsize=8, transform=axes.transAxes)


def _failures(axes: Axes, failed: pd.DataFrame, axis: str) -> None:
    """Which points of this panel have no figure, and why."""
    on = failed[failed[[f"base_{other}" for other in AXES if other != axis]].all(axis=1)] if len(failed) else failed
    lines = []
    for (runtime, status), group in on.groupby(["runtime", "status"]):
        values = ", ".join(f"{value:g}" for value in sorted(group[axis].dropna()))
        lines.append(f"× {runtime} at {values}: {status}")
    if lines:
        text = "\n".join(lines)
        axes.text(0.98, 0.03, text, ha="right", va="bottom", fontsize=6.5, color=_style.GREY, transform=axes.transAxes)
