"""One quantity against another at the base point: one dot per variant, models named beside their dots."""

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from joulesweep.figures import _labels, _missing, _modelled, _style
from joulesweep.figures._quantities import Quantity, of_rows
from joulesweep.figures.base import NotDrawn
from joulesweep.merged import scores
from joulesweep.merged.base_points import METRICS, base_points
from joulesweep.merged.fronts import COMPARABLE
from joulesweep.merged.load import Merged

_MOST_COLUMNS = 3
_MOST_PANELS = 30
_TITLE_WIDTH = 50  # characters that fit above a panel
Bar = tuple[tuple[float, float], tuple[float, float]]  # a line from one place to another, in the units of the axes


def scatter(
    merged: Merged,
    across: Quantity,
    up: Quantity,
    heading: tuple[str, str],
    mark: Callable[[Axes, pd.DataFrame], dict[object, str]] | None = None,
) -> Drawing:
    """`up` against `across`, one panel per device; a grey line joins the runtimes of one model.

    Accuracy on each data set and by each metric has panels and a scale of its own. `mark` draws more into a panel with its rows,
    and may return how some of their dots are filled: `full`, `hollow`, or `faint`, by their index.

    Raises:
        NotDrawn: fewer than two variants have both quantities, or there are too many panels.
    """
    points = base_points(merged)
    shown = points[points[across.metric].notna() & points[up.metric].notna()]
    if len(shown) < 2:
        raise NotDrawn(_missing.at_base(merged, up, across))
    styles = _style.styles(shown["runtime"])
    panels = _panels(shown, up)
    if len(panels) > _MOST_PANELS:
        raise NotDrawn(_missing.too_many(len(panels), "panels", _MOST_PANELS, METRICS[up.metric][0]))
    columns = min(len(panels), _MOST_COLUMNS)
    lines = -(-len(panels) // columns)
    one_scale = up.metric != "accuracy" or len(shown[COMPARABLE].drop_duplicates()) == 1
    figure, grid = plt.subplots(
        lines,
        columns,
        figsize=(2.2 + 5.0 * columns if columns == 1 else 1 + 4.6 * columns, 1.3 + 4.0 * lines),
        sharex=True,
        sharey=one_scale,
        squeeze=False,
        layout="constrained",
    )
    _style.headline(figure, heading[0], _labels.noted(heading[1], (own for _, own in panels)))
    for axes in grid.flat:
        _scale(axes, shown, across, up)
    for place, ((title, own), axes) in enumerate(zip(panels, grid.flat, strict=False)):
        own_up = of_rows(up, own)
        _dots(axes, own, styles, across, own_up, mark(axes, own) if mark else {})
        axes.set_title(textwrap.fill(title, _TITLE_WIDTH))
        if place % columns == 0 or not one_scale:
            axes.set_ylabel(own_up.label(merged))
    for axes in grid.flat[len(panels) :]:
        axes.axis("off")
    for axes in grid.flat[max(0, len(panels) - columns) : len(panels)]:
        axes.set_xlabel(across.label(merged))
        axes.tick_params(labelbottom=True)
    _style.legend(figure, styles, _modelled.handles(shown, across, up))
    figure.draw_without_rendering()  # names are placed in the final layout
    figure.set_layout_engine("none")
    for (_, own), axes in zip(panels, grid.flat, strict=False):
        _names(axes, own, across, of_rows(up, own))
    return figure


def _panels(shown: pd.DataFrame, up: Quantity) -> list[tuple[str, pd.DataFrame]]:
    """The rows of each panel with its title: what tells it from the others."""
    apart = ["device", *(COMPARABLE if up.metric == "accuracy" else [])]
    telling = [name for name in apart if shown[name].nunique() > 1]
    return [(_title(own.iloc[0], telling), own) for _, own in shown.groupby(apart)]


def _title(row: pd.Series, telling: Sequence[str]) -> str:
    return ", ".join(scores.words(row[name]) if name == "metric" else row[name] for name in telling)


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
    filled = pd.Series([fills.get(index, "full") for index in shown.index], index=shown.index)
    for (runtime, fill), own in shown.groupby([shown["runtime"], filled], sort=False):
        colour, marker = styles[str(runtime)]
        x, y = own[across.metric] * across.scale, own[up.metric] * up.scale
        alpha, order = (_style.FAINT_ALPHA, 1.8) if fill == "faint" else (1.0, 2)
        axes.errorbar(
            x, y, xerr=_reach(own, across), yerr=_reach(own, up), fmt=marker, color=colour, markersize=5,
            markerfacecolor="white" if fill == "hollow" else colour, elinewidth=1, zorder=order, alpha=alpha,
        )  # fmt: skip
        modelled = _modelled.modelled_of(own, across, up).index
        _modelled.ring(axes, x[modelled], y[modelled], colour, alpha)


def _reach(rows: pd.DataFrame, quantity: Quantity) -> np.ndarray | None:
    """How far the bars of dots reach down and up, (2, dots), NaN where there is no interval; None for what is counted."""
    if f"{quantity.metric}_low" not in rows:
        return None
    value, low, high = (rows[f"{quantity.metric}{end}"].to_numpy(dtype=float) for end in ("", "_low", "_high"))
    return np.stack([np.maximum(value - low, 0), np.maximum(high - value, 0)]) * quantity.scale


def _names(axes: Axes, shown: pd.DataFrame, across: Quantity, up: Quantity) -> None:
    """The name of each model beside its highest dot, unless there are too many."""
    if _labels.too_many(shown):
        return
    dots = list(zip(shown[across.metric] * across.scale, shown[up.metric] * up.scale, strict=True))
    highest = shown.loc[shown.groupby("model")[up.metric].idxmax()]
    names = [
        (row[across.metric] * across.scale, row[up.metric] * up.scale, row["model"]) for _, row in highest.iterrows()
    ]
    _labels.place(axes, names, dots, [*_bars(shown, across, up), *_steps(axes)])


def _steps(axes: Axes) -> Iterator[Bar]:
    """The level and the upright parts of the step lines in a panel."""
    for line in axes.lines:
        if line.get_drawstyle() == "steps-post":
            for (x, y), (next_x, next_y) in pairwise(zip(line.get_xdata(), line.get_ydata(), strict=True)):
                yield (x, y), (next_x, y)
                yield (next_x, y), (next_x, next_y)


def _bars(rows: pd.DataFrame, across: Quantity, up: Quantity) -> Iterator[Bar]:
    """The ends of the dots' bars, in the units of the axes."""
    xs, ys = (rows[quantity.metric] * quantity.scale for quantity in (across, up))
    if (reach := _reach(rows, across)) is not None:
        yield from (((x - low, y), (x + high, y)) for x, y, low, high in zip(xs, ys, *reach, strict=True) if low == low)
    if (reach := _reach(rows, up)) is not None:
        yield from (((x, y - low), (x, y + high)) for x, y, low, high in zip(xs, ys, *reach, strict=True) if low == low)
