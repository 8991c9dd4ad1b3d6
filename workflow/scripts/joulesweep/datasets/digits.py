"""The handwritten digits that come with scikit-learn: 1797 images of 8 x 8 pixels, 10 classes, 500 for the test."""

import numpy as np

from joulesweep.datasets import base
from joulesweep.datasets.base import Examples
from joulesweep.errors import UserError, missing_distribution
from joulesweep.model import rng

_TEST = 500


class DataSet(base.DataSet):
    """The digits in two parts."""

    libraries = ("scikit-learn",)

    def load(
        self,
    ) -> Examples:
        """Images [1, 8, 8] with values from 0 to 1, split once and for all by a seeded order.

        Raises:
            UserError: scikit-learn is missing.
        """
        try:
            from sklearn.datasets import load_digits
        except ImportError as error:
            package = missing_distribution(error) or "scikit-learn"
            raise UserError(f"data: digits needs {package} ({error}); pip install {package}") from error
        found = load_digits()
        images = (found.images[:, None] / 16).astype(np.float32)
        labels = found.target.astype(np.int64)
        order = rng.permutation("digits", len(labels))
        test, train = order[:_TEST], order[_TEST:]
        return Examples(images[train], labels[train], images[test], labels[test])
