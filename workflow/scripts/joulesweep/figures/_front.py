"""The Pareto front of the metric of accuracy against a cost: the variants that no other beats in both, as a step line."""

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes

from joulesweep.figures import _style
from joulesweep.figures._quantities import Quantity
from joulesweep.merged import scores
from joulesweep.uncertainty import pareto
from joulesweep.uncertainty.interval import Interval

NOTE = (
    "The line is the Pareto front: on its better side no variant was measured. Filled: on the front beyond the intervals. "
    "Half-filled: the intervals do not tell. Faint: another variant is clearly better in one and not worse in the other."
)
_FILLS = {pareto.BEST: "full", pareto.POSSIBLE: "half", pareto.BEATEN: "faint"}


def front(cost: Quantity, metric: Quantity) -> Callable[[Axes, pd.DataFrame], dict[object, str]]:
    """What draws the front of the metric of accuracy against `cost` into a panel, and says how its dots are filled."""

    def mark(axes: Axes, rows: pd.DataFrame) -> dict[object, str]:
        if cost.metric == "energy" and (measured := rows[rows["kind"] == "measured"]).size:
            rows = measured  # modelled energy beats no measured one
        choices = [(_interval(row, cost), scores.gain(row, _interval(row, metric))) for _, row in rows.iterrows()]
        corners = rows.iloc[pareto.front(choices)]
        x = list(corners[cost.metric] * cost.scale)
        y = list(corners[metric.metric] * metric.scale)
        axes.plot(
            [*x, axes.get_xlim()[1]], [*y, y[-1]], drawstyle="steps-post", color=_style.GREY, linewidth=1.2, zorder=1.5
        )
        return dict(zip(rows.index, (_FILLS[each] for each in pareto.standings(choices)), strict=True))

    return mark


def _interval(row: pd.Series, quantity: Quantity) -> Interval:
    """The figure of a row; one without an interval is taken as exact."""
    value, low, high = (row[f"{quantity.metric}{end}"] for end in ("", "_low", "_high"))
    return Interval(value, value if low != low else low, value if high != high else high)
