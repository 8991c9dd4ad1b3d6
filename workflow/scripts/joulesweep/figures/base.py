"""What every figure offers: a file of this folder draws one figure of the report, or one per swept axis."""

from abc import ABC, abstractmethod
from typing import ClassVar

from matplotlib.figure import Figure as Drawing

from joulesweep.merged import scores
from joulesweep.merged.base_points import modelled_energy
from joulesweep.merged.load import Merged


class NotDrawn(Exception):
    """The tables hold nothing for this figure; the text says in one sentence what is missing and why."""


class Figure(ABC):
    """One figure. In `title` and `note`, `{axis}` stands for the swept axis, `{energy}` for energy, or modelled energy, and `{metric}`
    for the metric on labelled data; a note then names the models that are left out.

    Attributes:
        title: heading of the image; the report gives it to readers who do not see the image.
        note: what a reader must know to read the image, in sentences; stands below the heading.
        per_axis: whether it is drawn once per swept axis.
    """

    title: ClassVar[str]
    note: ClassVar[str]
    per_axis: ClassVar[bool] = False

    @abstractmethod
    def draw(self, merged: Merged, axis: str) -> Drawing:
        """The drawing; `axis` is empty unless the figure is `per_axis`.

        Raises:
            NotDrawn: the tables hold nothing for it.
        """

    def heading(self, merged: Merged, axis: str = "") -> tuple[str, str]:
        """Title and note in words."""
        energy = modelled_energy(merged)
        judged, left_out = scores.comparable(merged.sound("accuracy"))
        words = {
            "axis": axis,
            "energy": {"all": "modelled energy", "some": "energy, partly modelled"}.get(energy, "energy"),
            "metric": scores.words(judged["metric"].iloc[0]) if len(judged) else "accuracy",
        }
        title, note = self.title.format(**words), self.note.format(**words)
        if energy and "{energy}" in self.title:
            note += " Hollow: modelled, that is computed from time and configured watts, not measured."
        if left_out and "{metric}" in self.title:
            note += f" {left_out[0].upper()}{left_out[1:]}."
        return title[0].upper() + title[1:], note


def file_name(name: str, axis: str) -> str:
    """Name of a figure's image without ending: that of its file, and the axis where there is one per axis."""
    return "_".join(filter(None, (name.replace("-", "_"), axis)))
