"""Puts names beside dots so that no name covers another name or a dot."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

# Where a name may go, in points from its dot: near first, right before left, then further out.
_PLACES = [
    (x * far, y * far)
    for far in (1.0, 1.7, 2.6, 3.8, 5.2, 7)
    for x, y in ((8, 0), (6, 8), (6, -8), (0, 10), (0, -10), (-6, 8), (-6, -8), (-8, 0))
]


def place(
    axes: Axes, names: Sequence[tuple[float, float, str]], dots: Sequence[tuple[float, float]], size: float = 7.5
) -> None:
    """Write each (x, y, name) at the first free place around its dot, with a thin line where that is not beside it.

    Call it when the axes have their final limits and the figure its final layout.
    """
    figure = axes.figure
    renderer = figure.canvas.get_renderer()
    frame = axes.get_window_extent(renderer)
    scale = figure.dpi / 72
    taken = [_around(axes.transData.transform(dot), 5 * scale) for dot in dots]
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
            covered = sum(box.overlaps(other) for other in taken)
            if best is None or covered < best[0]:
                best = (covered, dx, dy, text.get_ha(), text.get_va(), box)
            if covered == 0:
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


def _around(centre: Sequence[float], radius: float) -> Bbox:
    x, y = centre
    return Bbox([[x - radius, y - radius], [x + radius, y + radius]])


def _within(box: Bbox, frame: Bbox) -> bool:
    return box.x0 >= frame.x0 and box.x1 <= frame.x1 and box.y0 >= frame.y0 and box.y1 <= frame.y1
