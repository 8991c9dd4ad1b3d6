"""Puts names beside dots so that no name covers another name or a dot."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

# Where a name may go, in points from its dot: near first, beside before above before below, then further out.
_PLACES = [
    (x * far, y * far)
    for far in (1.0, 1.7, 2.6, 3.8, 5.2, 7)
    for x, y in ((8, 0), (-8, 0), (6, 8), (-6, 8), (0, 10), (6, -8), (-6, -8), (0, -10))
]


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
    frame = axes.get_window_extent(renderer)
    scale = figure.dpi / 72
    taken = [_around(axes.transData.transform(dot), 6 * scale) for dot in dots]
    taken += [Bbox([axes.transData.transform(end) for end in bar]).padded(scale) for bar in bars]
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
        best = None
        for dx, dy in _PLACES:
            text.set_position((dx, dy))
            text.set_ha("left" if dx > 0 else "right" if dx < 0 else "center")
            text.set_va("bottom" if dy > 0 else "top" if dy < 0 else "center")
            box = text.get_window_extent(renderer).padded(1.2 * scale)
            if not _within(box, frame):
                continue
            cost = 10 * sum(box.overlaps(other) for other in taken) + _doubtful(box, (x, y), dots, axes)
            if best is None or cost < best[0]:
                best = (cost, dx, dy, text.get_ha(), text.get_va(), box)
            if cost == 0:
                break
        if best is None:
            taken.append(text.get_window_extent(renderer))
            continue
        _, dx, dy, horizontal, vertical, box = best
        text.set(position=(dx, dy), ha=horizontal, va=vertical)
        taken.append(box)
        if max(abs(dx), abs(dy)) > 12:
            axes.annotate(
                "", (x, y), xytext=(dx, dy), textcoords="offset points",
                arrowprops={"arrowstyle": "-", "color": "#aaaaaa", "linewidth": 0.6, "shrinkA": 1, "shrinkB": 3},
            )  # fmt: skip


def _doubtful(box: Bbox, own: tuple[float, float], dots: Sequence[tuple[float, float]], axes: Axes) -> bool:
    """Whether another dot is nearer to a name than its own."""
    mine = _distance(box, axes.transData.transform(own))
    return any(_distance(box, axes.transData.transform(dot)) < mine for dot in dots if dot != own)


def _distance(box: Bbox, point: Sequence[float]) -> float:
    """From a box to a point, in pixels; 0 inside."""
    x, y = point
    return math.hypot(max(box.x0 - x, 0, x - box.x1), max(box.y0 - y, 0, y - box.y1))


def _around(centre: Sequence[float], radius: float) -> Bbox:
    x, y = centre
    return Bbox([[x - radius, y - radius], [x + radius, y + radius]])


def _within(box: Bbox, frame: Bbox) -> bool:
    return box.x0 >= frame.x0 and box.x1 <= frame.x1 and box.y0 >= frame.y0 and box.y1 <= frame.y1
