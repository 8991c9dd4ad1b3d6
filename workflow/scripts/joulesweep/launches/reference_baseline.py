"""The levels of a device's reference: how long each of its parts took there when they were first measured.

The file is written by the measuring side, between launches, and read by both.
"""

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MIXTURE = ("matrix", "cache", "memory", "convolution", "python")  # the parts of a CPU's reference


def kind(device: str, runtime: str) -> str:
    """Which reference a runtime has: all of them share the CPU's, and one on another device has its own."""
    return device if device == "cpu" else runtime


@dataclass(frozen=True)
class ReferenceLevels:
    """Looks at the references of a device, by kind: names of the parts, and seconds of each part in every look."""

    parts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    looks: Mapping[str, Sequence[Sequence[float]]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, digest: str | None = None) -> "ReferenceLevels":
        """The levels in a file; none where there is no file, or where another reference (`digest`) made it.

        Raises:
            ValueError: the file holds something else.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except OSError:
            return cls()
        try:
            kept = json.loads(text)
            if digest is not None and kept["reference"] != digest:
                return cls()
            parts = {str(name): [str(part) for part in one["parts"]] for name, one in kept["kinds"].items()}
            looks = {
                str(name): [[float(value) for value in look] for look in one["looks"]]
                for name, one in kept["kinds"].items()
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError("holds no levels of a reference") from error
        every = [(len(parts[name]), look) for name in looks for look in looks[name]]
        if any(len(look) != count or not all(0 < value < math.inf for value in look) for count, look in every):
            raise ValueError("holds no levels of a reference")
        return cls(parts, looks)

    def seconds(self, kind: str) -> dict[str, float]:
        """Each part's level in seconds, the median of its looks; empty before the first."""
        looks = self.looks.get(kind, ())
        return (
            {part: statistics.median(look[index] for look in looks) for index, part in enumerate(self.parts[kind])}
            if looks
            else {}
        )


def mixture_s(parts: Mapping[str, float]) -> float | None:
    """The geometric mean over the parts of a mixture: each weighs the same, however long it lasts; None without any."""
    return math.exp(sum(map(math.log, parts.values())) / len(parts)) if parts else None
