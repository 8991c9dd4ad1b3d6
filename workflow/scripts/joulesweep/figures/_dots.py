"""A quantity at the base point: one row per model, one dot per runtime, with its interval and its number."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from joulesweep.figures import _levels, _missing, _modelled, _style
from joulesweep.figures._quantities import Quantity
from joulesweep.figures.base import NotDrawn
from joulesweep.formatting import digits, significant
from joulesweep.merged.base_points import METRICS, base_points
from joulesweep.merged.load import Merged

_MOST_COLUMNS = 3
_MOST_ROWS = 100  # models below each other, in all lines of panels, that have room for names and numbers
_CROWDED_HEIGHT = 4.0  # inches of a panel without them


def dots(merged: Merged, quantity: Quantity, heading: tuple[str, str]) -> Drawing:
    """One panel per device; models by their smallest value, largest at the top; a variant without a value says why.

    More than a hundred rows of models are drawn without names, numbers and reasons.

    Raises:
        NotDrawn: no variant has a value.
    """
    points = base_points(merged)
    shown = points[points[quantity.metric].notna()]
    if shown.empty:
        raise NotDrawn(_missing.at_base(merged, quantity))
    styles = _style.styles(points["runtime"])
    failed = merged.without_figure(METRICS[quantity.metric][0])
    failed = failed[failed["base"]]
    devices = sorted(set(shown["device"]))
    order = list(shown.groupby("model")[quantity.metric].min().sort_values(kind="stable").index)
    order = [model for model in merged.models if model in set(failed["model"]) - set(order)] + order
    columns = min(len(devices), _MOST_COLUMNS)
    lines = -(-len(devices) // columns)
    crowded = lines * len(order) > _MOST_ROWS
    height = _CROWDED_HEIGHT if crowded else 0.7 + 0.2 * max(2, len(styles)) * len(order)
    figure, grid = plt.subplots(
        lines,
        columns,
        figsize=(3.2 + 4.3 * columns, lines * height + 1.5),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    _style.headline(figure, *heading)
    names = [quantity.metric, f"{quantity.metric}_low", f"{quantity.metric}_high"]
    ends = shown[names].to_numpy().ravel() * quantity.scale
    for device, axes in zip(devices, grid.flat, strict=False):
        _style.positive_axis(axes.xaxis, ends)
        if axes.get_xscale() == "log":
            low, high = axes.get_xlim()
            axes.set_xlim(low, high * (high / low) ** 0.1)
        own = shown[shown["device"] == device]
        if crowded:
            _cloud(axes, own, order, styles, quantity)
        else:
            _panel(axes, own, failed[failed["device"] == device], order, styles, quantity)
        if len(devices) > 1:
            axes.set_title(device)
    for axes in grid.flat[len(devices) :]:
        axes.axis("off")
    for axes in grid.flat[max(0, len(devices) - columns) : len(devices)]:
        axes.set_xlabel(quantity.label(merged))
        axes.tick_params(labelbottom=True)
    levels = [] if crowded else _levels.handles(shown, quantity, "|")
    _style.legend(figure, styles, [*levels, *_modelled.handles(shown, quantity)])
    return figure


def _cloud(
    axes: Axes, shown: pd.DataFrame, order: list[str], styles: dict[str, tuple[str, str]], quantity: Quantity
) -> None:
    """One dot per variant, at the height of its model."""
    places = {model: place for place, model in enumerate(order)}
    metric = quantity.metric
    for runtime, own in shown.groupby("runtime", sort=False):
        colour, marker = styles[str(runtime)]
        value, low, high = (own[name] * quantity.scale for name in (metric, f"{metric}_low", f"{metric}_high"))
        y = own["model"].map(places)
        axes.hlines(y, low, high, color=colour, linewidth=1)
        axes.plot(value, y, marker, color=colour, markersize=2.5)
        modelled = _modelled.modelled_of(own, quantity).index
        _modelled.ring(axes, value[modelled], y[modelled], colour)
    axes.set_yticks([])
    axes.set_ylim(-1, len(order))
    axes.set_ylabel(f"{len(order)} models, in the same order on every device")


def _panel(
    axes: Axes,
    shown: pd.DataFrame,
    failed: pd.DataFrame,
    order: list[str],
    styles: dict[str, tuple[str, str]],
    quantity: Quantity,
) -> None:
    step = 0.8 / max(1, len(styles))
    height = {name: step * ((len(styles) - 1) / 2 - place) for place, name in enumerate(styles)}
    metric = quantity.metric
    for _, row in shown.iterrows():
        colour, marker = styles[row["runtime"]]
        y = order.index(row["model"]) + height[row["runtime"]]
        value, low, high = (row[name] * quantity.scale for name in (metric, f"{metric}_low", f"{metric}_high"))
        if low == low:
            axes.plot([low, high], [y, y], color=colour, linewidth=1.8, solid_capstyle="butt")
        axes.plot(value, y, marker, color=colour, markersize=5)
        if _modelled.is_modelled(row, quantity):
            _modelled.ring(axes, value, y, colour)
        levels = _levels.of(row, quantity)
        for level in levels:
            axes.plot(level, y, "|", color=colour, markersize=7)
        end = max([high if high == high else value, *levels])
        number = digits(value, significant(value, low, high))
        axes.annotate(
            number, (end, y), xytext=(6, 0), textcoords="offset points", fontsize=7, va="center", color="#333333"
        )
    for _, row in failed[failed["runtime"].isin(styles)].iterrows():
        y = order.index(row["model"]) + height[row["runtime"]]
        text = f"× {row['runtime']}: {row['why']}"
        axes.text(
            0.01,
            y,
            text,
            color=styles[row["runtime"]][0],
            fontsize=7,
            va="center",
            transform=axes.get_yaxis_transform(),
        )
    axes.set_yticks(range(len(order)), order)
    axes.set_ylim(-0.6, len(order) - 0.4)
    axes.grid(axis="y", visible=False)
    for line in range(1, len(order)):
        axes.axhline(line - 0.5, color=_style.FAINT, linewidth=0.7)
