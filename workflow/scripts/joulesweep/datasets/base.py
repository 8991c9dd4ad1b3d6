"""What every data set offers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class Examples:
    """Labelled examples in two parts that share none; inputs are batch first, labels whole numbers from 0."""

    train_inputs: np.ndarray
    train_labels: np.ndarray
    test_inputs: np.ndarray
    test_labels: np.ndarray


class DataSet(ABC):
    """Labelled data. The attribute is a literal, which the workflow reads without importing the file.

    Attributes:
        libraries: distributions whose versions decide what it holds.
    """

    libraries: ClassVar[tuple[str, ...]]

    @abstractmethod
    def load(self) -> Examples:
        """Its examples, the same on every machine."""
