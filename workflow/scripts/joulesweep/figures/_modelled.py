"""How figures show modelled energy: a dotted ring around its dot, so that the filling of the dot can say something else."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.path import Path
from matplotlib.transforms import IdentityTransform
from numpy.typing import ArrayLike

from joulesweep.figures import _style
from joulesweep.figures._quantities import Quantity

NOTE = "In a dotted ring: modelled, that is computed from time and configured watts, not measured."
WORDS = "modelled"
_AREA = 100  # of the square around a ring, in points squared


def is_modelled(row: pd.Series, *quantities: Quantity) -> bool:
    """Whether one of the quantities that a dot shows is modelled."""
    return row.get("kind") == "modelled" and "energy" in {quantity.metric for quantity in quantities}


def modelled_of(rows: pd.DataFrame, *quantities: Quantity) -> pd.DataFrame:
    """The rows of which one of the quantities that their dots show is modelled."""
    shows_energy = "energy" in {quantity.metric for quantity in quantities} and "kind" in rows
    return rows[rows["kind"] == "modelled"] if shows_energy else rows.iloc[:0]


def ring(axes: Axes, x: ArrayLike, y: ArrayLike, colour: str, alpha: float = 1.0) -> None:
    """A dotted ring around each dot, given in the units of the axes."""
    axes.scatter(
        x, y, s=_AREA, facecolors="none", edgecolors=colour, linestyles=":", linewidths=0.9, alpha=alpha, zorder=2.2
    )


def handles(rows: pd.DataFrame, *quantities: Quantity) -> list[PathCollection]:
    """What the legend says of the rings, where there are any."""
    if modelled_of(rows, *quantities).empty:
        return []
    circle = Path.circle(radius=0.5)
    return [
        PathCollection(
            [circle],
            sizes=[_AREA],
            facecolors="none",
            edgecolors=_style.GREY,
            linestyles=":",
            linewidths=0.9,
            label=WORDS,
            transform=IdentityTransform(),
        )
    ]
