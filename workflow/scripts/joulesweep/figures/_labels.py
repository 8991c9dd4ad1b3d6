"""Puts names beside dots so that no name covers another name or a dot."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

# Where a name may go, in points from its dot: near first, beside before above before below, then further out.
_PLACES = [
    (x * far, y * far)
    for far in (1.0, 1.7, 2.6, 3.8, 5.2, 7)
    for x, y in ((8, 0), (-8, 0), (6, 8), (-6, 8), (0, 10), (6, -8), (-6, -8), (0, -10))
]
MOST_NAMES = 25  # in a panel; more would cover it
_SIDES = {1: ("left", "bottom"), 0: ("center", "center"), -1: ("right", "top")}  # alignment by the sign of an offset
_DOT, _MARGIN = 6, 1.2  # half the side of the square around a dot, and the margin of a name, in points


def too_many(rows: pd.DataFrame) -> bool:
    """Whether the models of a panel's rows are too many to be named."""
    return rows["model"].nunique() > MOST_NAMES


def noted(note: str, panels: Iterable[pd.DataFrame]) -> str:
    """The note of a figure with these panels; it says so where models are not named."""
    unnamed = f" Where a panel has more than {MOST_NAMES} models, they are not named."
    return f"{note}{unnamed}" if any(map(too_many, panels)) else note


def place(
    axes: Axes,
    names: Sequence[tuple[float, float, str]],
    dots: Sequence[tuple[float, float]],
    bars: Sequence[tuple[tuple[float, float], tuple[float, float]]] = (),
    size: float = 7.5,
) -> None:
    """Write each (x, y, name) at the first free place around its dot, with a thin line where that is not beside it.

    `bars` are lines from one place to another, which no name may cover either; all places are in data. Call it when the axes have their final limits and the figure its final layout.
    """
    figure = axes.figure
    renderer = figure.canvas.get_renderer()
    frame = np.array(axes.get_window_extent(renderer).extents)
    scale = figure.dpi / 72
    centres = _pixels(axes, dots)
    begins, ends = (_pixels(axes, [bar[end] for bar in bars]) for end in (0, 1))
    taken = np.vstack([_boxes(centres, centres, _DOT * scale), _boxes(begins, ends, scale)])
    for x, y, name in sorted(names, key=lambda entry: (-entry[1], entry[0])):
        text = axes.annotate(
            name,
            (x, y),
            xytext=(0, 0),
            textcoords="offset points",
            fontsize=size,
            color="#333333",
            annotation_clip=False,
        )
        extent = text.get_window_extent(renderer)
        own = axes.transData.transform((x, y))
        others = centres[(np.asarray(dots, dtype=float) != (x, y)).any(axis=1)]
        best = None
        for dx, dy in _PLACES:
            box = _beside(own + np.array([dx, dy]) * scale, dx, dy, extent.width, extent.height)
            box += np.array([-1, -1, 1, 1]) * _MARGIN * scale
            if (box[:2] < frame[:2]).any() or (box[2:] > frame[2:]).any():
                continue
            doubtful = bool((_distances(box, others) < _distances(box, own[None])).any())
            cost = 10 * int(_overlaps(box, taken).sum()) + doubtful
            if best is None or cost < best[0]:
                best = (cost, dx, dy, box)
            if cost == 0:
                break
        if best is None:
            taken = np.vstack([taken, extent.extents])
            continue
        _, dx, dy, box = best
        text.set(position=(dx, dy), ha=_SIDES[_sign(dx)][0], va=_SIDES[_sign(dy)][1])
        taken = np.vstack([taken, box])
        if max(abs(dx), abs(dy)) > 12:
            axes.annotate(
                "", (x, y), xytext=(dx, dy), textcoords="offset points",
                arrowprops={"arrowstyle": "-", "color": "#aaaaaa", "linewidth": 0.6, "shrinkA": 1, "shrinkB": 3},
            )  # fmt: skip


def _pixels(axes: Axes, places: Sequence[tuple[float, float]]) -> np.ndarray:
    """Places in data as pixels, (N, 2)."""
    return axes.transData.transform(np.asarray(places, dtype=float).reshape(-1, 2))


def _boxes(ends: np.ndarray, other_ends: np.ndarray, margin: float) -> np.ndarray:
    """The boxes around lines, (N, 4): left, bottom, right and top in pixels."""
    return np.hstack([np.minimum(ends, other_ends) - margin, np.maximum(ends, other_ends) + margin])


def _beside(anchor: np.ndarray, dx: float, dy: float, width: float, height: float) -> np.ndarray:
    """The box of a text that lies on the side of its anchor to which the offset points."""
    shift = {1: 0.0, 0: 0.5, -1: 1.0}
    left, bottom = anchor[0] - shift[_sign(dx)] * width, anchor[1] - shift[_sign(dy)] * height
    return np.array([left, bottom, left + width, bottom + height])


def _sign(offset: float) -> int:
    return (offset > 0) - (offset < 0)


def _overlaps(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which of the boxes (N, 4) a box touches."""
    return np.all((box[:2] <= others[:, 2:]) & (others[:, :2] <= box[2:]), axis=1)


def _distances(box: np.ndarray, points: np.ndarray) -> np.ndarray:
    """From a box to points (N, 2), in pixels; 0 inside."""
    return np.hypot(*np.maximum(0, np.maximum(box[:2] - points, points - box[2:])).T)
