"""What metrics read of a model's output."""

import numpy as np

from joulesweep.errors import Unsupported


def per_class(output: np.ndarray) -> np.ndarray:
    """The outputs of one example, [classes].

    Raises:
        Unsupported: they are no single row of numbers.
    """
    row = np.squeeze(output)
    if row.ndim != 1:
        raise Unsupported(
            f"the model's first output has the shape {list(output.shape)} per example; the metric takes one number per class"
        )
    return row


def single_number(output: np.ndarray) -> float:
    """The only number of an output.

    Raises:
        Unsupported: there are several.
    """
    if output.size != 1:
        raise Unsupported(
            f"the model's first output has the shape {list(output.shape)} per example; the metric takes a single number"
        )
    return float(output.reshape(()))
