"""The latency per pass along a swept axis."""

from matplotlib.figure import Figure as Drawing

from joulesweep.figures import base
from joulesweep.figures._quantities import LATENCY
from joulesweep.figures._sweep import swept
from joulesweep.merged.load import Merged


class Figure(base.Figure):
    """One panel per model, one line per runtime."""

    title = "Latency per pass against {axis}"
    note = "All other axes are at the base point. Bands are 95 % intervals."
    per_axis = True

    def draw(self, merged: Merged, axis: str) -> Drawing:
        """A block of panels per device."""
        return swept(merged, LATENCY, axis, self.heading(merged, axis))
