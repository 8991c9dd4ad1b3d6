"""What every data set offers: labelled examples, each decoded when it is read."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from joulesweep import digest
from joulesweep.errors import UserError, missing_distribution
from joulesweep.model import rng


@dataclass(frozen=True)
class Examples:
    """Labelled examples in a fixed order.

    Attributes:
        labels: [examples]; whole numbers (from 0, where they are classes), real numbers, or texts.
        read: decodes the example at a place and makes it ready for the model: arrays by name, without the batch. A model with
            one input takes the first array, another one those that are named like its inputs.
        content: identity of what is read, whatever is made of it.
        classes: names of the classes in the order of the model's outputs; empty where the labels are no names.
        symbols: names of the model's outputs where it writes texts.
    """

    labels: np.ndarray
    read: Callable[[int], Mapping[str, np.ndarray]]
    content: str
    classes: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def digest(self) -> str:
        """Identity of the examples and their labels, the same on every machine."""
        return digest.of_text(f"{self.content} {self.labels.tolist()}")

    def at_most(self, count: int | None) -> "Examples":
        """So many of the examples, or all; the choice is random and the same on every machine."""
        if count is None or count >= len(self):
            return self
        places = np.sort(rng.permutation("examples", len(self))[:count])
        return replace(self, labels=self.labels[places], read=lambda place: self.read(int(places[place])))


class DataSet(ABC):
    """Labelled data under the user's settings.

    A data set's file has a literal `SETTINGS`: each setting by name with the part of a JSON Schema that describes it. A
    setting without `default` must be there. Of a setting with the `format` `file` or `folder` the content is part of the job;
    `part` says whether it holds the `test` or the `train` part (without it, both), and `missing` how to get it.

    Attributes:
        libraries: distributions whose versions decide what it holds; a literal, read without importing the file.
    """

    libraries: ClassVar[tuple[str, ...]]

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings

    @property
    @abstractmethod
    def preprocessing(self) -> str:
        """What is made of an example before the model takes it, in words."""

    @abstractmethod
    def test(self) -> Examples:
        """The examples on which accuracy is measured.

        Raises:
            UserError: a library is missing, or a file holds something else than the settings say.
        """

    def train(self) -> Examples | None:
        """Other examples, with which int8 is calibrated; None where there are none."""
        return None


def in_memory(labels: np.ndarray, **arrays: np.ndarray) -> Examples:
    """Examples that are at hand: arrays by name, example first, all as long as the labels."""
    content = hashlib.sha256()
    for name, array in arrays.items():
        content.update(f"{name} {array.dtype.str} {array.shape}".encode())
        content.update(array.tobytes())
    return Examples(
        labels, lambda place: {name: array[place] for name, array in arrays.items()}, content.hexdigest()[:16]
    )


@contextmanager
def needs(data: str, distribution: str) -> Iterator[None]:
    """Around an import: a library that is missing becomes one line.

    Raises:
        UserError: the library, or one that it imports, is missing.
    """
    try:
        yield
    except ImportError as error:
        package = missing_distribution(error) or distribution
        raise UserError(f"data: {data} needs {package} ({error}); pip install {package}") from error


def scaling(settings: Mapping[str, Any], count: int) -> tuple[np.ndarray, np.ndarray, str]:
    """The settings `mean` and `std` as arrays of `count` numbers, and what they do in words (empty without them).

    Raises:
        UserError: one of them has another number of values.
    """
    for name in ("mean", "std"):
        if settings[name] is not None and len(settings[name]) != count:
            raise UserError(f"data: {name} has {len(settings[name])} numbers; expected {count}")
    if settings["std"] is not None and 0 in settings["std"]:
        raise UserError("data: std holds 0, by which nothing can be divided")
    words = [
        f"{what} {_listed(settings[name])}"
        for name, what in (("mean", "less the mean"), ("std", "divided by the standard deviation"))
        if settings[name] is not None
    ]
    mean, std = settings["mean"] or [0.0] * count, settings["std"] or [1.0] * count
    return np.array(mean, np.float32), np.array(std, np.float32), ", ".join(words)


def _listed(numbers: Sequence[float]) -> str:
    return f"({', '.join(f'{number:g}' for number in numbers)})" if len(numbers) <= 4 else f"{len(numbers)} numbers"
