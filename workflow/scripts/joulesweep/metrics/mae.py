"""Mean absolute error: how far a model's number is from the label, in the unit of the labels."""

from typing import Any

import numpy as np

from joulesweep.metrics import base
from joulesweep.metrics._outputs import single_number


class Metric(base.Metric):
    """The model gives one number per example."""

    words = "mean absolute error"
    unit = ""
    higher_is_better = False
    interval = "percentile bootstrap over the examples"
    labels = "numbers"
    needs = ()

    def score(self, output: np.ndarray, label: Any) -> tuple[float, ...]:
        """The distance of the output from the label."""
        return (abs(single_number(output) - float(label)),)

    def value(self, scores: np.ndarray) -> float:
        """The mean distance."""
        return float(scores.mean())
