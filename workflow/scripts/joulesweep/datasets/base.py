"""What every data set offers.

A data set is a module with a literal that can be read without importing it, and one function:

    libraries = (...)   distributions whose versions decide what it holds
    load()              its `Examples`, the same on every machine
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Examples:
    """Labelled examples in two parts that share none; inputs are batch first, labels whole numbers from 0."""

    train_inputs: np.ndarray
    train_labels: np.ndarray
    test_inputs: np.ndarray
    test_labels: np.ndarray
