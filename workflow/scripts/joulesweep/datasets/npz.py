"""Arrays in a file of numpy: one array per input of the model, and one with the labels."""

import zipfile

import numpy as np

from joulesweep.datasets import _labels, base
from joulesweep.datasets._own_files import OwnFiles
from joulesweep.datasets.base import Examples
from joulesweep.errors import UserError

SETTINGS = {
    "file": {
        "type": "string", "minLength": 1, "format": "file", "part": "test",
        "description": "File of `numpy.savez` with the arrays, example first, under the names of the model's inputs, and `labels`.",
    },
    "train": {
        "type": "string", "minLength": 1, "format": "file", "part": "train", "default": None,
        "description": "File with other examples, likewise, with which int8 is calibrated.",
    },
    "classes": {
        "type": "string", "minLength": 1, "format": "file", "default": None,
        "description": "Text file with one class per line, in the order of the model's outputs, where labels are names.",
    },
    "symbols": {
        "type": "string", "minLength": 1, "format": "file", "default": None,
        "description": "For `word-accuracy`, where labels are texts: text file with one symbol per line, in the order of the "
        "model's outputs. The first is CTC's blank, `|` stands between words.",
    },
}  # fmt: skip

_LABELS = "labels"


class DataSet(OwnFiles):
    """Examples as the file has them, already made ready for the model."""

    libraries = ()

    @property
    def preprocessing(self) -> str:
        """In words."""
        return "none here: the file holds inputs that are ready for the model"

    def examples(self, file: str) -> Examples:
        """The examples of a file."""
        arrays = _arrays(file)
        written = arrays.pop(_LABELS)
        names: tuple[str, ...] = ()
        symbols = _labels.lines(self.settings["symbols"]) if self.settings["symbols"] else ()
        if written.dtype.kind == "U" and not symbols:
            written, names = _labels.of_names(written.tolist(), self.settings["classes"], file)
        examples = base.in_memory(written, **arrays)
        return Examples(examples.labels, examples.read, examples.content, names, symbols)


def _arrays(file: str) -> dict[str, np.ndarray]:
    """The arrays of a file by name; labels are whole numbers, real numbers or texts.

    Raises:
        UserError: it is no such file, has no labels, or its arrays differ in length.
    """
    try:
        with np.load(file, allow_pickle=False) as opened:
            arrays = {name: opened[name] for name in opened}
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise UserError(f"data: {file} is no file of numpy.savez ({error})") from error
    if _LABELS not in arrays or len(arrays) < 2:
        raise UserError(
            f"data: {file} holds {', '.join(arrays) or 'nothing'}; expected {_LABELS!r} and the model's inputs"
        )
    labels = arrays[_LABELS]
    if labels.ndim != 1 or labels.dtype.kind not in "iufU":
        raise UserError(
            f"data: {file}: {_LABELS!r} is {labels.dtype} of shape {labels.shape}; expected one number or text per example"
        )
    for name, array in arrays.items():
        if array.shape[:1] != labels.shape:
            raise UserError(f"data: {file}: {name!r} has the shape {array.shape}, but there are {len(labels)} labels")
    return arrays | {_LABELS: labels.astype(np.int64) if labels.dtype.kind == "u" else labels}
