"""A quantity along an axis: one panel per model, one line per runtime with its interval as a band."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D

from joulesweep import axes as sweep_axes
from joulesweep.axes import AXES
from joulesweep.figures import _levels, _missing, _modelled, _style
from joulesweep.figures._quantities import Quantity
from joulesweep.figures.base import NotDrawn
from joulesweep.merged.base_points import METRICS
from joulesweep.merged.load import Merged, sweep

_MOST_COLUMNS = 4
_MOST_PANELS = 80


def swept(merged: Merged, quantity: Quantity, axis: str, heading: tuple[str, str]) -> Drawing:
    """A block of panels per device; every panel spans the same factor, so that slopes can be compared.

    Raises:
        NotDrawn: no variant has the quantity at two values of the axis, or there are too many models.
    """
    table, *columns = METRICS[quantity.metric]
    rows = sweep(merged.sound(table), axis)
    if rows.empty:
        raise NotDrawn(_missing.along(merged, quantity, axis))
    styles = _style.styles(rows["runtime"])
    measured = set(zip(rows["device"], rows["model"], strict=True))
    devices = sorted(set(rows["device"]))
    models = {device: [model for model in merged.models if (device, model) in measured] for device in devices}
    if len(measured) > _MOST_PANELS:
        raise NotDrawn(_missing.too_many(len(measured), "panels of models on devices", _MOST_PANELS, table))
    width = min(_MOST_COLUMNS, max(map(len, models.values())))
    lines = [(device, line) for device in devices for line in _lines_of(models[device], width)]
    figure = plt.figure(figsize=(max(6.4, 1 + 2.5 * width), 1.5 + 2.3 * len(lines)), layout="constrained")
    _style.headline(figure, *heading)
    grid = figure.subplots(len(lines), width, sharex=True, squeeze=False)
    _style.axis_values(grid[0, 0].xaxis, rows[axis])
    drawn = rows[columns].where(lambda values: values > 0)  # a logarithmic axis has no place for the rest
    extent = drawn.groupby([rows["device"], rows["model"]])
    factor = (extent.max().max(axis=1) / extent.min().min(axis=1)).max()
    failed = merged.without_figure(table)
    for place, (device, line) in enumerate(lines):
        last = place + 1 == len(lines) or lines[place + 1][0] != device
        for column, axes in enumerate(grid[place]):
            if column >= len(line):
                axes.axis("off")
                continue
            model = line[column]
            chosen = rows[(rows["device"] == device) & (rows["model"] == model)]
            _style.log_window(axes.yaxis, chosen[columns].to_numpy().ravel() * quantity.scale, factor)
            _panel(axes, chosen, axis, columns, styles, quantity)
            _failures(axes, failed[(failed["device"] == device) & (failed["model"] == model)], axis)
            axes.set_title(model if len(devices) == 1 else f"{model}\n{device}", fontsize=8.5)
            axes.tick_params(labelbottom=True)
            if last or column >= len(lines[place + 1][1]):
                axes.set_xlabel(sweep_axes.ALL[axis].label, fontsize=8)
        grid[place, 0].set_ylabel(quantity.label(merged), fontsize=8)
    dashed = Line2D([], [], color=_style.GREY, linestyle="--", linewidth=0.9, label="in proportion to the batch")
    more = [*([dashed] if axis == "batch" else []), *_levels.handles(rows, quantity, "_")]
    _style.legend(figure, styles, [*more, *_modelled.handles(rows, quantity)])
    return figure


def _lines_of(models: list[str], width: int) -> list[list[str]]:
    """The models in lines of at most `width` panels, about equally long."""
    lines = -(-len(models) // width)
    panels = -(-len(models) // lines)
    return [models[start : start + panels] for start in range(0, len(models), panels)]


def _panel(
    axes: Axes,
    rows: pd.DataFrame,
    axis: str,
    columns: list[str | None],
    styles: dict[str, tuple[str, str]],
    quantity: Quantity,
) -> None:
    for runtime, group in rows.groupby("runtime"):
        colour, marker = styles[str(runtime)]
        x = group[axis]
        value, low, high = (group[name] * quantity.scale for name in columns)
        if axis == "batch":
            axes.plot(x, value.iloc[0] * x / x.iloc[0], color=colour, linestyle="--", linewidth=0.8, alpha=0.55)
        axes.fill_between(x, low, high, color=colour, alpha=0.22, linewidth=0)
        axes.plot(x, value, color=colour, marker=marker, markersize=4, linewidth=1.3)
        for _, row in group.iterrows():
            if _modelled.is_modelled(row, quantity):
                _modelled.ring(axes, row[axis], row[columns[0]] * quantity.scale, colour)
            for level in _levels.of(row, quantity):
                axes.plot(row[axis], level, "_", color=colour, markersize=7)


def _failures(axes: Axes, failed: pd.DataFrame, axis: str) -> None:
    """Which points of this panel have no figure, and why."""
    on = failed[failed[[f"base_{other}" for other in AXES if other != axis]].all(axis=1)] if len(failed) else failed
    lines = []
    for (runtime, why), group in on.groupby(["runtime", "why"]):
        values = ", ".join(f"{value:g}" for value in sorted(group[axis].dropna()))
        lines.append(f"× {runtime} at {values}: {why}")
    if lines:
        text = "\n".join(lines)
        axes.text(0.98, 0.03, text, ha="right", va="bottom", fontsize=6.5, color=_style.GREY, transform=axes.transAxes)
