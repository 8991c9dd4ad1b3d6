"""Accuracy against the size of the weights at the base point."""

from matplotlib.figure import Figure as Drawing

from joulesweep.figures import base
from joulesweep.figures._front import NOTE, front
from joulesweep.figures._quantities import ACCURACY, WEIGHTS
from joulesweep.figures._scatter import scatter
from joulesweep.merged.load import Merged


class Figure(base.Figure):
    """One dot per variant."""

    title = "{metric} against size"
    note = (
        "One dot per variant at the base point. Bars are 95 % intervals. The size is that of the weights as the runtime's file "
        f"stores them; variants with equal size and accuracy lie on each other. {NOTE}"
    )

    def draw(self, merged: Merged, axis: str) -> Drawing:
        """One panel per device, data set and metric."""
        return scatter(merged, WEIGHTS, ACCURACY, self.heading(merged), front(WEIGHTS))
