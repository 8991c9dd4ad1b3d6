"""Sounds in WAV files: a folder with one folder per class, or with a list of what is said in each file."""

import wave
from pathlib import Path

import numpy as np

from joulesweep.datasets import _class_folders, _csv_file, _labels
from joulesweep.datasets._own_files import OwnFiles
from joulesweep.datasets.base import Examples
from joulesweep.errors import UserError

SETTINGS = {
    "folder": {
        "type": "string", "minLength": 1, "format": "folder", "part": "test",
        "description": "Folder with one folder of WAV files per class; with `transcripts`, folder of the files that these name.",
    },
    "train": {
        "type": "string", "minLength": 1, "format": "folder", "part": "train", "default": None,
        "description": "Folder with other sounds, one folder per class, with which int8 is calibrated.",
    },
    "classes": {
        "type": "string", "minLength": 1, "format": "file", "default": None,
        "description": "Text file with one class per line, in the order of the model's outputs. Without it, sorted by name.",
    },
    "rate": {
        "type": "integer", "minimum": 1, "maximum": 1000000,
        "description": "Samples per second of every file; another rate is an error.",
    },
    "seconds": {
        "type": "number", "exclusiveMinimum": 0, "maximum": 3600,
        "description": "Length of an example: a shorter sound is followed by silence, a longer one is an error.",
    },
    "transcripts": {
        "type": "string", "minLength": 1, "format": "file", "part": "test", "default": None,
        "description": "For `word-accuracy`: CSV file with the columns `file` (below the folder) and `text` (what is said).",
    },
    "symbols": {
        "type": "string", "minLength": 1, "format": "file", "default": None,
        "description": "For `word-accuracy`: text file with one symbol per line, in the order of the model's outputs. The first is "
        "CTC's blank, `|` stands between words.",
    },
}  # fmt: skip

_BYTES = 2  # per sample
_LARGEST = 2.0**15


class DataSet(OwnFiles):
    """Samples from -1 to 1, [rate × seconds]."""

    test_setting = "folder"
    libraries = ()

    @property
    def preprocessing(self) -> str:
        """In words."""
        return (
            f"{self.settings['rate']} samples per second, {self.settings['seconds']:g} s (shorter sounds followed by silence), "
            "values from -1 to 1"
        )

    def test(self) -> Examples:
        """The sounds of `folder`."""
        if self.settings["transcripts"] is None:
            return super().test()
        folder = Path(self.settings["folder"])
        cells = _csv_file.columns(self.settings["transcripts"], ["file", "text"])
        files = [folder / name for name in cells["file"]]
        for file in files:
            if not file.is_file():
                raise UserError(f"data: {self.settings['transcripts']} names {file}, which is no file")
        symbols = _labels.lines(self.settings["symbols"]) if self.settings["symbols"] else ()
        return self._labelled(files, np.array(cells["text"]), symbols=symbols)

    def examples(self, folder: str) -> Examples:
        """The sounds of a folder with one folder per class."""
        files, labels, names = _class_folders.files_and_labels(Path(folder), (".wav",), self.settings["classes"])
        return self._labelled(files, labels, classes=names)

    def _labelled(self, files: list[Path], labels: np.ndarray, **names: tuple[str, ...]) -> Examples:
        return Examples(
            labels, lambda place: {"samples": self._decoded(files[place])}, _class_folders.content_of(files), **names
        )

    def _decoded(self, file: Path) -> np.ndarray:
        """The samples of a file.

        Raises:
            UserError: it is no WAV file, or has another rate, several channels, other than 16 bits, or is too long.
        """
        rate, seconds = self.settings["rate"], self.settings["seconds"]
        try:
            with wave.open(str(file)) as opened:
                form = opened.getframerate(), opened.getnchannels(), opened.getsampwidth()
                content = opened.readframes(opened.getnframes())
        except (OSError, EOFError, wave.Error) as error:
            raise UserError(f"data: {file} is no WAV file of plain samples ({error})") from error
        if form != (rate, 1, _BYTES):
            raise UserError(
                f"data: {file} has {form[0]} samples per second, {form[1]} channel(s) and {8 * form[2]} bits; expected {rate}, 1 "
                "and 16: convert it, since nothing is resampled here"
            )
        samples = np.frombuffer(content, "<i2").astype(np.float32) / np.float32(_LARGEST)
        length = round(rate * seconds)
        if len(samples) > length:
            raise UserError(f"data: {file} lasts {len(samples) / rate:.2f} s, longer than seconds: {seconds:g}; cut it")
        return np.pad(samples, (0, length - len(samples)))
