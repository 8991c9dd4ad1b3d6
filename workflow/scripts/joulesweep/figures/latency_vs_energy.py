"""Latency against energy at the base point."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from joulesweep.figures import _style, base
from joulesweep.figures._quantities import ENERGY, LATENCY
from joulesweep.figures._scatter import scatter
from joulesweep.merged.load import Merged

_NEAR = 2.5  # times the power of the dots


class Figure(base.Figure):
    """One dot per variant."""

    title = "Latency against {energy}"
    note = (
        "One dot per variant at the base point; a grey line joins the runtimes of a model. Bars are 95 % intervals. Along a "
        "dotted line, drawn between measured energies, the power is the same."
    )

    def draw(self, merged: Merged, axis: str) -> Drawing:
        """One panel per device."""
        return scatter(merged, ENERGY, LATENCY, self.heading(merged), _lines_of_equal_power)


def _lines_of_equal_power(axes: Axes, rows: pd.DataFrame) -> dict[object, str]:
    """Diagonals at 1, 2 and 5 times powers of ten watts near the measured dots, where both axes are logarithmic."""
    rows = rows[rows["kind"] == "measured"]
    if rows.empty or axes.get_xscale() != "log" or axes.get_yscale() != "log":
        return {}
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    power = rows["energy"] / rows["latency"]  # mJ / ms = W
    for watts in _round_numbers(power.min() / _NEAR, power.max() * _NEAR):
        x = np.array([max(left, watts * bottom), min(right, watts * top)])
        if x[0] < x[1]:
            axes.plot(x, x / watts, ":", color=_style.GREY, linewidth=0.8, zorder=0.5)
            axes.annotate(
                f"{watts:g} W", (x[1], x[1] / watts), xytext=(-3, -3), textcoords="offset points", fontsize=6.5,
                color=_style.GREY, ha="right", va="top", bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            )  # fmt: skip
    return {}


def _round_numbers(low: float, high: float) -> list[float]:
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [
        10.0**exponent * each for exponent in exponents for each in (1, 2, 5) if low <= 10.0**exponent * each <= high
    ]
