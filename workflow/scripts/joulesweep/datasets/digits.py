"""The handwritten digits that come with scikit-learn: 1797 images of 8 x 8 pixels, 10 classes, 500 for the test."""

import numpy as np

from joulesweep.datasets import base
from joulesweep.datasets.base import Examples
from joulesweep.model import rng

SETTINGS: dict = {}

_TEST = 500


class DataSet(base.DataSet):
    """Images [1, 8, 8] in two parts, split once and for all by a seeded order."""

    libraries = ("scikit-learn",)

    @property
    def preprocessing(self) -> str:
        """In words."""
        return "values from 0 to 1"

    def test(self) -> Examples:
        """500 images."""
        return _part(slice(None, _TEST))

    def train(self) -> Examples:
        """The other 1297."""
        return _part(slice(_TEST, None))


def _part(places: slice) -> Examples:
    with base.needs("digits", "scikit-learn"):
        from sklearn.datasets import load_digits
    loaded = load_digits()
    chosen = rng.permutation("digits", len(loaded.target))[places]
    images = (loaded.images[chosen, None] / 16).astype(np.float32)
    return base.in_memory(loaded.target[chosen].astype(np.int64), image=images)
