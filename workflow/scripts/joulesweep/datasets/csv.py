"""Numbers in a CSV file: columns of features, and a column of labels."""

from collections.abc import Sequence

import numpy as np

from joulesweep import digest
from joulesweep.datasets import _csv_file, _labels, base
from joulesweep.datasets._own_files import OwnFiles
from joulesweep.datasets.base import Examples
from joulesweep.errors import UserError

SETTINGS = {
    "file": {
        "type": "string", "minLength": 1, "format": "file", "part": "test",
        "description": "CSV file in UTF-8 with commas, whose first line names the columns.",
    },
    "train": {
        "type": "string", "minLength": 1, "format": "file", "part": "train", "default": None,
        "description": "File with other examples, likewise, with which int8 is calibrated.",
    },
    "features": {
        "type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "string", "minLength": 1},
        "expected": "a list of names of columns",
        "description": "Columns with numbers, in the order in which the model takes them.",
    },
    "label": {
        "type": "string", "minLength": 1,
        "description": "Column with the labels: whole numbers, real numbers, or names of classes.",
    },
    "classes": {
        "type": "string", "minLength": 1, "format": "file", "default": None,
        "description": "Text file with one class per line, in the order of the model's outputs. Without it, sorted by name.",
    },
    "mean": {
        "type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "number"}, "default": None,
        "expected": "a list with one number per feature",
        "description": "Subtracted from the features.",
    },
    "std": {
        "type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "number"}, "default": None,
        "expected": "a list with one number per feature",
        "description": "What the features are divided by after that.",
    },
}  # fmt: skip


class DataSet(OwnFiles):
    """Rows of features, [features]."""

    libraries = ()

    @property
    def preprocessing(self) -> str:
        """In words."""
        return base.scaling(self.settings, len(self.settings["features"]))[2] or "features as they are"

    def examples(self, file: str) -> Examples:
        """The rows of a file."""
        features, label = self.settings["features"], self.settings["label"]
        cells = _csv_file.columns(file, [*features, label])
        labels, names = _labels.of_cells(cells[label], self.settings["classes"], file)
        mean, std, _ = base.scaling(self.settings, len(features))
        rows = list(zip(*(cells[name] for name in features), strict=True))

        def read(place: int) -> dict[str, np.ndarray]:
            return {"features": (_numbers(file, rows[place]) - mean) / std}

        return Examples(labels, read, digest.of_text(f"{features} {rows}"), names)


def _numbers(file: str, row: Sequence[str]) -> np.ndarray:
    try:
        return np.array(row, np.float32)
    except ValueError as error:
        raise UserError(f"data: {file}: a feature is no number: {error}") from error
