"""The quantities that figures show: unit for people, words for axes, and whether a figure is modelled."""

from dataclasses import dataclass

from joulesweep.merged.load import Merged


@dataclass(frozen=True)
class Quantity:
    """A metric as it is drawn: its values times `scale` are in `unit`."""

    metric: str
    words: str
    unit: str
    scale: float

    def kinds(self, merged: Merged) -> set[str]:
        """Kinds of the energy rows with a figure; empty for everything else."""
        return set(merged.ok("energy")["kind"]) if self.metric == "energy" else set()

    def modelled(self, merged: Merged) -> bool:
        """Whether all that is shown is modelled."""
        return self.kinds(merged) == {"modelled"}

    def title(self, merged: Merged) -> str:
        """The quantity's name with a capital, saying modelled where something is."""
        words = self._words(merged)
        return words[0].upper() + words[1:]

    def label(self, merged: Merged) -> str:
        """The axis label, with the unit."""
        return f"{self._words(merged)} ({self.unit})"

    def note(self, merged: Merged) -> str:
        """What must be added to a figure's explanation; begins with a semicolon."""
        if "modelled" not in self.kinds(merged):
            return ""
        return "; hollow: modelled, computed from time and configured watts, not measured"

    def _words(self, merged: Merged) -> str:
        kinds = self.kinds(merged)
        if kinds == {"modelled"}:
            return f"modelled {self.words}"
        return f"{self.words}, partly modelled" if "modelled" in kinds else self.words


LATENCY = Quantity("latency", "latency", "ms", 1e3)
ENERGY = Quantity("energy", "energy", "mJ", 1e3)
ACCURACY = Quantity("accuracy", "accuracy", "%", 100)
PARAMETERS = Quantity("params", "parameters", "number", 1)
FLOPS = Quantity("flops", "floating-point operations", "FLOP a pass", 1)
