"""A folder with one folder per class: the files in it, and the class of each."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from joulesweep import digest
from joulesweep.datasets import _labels
from joulesweep.errors import UserError


def files_and_labels(
    folder: Path, suffixes: Collection[str], classes: str | None
) -> tuple[list[Path], np.ndarray, tuple[str, ...]]:
    """The files below the folders of classes, sorted by path; the place of each one's class; and the names of the classes.

    Classes are sorted by name, as torchvision's ImageFolder sorts them, or in the order of the file `classes`. Hidden files, and
    files beside the folders of the classes, are no examples.

    Raises:
        UserError: there is no example, or a folder holds a file of another kind.
    """
    paths = [path.relative_to(folder) for path in sorted(folder.glob("*/**/*")) if path.is_file()]
    examples = [path for path in paths if not any(part.startswith(".") for part in path.parts)]
    for path in examples:
        if path.suffix.lower() not in suffixes:
            raise UserError(
                f"data: {folder / path} is none of {', '.join(suffixes)}; move it out of the folder of its class"
            )
    if not examples:
        raise UserError(f"data: {folder} has no folder with files {', '.join(suffixes)}; expected one folder per class")
    labels, names = _labels.of_names([path.parts[0] for path in examples], classes, str(folder))
    return [folder / path for path in examples], labels, names


def content_of(files: Sequence[Path]) -> str:
    """Identity of the content of files, in their order."""
    return digest.of_text(" ".join(map(digest.of_file, files)))
