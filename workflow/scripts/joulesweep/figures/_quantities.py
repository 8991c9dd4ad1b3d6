"""The quantities that figures show: unit for people, words for axes, and whether energy is modelled."""

from dataclasses import dataclass

import pandas as pd

from joulesweep.merged import scores
from joulesweep.merged.base_points import modelled_energy
from joulesweep.merged.load import Merged


@dataclass(frozen=True)
class Quantity:
    """A metric as it is drawn: its values times `scale` are in `unit`; a `unit` of "" is a number of things."""

    metric: str
    words: str
    unit: str
    scale: float

    def modelled(self, merged: Merged) -> bool:
        """Whether all that is shown is modelled."""
        return self.metric == "energy" and modelled_energy(merged) == "all"

    def label(self, merged: Merged) -> str:
        """The axis label, with the unit."""
        words = f"modelled {self.words}" if self.modelled(merged) else self.words
        return f"{words} ({self.unit})" if self.unit else words


LATENCY = Quantity("latency", "latency", "ms", 1e3)
ENERGY = Quantity("energy", "energy", "mJ", 1e3)
MEMORY = Quantity("memory", "peak memory of the measuring process", "MB", 1e-6)
WEIGHTS = Quantity("weights", "size of the weights", "MB", 1e-6)
ACCURACY = Quantity("accuracy", "accuracy", "", 1)  # by the metric of the rows that are drawn: see `of_rows`
PARAMETERS = Quantity("params", "parameters", "", 1)
FLOPS = Quantity("flops", "floating-point operations per pass", "", 1)


def of_rows(quantity: Quantity, rows: pd.DataFrame) -> Quantity:
    """A quantity as one axis shows it for these base points: accuracy by their metric's own words and unit."""
    if quantity.metric != "accuracy":
        return quantity
    row = rows.iloc[0]
    return Quantity("accuracy", scores.words(row["metric"]), row["unit"], scores.scale(row["unit"]))
