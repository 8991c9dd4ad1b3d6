"""The levels of a device's reference: how long each of its parts took there when they were first measured.

The file is written by the measuring side, between launches, and read by both.
"""

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MIXTURE = ("matrix", "cache", "memory", "convolution", "python")  # what every CPU reference has, on one thread
TOGETHER = "together"  # and where a point has several threads, the convolution on all of them
_CPU = "cpu-"


def kind(device: str, runtime: str, threads: int) -> str:
    """Which reference a point has: one a CPU and number of threads, and one a runtime on another device."""
    return f"{_CPU}{threads}" if device == "cpu" else runtime


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
        """Each part's level in seconds, the median of its looks; empty before the first.

        The mixture of a CPU runs on one thread whatever a point has, so all of its looks count for every number of them.
        """
        found: dict[str, list[float]] = {}
        for name, looks in self.looks.items():
            for look in looks:
                for part, value in zip(self.parts[name], look, strict=True):
                    if name == kind or (kind.startswith(_CPU) and name.startswith(_CPU) and part in MIXTURE):
                        found.setdefault(part, []).append(value)
        return {part: statistics.median(values) for part, values in found.items() if part in self.parts.get(kind, ())}

    def mixture_s(self, kind: str) -> float | None:
        """The level of the mixture as one figure, the geometric mean of its parts in seconds; None before the first look."""
        return mixture_s(self.seconds(kind))


def mixture_s(parts: Mapping[str, float]) -> float | None:
    """The geometric mean over the parts of a mixture: each weighs the same, however long it lasts; None without any."""
    logs = [math.log(value) for part, value in parts.items() if part != TOGETHER]
    return math.exp(sum(logs) / len(logs)) if logs else None
