"""Data in the user's own files: one file or folder with the examples for the test, and one for training if there is any."""

from abc import abstractmethod
from typing import ClassVar

from joulesweep.datasets import base
from joulesweep.datasets.base import Examples


class OwnFiles(base.DataSet):
    """What such data sets share. `test_setting` is the setting that names the examples for the test; `train` names the others."""

    test_setting: ClassVar[str] = "file"

    def test(self) -> Examples:
        """The examples for the test."""
        return self.examples(self.settings[self.test_setting])

    def train(self) -> Examples | None:
        """The examples of `train`."""
        return self.examples(self.settings["train"]) if self.settings["train"] else None

    @abstractmethod
    def examples(self, place: str) -> Examples:
        """The examples in a file or folder."""
