"""The quantities that figures show: unit for people, words for axes, and whether energy is modelled."""

from dataclasses import dataclass

import pandas as pd

from joulesweep.merged import scores
from joulesweep.merged.base_points import modelled_energy
from joulesweep.merged.load import Merged


@dataclass(frozen=True)
class Quantity:
    """A metric as it is drawn: its values times `scale` are in `unit`; a `unit` of "" is a number of things.

    `among` names the rows that have it by values of their columns, where not every row with a value can stand on one axis.
    """

    metric: str
    words: str
    unit: str
    scale: float
    among: tuple[tuple[str, str], ...] = ()

    def of(self, points: pd.DataFrame) -> pd.DataFrame:
        """The rows of base points that have it."""
        rows = points[points[self.metric].notna()]
        for column, value in self.among:
            rows = rows[rows[column] == value]
        return rows

    def modelled(self, merged: Merged) -> bool:
        """Whether all that is shown is modelled."""
        return self.metric == "energy" and modelled_energy(merged) == "all"

    def label(self, merged: Merged) -> str:
        """The axis label, with the unit."""
        words = f"modelled {self.words}" if self.modelled(merged) else self.words
        return f"{words} ({self.unit})" if self.unit else words


LATENCY = Quantity("latency", "latency", "ms", 1e3)
ENERGY = Quantity("energy", "energy", "mJ", 1e3)
PARAMETERS = Quantity("params", "parameters", "", 1)
FLOPS = Quantity("flops", "floating-point operations per pass", "", 1)


def accuracy(merged: Merged) -> Quantity:
    """The metric of the models' labelled data, by its own name and unit; of those models that can stand on one axis."""
    rows, _ = scores.comparable(merged.sound("accuracy"))
    if rows.empty:
        return Quantity("accuracy", "accuracy", "", 1)
    row = rows.iloc[0]
    among = tuple((name, row[name]) for name in ("metric", "data_digest"))
    return Quantity("accuracy", scores.words(row["metric"]), row["unit"], scores.scale(row["unit"]), among)
