"""Accuracy against peak memory at the base point."""

from matplotlib.figure import Figure as Drawing

from joulesweep.figures import base
from joulesweep.figures._front import NOTE, front
from joulesweep.figures._quantities import ACCURACY, MEMORY
from joulesweep.figures._scatter import scatter
from joulesweep.merged.load import Merged


class Figure(base.Figure):
    """One dot per variant."""

    title = "{metric} against peak memory"
    note = (
        "One dot per variant at the base point. Bars are 95 % intervals. Memory is that of the whole process, libraries included. It "
        f"has no interval: ± 5 % is used in its place. {NOTE}"
    )

    def draw(self, merged: Merged, axis: str) -> Drawing:
        """One panel per device, data set and metric."""
        return scatter(merged, MEMORY, ACCURACY, self.heading(merged), front(MEMORY))
