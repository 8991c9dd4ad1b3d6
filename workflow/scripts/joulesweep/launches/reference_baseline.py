"""The baseline of a device's reference: how long each of its parts took when the device was first measured.

The measuring side writes the file between launches; the merge reads it too.
"""

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from joulesweep.system.files import read_regular

MIXTURE = ("matrix", "cache", "memory", "convolution", "python")  # the parts of a CPU's reference


def reference_name(compute_device: str, runtime: str) -> str:
    """The reference of a runtime: all runtimes share that of the CPU; one on another compute device has its own."""
    return compute_device if compute_device == "cpu" else runtime


@dataclass(frozen=True)
class ReferenceBaseline:
    """Samples of a device's references by name: the names of the parts, and seconds of each part in every sample."""

    parts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    samples: Mapping[str, Sequence[Sequence[float]]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, digest: str | None = None) -> "ReferenceBaseline":
        """The baseline in a file; empty where there is no file, or where another reference (`digest`) made it.

        Raises:
            ValueError: the file holds something else, or cannot be read; the text is one line.
        """
        try:
            content = read_regular(path)
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise ValueError(f"the reference's baseline cannot be read: {error.strerror}") from error
        try:
            stored = json.loads(content)
            if digest is not None and stored["reference"] != digest:
                return cls()
            references = stored["references"]
            parts = {str(name): [str(part) for part in each["parts"]] for name, each in references.items()}
            samples = {
                str(name): [[float(value) for value in sample] for sample in each["samples"]]
                for name, each in references.items()
            }
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError("holds no baseline of a reference") from error
        every = [(len(parts[name]), sample) for name in samples for sample in samples[name]]
        if any(len(sample) != count or not all(0 < value < math.inf for value in sample) for count, sample in every):
            raise ValueError("holds no baseline of a reference")
        return cls(parts, samples)

    def to_json(self, digest: str) -> str:
        """The content of the file, for the reference of this digest."""
        references = {name: {"parts": self.parts[name], "samples": self.samples[name]} for name in self.samples}
        return json.dumps({"reference": digest, "references": references}) + "\n"

    def with_sample(self, name: str, parts: Sequence[str], sample: Sequence[float]) -> "ReferenceBaseline":
        """The baseline with one more sample of a reference."""
        samples = {**self.samples, name: [*self.samples.get(name, ()), sample]}
        return ReferenceBaseline({**self.parts, name: parts}, samples)

    def seconds(self, name: str) -> dict[str, float]:
        """Seconds of each part of a reference, the median of its samples; empty before the first."""
        samples = self.samples.get(name, ())
        if not samples:
            return {}
        columns = zip(*samples, strict=True)
        return {part: statistics.median(column) for part, column in zip(self.parts[name], columns, strict=True)}


def mixture_s(parts: Mapping[str, float]) -> float | None:
    """The geometric mean over the parts of a mixture: each weighs the same, however long it lasts; None without any."""
    return math.exp(sum(map(math.log, parts.values())) / len(parts)) if parts else None
