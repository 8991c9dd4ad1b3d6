"""The latency of every variant at the base point."""

from matplotlib.figure import Figure as Drawing

from joulesweep.figures import base
from joulesweep.figures._dots import dots
from joulesweep.figures._quantities import LATENCY
from joulesweep.merged.load import Merged


class Figure(base.Figure):
    """One row per model, one dot per runtime."""

    title = "Latency per pass at the base point"
    note = "Batch 1, native input size. Bars are 95 % intervals."

    def draw(self, merged: Merged, axis: str) -> Drawing:
        """One panel per device."""
        return dots(merged, LATENCY, self.heading(merged))
