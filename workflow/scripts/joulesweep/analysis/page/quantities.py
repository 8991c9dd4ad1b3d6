"""The quantities that a reader of the page can choose: their words, unit, basis, and which direction is better."""

from dataclasses import dataclass

import pandas as pd

from joulesweep.formatting import digits, scored, si, with_interval
from joulesweep.merged import scores
from joulesweep.merged.base_points import METRICS, interval


@dataclass(frozen=True)
class Quantity:
    """A metric of a base point as the page shows it.

    Attributes:
        name: the metric, as in `METRICS`.
        words: its name for people.
        unit: unit of the figures that people see; empty for counts, and for accuracy, whose unit is that of its metric.
        scale: how many of this unit are one unit of the tables.
        basis: how the figure came about; energy's is that of each row.
    """

    name: str
    words: str
    unit: str
    scale: float
    basis: str

    @property
    def table(self) -> str:
        """The merged table that the metric comes from."""
        return METRICS[self.name][0]


QUANTITIES = (
    Quantity("accuracy", "accuracy", "", 1.0, "measured"),
    Quantity("latency", "latency", "ms", 1e3, "measured"),
    Quantity("energy", "energy", "mJ", 1e3, ""),
    Quantity("memory", "peak memory", "MB", 1e-6, "measured"),
    Quantity("weights", "size", "MB", 1e-6, "counted"),
    Quantity("params", "parameters", "", 1.0, "counted"),
    Quantity("flops", "FLOPs", "", 1.0, "counted"),
)
SWEPT = ("latency", "energy")  # what is measured at other points than the base point


def shown(row: pd.Series, quantity: Quantity) -> str:
    """The figure of a base point for people, with its interval where it has one, and no more digits than that allows."""
    figure = interval(row, quantity.name)
    if quantity.name == "accuracy":
        return scored(figure.value, figure.low, figure.high, row["unit"])
    if quantity.name in ("latency", "energy"):
        return with_interval(figure.value, figure.low, figure.high, quantity.scale)
    return digits(figure.value * quantity.scale) if quantity.unit else si(figure.value)


def better(quantity: Quantity, points: pd.DataFrame) -> str:
    """Which direction is better: `higher` or `lower`; empty for the accuracy of base points whose metrics differ in that."""
    if quantity.name != "accuracy":
        return "lower"
    directions = set(points["higher_is_better"].dropna())
    return "" if len(directions) > 1 else "lower" if directions == {0} else "higher"


def in_unit(row: pd.Series, quantity: Quantity) -> tuple[float, float, float]:
    """The figure of a base point and the ends of its interval, in the unit that people see."""
    figure = interval(row, quantity.name)
    scale = scores.scale(row["unit"]) if quantity.name == "accuracy" else quantity.scale
    return figure.value * scale, figure.low * scale, figure.high * scale
