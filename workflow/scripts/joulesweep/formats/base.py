"""What every format offers: files that a runtime loads, and what they are made from."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from joulesweep.model.manifest import Manifest


@dataclass(frozen=True)
class File:
    """A file that was made: the values of the input axes that are fixed in it, and the bytes of the tensors it holds.

    `note` says what only the making of the file shows, as how many operators were handed to an accelerator's library.
    """

    path: Path
    fixed: Mapping[str, int]
    weight_bytes: int
    note: str = ""


@dataclass
class Subject:
    """A model of which files are made.

    Attributes:
        manifest: takes notes; its folder takes the files.
        points: values of the input axes at which the model runs, those of the base point first, all with one example; a file
            serves every batch.
        module: the torch module as built, None where the source is a file of a format.
        random: why its outputs cannot be compared with those of a file; empty where they can.
        files: those that were made so far, by format.
    """

    manifest: Manifest
    points: Sequence[Mapping[str, Any]]
    module: Any = None
    random: str = ""
    files: dict[str, list[File]] = field(default_factory=dict)


class Format(ABC):
    """One kind of file. The attributes are literals, which the workflow reads without importing the file.

    Attributes:
        libraries: distributions that write it; a missing one is the reason why there is no such file.
        made_from: another format whose files are needed first; empty where the model itself is enough.
        reads_data: whether it is made with examples of the model's labelled data, where that has any.
    """

    libraries: ClassVar[tuple[str, ...]]
    made_from: ClassVar[str]
    reads_data: ClassVar[bool]

    @abstractmethod
    def write(self, subject: Subject) -> list[File]:
        """Make the files that serve every point of a subject.

        Raises:
            Exception: it cannot be made; whatever it is becomes the reason in the manifest, in one line.
        """
