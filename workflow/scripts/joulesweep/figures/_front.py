"""The Pareto front of accuracy against a cost: the variants that no other beats in both, as a step line."""

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes

from joulesweep.figures import _style
from joulesweep.figures._quantities import ACCURACY, Quantity, of_rows
from joulesweep.merged.fronts import ranked
from joulesweep.uncertainty import pareto

NOTE = (
    "The line is the Pareto front: on its better side no variant was measured. Filled: on the front beyond the intervals. "
    "Hollow: the intervals do not tell. Faint: another variant is clearly better in one and not worse in the other."
)
_FILLS = {pareto.BEST: "full", pareto.POSSIBLE: "hollow", pareto.BEATEN: "faint"}


def front(cost: Quantity) -> Callable[[Axes, pd.DataFrame], dict[object, str]]:
    """What draws the front of accuracy against `cost` into a panel, and says how its dots are filled."""

    def mark(axes: Axes, rows: pd.DataFrame) -> dict[object, str]:
        compared = ranked(rows, cost.metric)
        corners = compared[compared["on_line"]]
        metric = of_rows(ACCURACY, rows)
        x, y = list(corners[cost.metric] * cost.scale), list(corners["accuracy"] * metric.scale)
        if x:
            x, y = [*x, axes.get_xlim()[1]], [*y, y[-1]]
            axes.plot(x, y, drawstyle="steps-post", color=_style.GREY, linewidth=1.2, zorder=1.5)
        fills = {index: _FILLS[standing] for index, standing in compared["standing"].items()}
        return dict.fromkeys(rows.index, "hollow") | fills

    return mark
