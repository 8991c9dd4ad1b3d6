"""Accuracy against energy at the base point."""

from matplotlib.figure import Figure as Drawing

from joulesweep.figures import base
from joulesweep.figures._front import NOTE, front
from joulesweep.figures._quantities import ACCURACY, ENERGY
from joulesweep.figures._scatter import scatter
from joulesweep.merged.load import Merged


class Figure(base.Figure):
    """One dot per variant."""

    title = "{metric} against {energy}"
    note = f"One dot per variant at the base point. Bars are 95 % intervals. {NOTE}"

    def draw(self, merged: Merged, axis: str) -> Drawing:
        """One panel per device, data set and metric."""
        return scatter(merged, ENERGY, ACCURACY, self.heading(merged), front(ENERGY))
