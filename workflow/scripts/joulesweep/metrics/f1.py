"""Macro F1: the F1 score of each class, averaged over the classes, so that a rare class counts as much as a common one."""

from typing import Any

import numpy as np

from joulesweep.metrics import base
from joulesweep.metrics._outputs import per_class


class Metric(base.Metric):
    """The answer is the class with the largest output."""

    words = "macro F1"
    unit = "%"
    higher_is_better = True
    interval = "percentile bootstrap over the examples"
    labels = "classes"
    needs = ()

    def score(self, output: np.ndarray, label: Any) -> tuple[float, ...]:
        """The answer and the label."""
        return float(per_class(output).argmax()), float(label)

    def value(self, scores: np.ndarray) -> float:
        """The mean of 2 × right / (answers + labels) over the classes that occur among answers or labels."""
        answers, labels = scores.T.astype(np.int64)
        classes = int(scores.max()) + 1
        right = np.bincount(labels[answers == labels], minlength=classes)
        both = np.bincount(answers, minlength=classes) + np.bincount(labels, minlength=classes)
        return float(np.mean(2 * right[both > 0] / both[both > 0]))
