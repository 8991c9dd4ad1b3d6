"""One quantity against another at the base point: one dot per variant, models named beside their dots."""

from collections.abc import Callable, Iterator, Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from joulesweep.figures import _labels, _missing, _style
from joulesweep.figures._quantities import Quantity
from joulesweep.figures.base import NotDrawn
from joulesweep.merged.base_points import base_points
from joulesweep.merged.load import Merged

_MOST_COLUMNS = 3


def scatter(
    merged: Merged,
    across: Quantity,
    up: Quantity,
    heading: tuple[str, str],
    mark: Callable[[Axes, pd.DataFrame], dict[object, str]] | None = None,
) -> Drawing:
    """`up` against `across`, one panel per device; a grey line joins the runtimes of one model.

    `mark` draws more into a panel with the rows of its device, and may return how some of their dots are filled: `full`,
    `half`, or `faint`, by their index.

    Raises:
        NotDrawn: fewer than two variants have both quantities.
    """
    shown = up.of(across.of(base_points(merged)))
    if len(shown) < 2:
        raise NotDrawn(_missing.at_base(merged, up, across))
    styles = _style.styles(shown["runtime"])
    devices = sorted(set(shown["device"]))
    columns = min(len(devices), _MOST_COLUMNS)
    lines = -(-len(devices) // columns)
    figure, grid = plt.subplots(
        lines,
        columns,
        figsize=(2.2 + 5.0 * columns if columns == 1 else 1 + 4.6 * columns, 1.3 + 4.0 * lines),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    _style.headline(figure, *heading)
    for axes in grid.flat:
        _scale(axes, shown, across, up)
    for device, axes in zip(devices, grid.flat, strict=False):
        own = shown[shown["device"] == device]
        _dots(axes, own, styles, across, up, mark(axes, own) if mark else {})
        if len(devices) > 1:
            axes.set_title(device)
    for axes in grid.flat[len(devices) :]:
        axes.axis("off")
    for axes in grid.flat[max(0, len(devices) - columns) : len(devices)]:
        axes.set_xlabel(across.label(merged))
        axes.tick_params(labelbottom=True)
    for axes in grid[:, 0]:
        axes.set_ylabel(up.label(merged))
    _style.legend(figure, styles, hollow=up.modelled(merged) or across.modelled(merged))
    figure.draw_without_rendering()  # names are placed in the final layout
    figure.set_layout_engine("none")
    for device, axes in zip(devices, grid.flat, strict=False):
        _names(axes, shown[shown["device"] == device], across, up)
    return figure


def _scale(axes: Axes, shown: pd.DataFrame, across: Quantity, up: Quantity) -> None:
    for quantity, axis in ((across, axes.xaxis), (up, axes.yaxis)):
        if quantity.metric == "accuracy":
            continue
        ends = [
            name for name in (quantity.metric, f"{quantity.metric}_low", f"{quantity.metric}_high") if name in shown
        ]
        _style.positive_axis(axis, shown[ends].to_numpy().ravel() * quantity.scale, counts=not quantity.unit)


def _dots(
    axes: Axes,
    shown: pd.DataFrame,
    styles: dict[str, tuple[str, str]],
    across: Quantity,
    up: Quantity,
    fills: Mapping[object, str],
) -> None:
    for _, group in shown.groupby("model"):
        group = group.sort_values([up.metric, across.metric])
        axes.plot(
            group[across.metric] * across.scale, group[up.metric] * up.scale, color=_style.FAINT, linewidth=1, zorder=1
        )
    for index, row in shown.iterrows():
        colour, marker = styles[row["runtime"]]
        x, y = row[across.metric] * across.scale, row[up.metric] * up.scale
        modelled = row.get("kind") == "modelled" and "energy" in (across.metric, up.metric)
        fill = "none" if modelled else fills.get(index, "full")
        bars = {"xerr": _reach(row, across), "yerr": _reach(row, up)}
        axes.errorbar(
            x, y, **bars, fmt=marker, color=colour, markersize=5, markerfacecolor="white" if fill == "none" else colour,
            fillstyle="left" if fill == "half" else "full", markerfacecoloralt="white", elinewidth=1, zorder=2, alpha=_style.FAINT_ALPHA if fill == "faint" else 1,
        )  # fmt: skip


def _reach(row: pd.Series, quantity: Quantity) -> list[list[float]] | None:
    low, high = row.get(f"{quantity.metric}_low"), row.get(f"{quantity.metric}_high")
    if low is None or high is None or low != low or high != high:
        return None
    value = row[quantity.metric]
    return [[max(0.0, value - low) * quantity.scale], [max(0.0, high - value) * quantity.scale]]


def _names(axes: Axes, shown: pd.DataFrame, across: Quantity, up: Quantity) -> None:
    dots = [(row[across.metric] * across.scale, row[up.metric] * up.scale) for _, row in shown.iterrows()]
    highest = shown.loc[shown.groupby("model")[up.metric].idxmax()]
    names = [
        (row[across.metric] * across.scale, row[up.metric] * up.scale, row["model"]) for _, row in highest.iterrows()
    ]
    _labels.place(axes, names, dots, [bar for _, row in shown.iterrows() for bar in _bars(row, across, up)])


def _bars(row: pd.Series, across: Quantity, up: Quantity) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    """The ends of a dot's bars, in the units of the axes."""
    x, y = row[across.metric] * across.scale, row[up.metric] * up.scale
    if reach := _reach(row, across):
        yield (x - reach[0][0], y), (x + reach[1][0], y)
    if reach := _reach(row, up):
        yield (x, y - reach[0][0]), (x, y + reach[1][0])
