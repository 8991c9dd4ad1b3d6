"""The artefacts of a model: files that runtimes load, and the manifest that says what they are and whom they serve."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from joulesweep import digest
from joulesweep.axes import INPUT_AXES
from joulesweep.errors import Unsupported, UserError
from joulesweep.model import inputs
from joulesweep.system.files import replace_text

MODEL = "model"  # the key of a reason that stands for every format
OUTPUTS = "outputs"  # the format of the file with which the outputs of every variant are compared
SCHEMA = 3


@dataclass(frozen=True)
class Entry:
    """One file of a manifest; `fixed` holds the value of each input axis at which it can be run only, `note` what its format says of it."""

    file: str
    fixed: dict[str, int]
    digest: str
    bytes: int
    weight_bytes: int
    note: str = ""

    def covers(self, point: Mapping[str, Any]) -> bool:
        """Whether the file can be run at a point."""
        return all(point.get(axis) == value for axis, value in self.fixed.items())


@dataclass(frozen=True)
class Artefact:
    """What a runtime loads: the file, the specification it was made from, and the identities that rows carry.

    `fixed` holds the value of each input axis at which the file can be run only. `outputs` is the file with the model's own outputs at
    this point; None where there is none. `note` is what the format said of the file.
    """

    spec: dict[str, Any]
    file: Path
    digest: str
    model_digest: str
    input_digest: str
    weight_bytes: int
    fixed: Mapping[str, int] = field(default_factory=dict)
    outputs: Path | None = None
    note: str = ""


@dataclass
class Manifest:
    """What was exported of one model, and what could not be, with the reason.

    A key of `errors` is a format; a value that the model itself refuses, such as `size=128`; or `model` where there is
    nothing because the model could not be made. `code` holds for each format the digest of the code that wrote it.

    A model that could not be made is tried again when its job changes. `missing` names the distribution that it needed,
    whose version is then part of the job. `passing` says that the cause is seen by no job, as with a network or a full
    memory: every run tries again. `begun` names the format that is being made while the export runs.
    """

    model: str
    spec_digest: str
    model_digest: str
    input_digest: str
    spec: dict[str, Any]
    folder: Path
    artefacts: dict[str, list[Entry]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)
    missing: str = ""
    passing: bool = False
    begun: str = ""
    notes: list[str] = field(default_factory=list)
    exported_at: str = ""

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """The manifest in a file; its artefacts lie in the same folder.

        Raises:
            UserError: there is no such file, or it is no manifest of this version of Joulesweep.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            if values.pop("schema") != SCHEMA:
                raise ValueError("made by another version of Joulesweep")
            entries = {form: [Entry(**entry) for entry in files] for form, files in values.pop("artefacts").items()}
            return cls(folder=path.parent, artefacts=entries, **values)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(f"{path}: no manifest of exported artefacts ({error}); run the export again") from error

    def write(self, path: Path) -> None:
        """Write the manifest atomically."""
        values = {key: value for key, value in vars(self).items() if key != "folder"}
        values["artefacts"] = {form: [asdict(entry) for entry in files] for form, files in self.artefacts.items()}
        replace_text(path, json.dumps({"schema": SCHEMA, **values}, indent=1, sort_keys=True) + "\n")

    @property
    def failure(self) -> str:
        """Why the model could not be made; empty where it could."""
        return self.errors.get(MODEL, "")

    def artefact(self, form: str, point: Mapping[str, Any]) -> Artefact:
        """The artefact that a runtime of this format loads at a point.

        Raises:
            Unsupported: the model refuses the point, the format could not be exported, or no file serves the point.
        """
        if self.failure:
            raise Unsupported(f"the export failed: {self.failure}")
        for key in _values(point):
            if key in self.errors:
                raise Unsupported(f"the model does not run at {key}: {self.errors[key]}")
        for entry in self.artefacts.get(form, []):
            if entry.covers(point):
                file = self.folder / entry.file
                return Artefact(
                    self.spec,
                    file,
                    entry.digest,
                    self.model_digest,
                    self.input_digest,
                    entry.weight_bytes,
                    entry.fixed,
                    self._outputs(point),
                    entry.note,
                )
        at = " ".join([f"batch={point.get('batch', 1)}", *_values(point)])
        raise Unsupported(self.errors.get(form) or f"no {form} file serves {at}: the model takes other values only")

    def _outputs(self, point: Mapping[str, Any]) -> Path | None:
        """The file with the model's own outputs at a point; None unless it is the base point, and they could be kept and copied."""
        for entry in self.artefacts.get(OUTPUTS, []):
            base = inputs.base_point(self.spec)
            file = self.folder / entry.file
            return file if file.is_file() and {axis: point.get(axis) for axis in base} == base else None
        return None

    def is_complete_for(self, forms: Iterable[str], points: Iterable[Mapping[str, Any]]) -> bool:
        """Whether every format at every point has a file, still whole, or a reason why there is none."""
        points = list(points)
        answered = all(self.answers(form, point) for form in forms for point in points)
        return answered and all(self._whole(entry) for files in self.artefacts.values() for entry in files)

    def answers(self, form: str, point: Mapping[str, Any]) -> bool:
        """Whether there is a file of this format for a point, or a reason why there is none."""
        served = any(entry.covers(point) for entry in self.artefacts.get(form, []))
        return served or not self.errors.keys().isdisjoint({MODEL, form, *_values(point)})

    def _whole(self, entry: Entry) -> bool:
        file = self.folder / entry.file
        return file.is_file() and file.stat().st_size == entry.bytes and digest.of_file(file) == entry.digest


def entry(file: Path, fixed: Mapping[str, int], weight_bytes: int, note: str = "") -> Entry:
    """The manifest's entry of a file that was just made."""
    return Entry(file.name, dict(fixed), digest.of_file(file), file.stat().st_size, weight_bytes, note)


def _values(point: Mapping[str, Any]) -> list[str]:
    """A point's values of the input axes as the manifest's errors name them: `size=128`."""
    return [f"{axis}={point[axis]}" for axis in INPUT_AXES if point.get(axis) is not None]
