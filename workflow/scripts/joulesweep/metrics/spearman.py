"""Spearman's rank correlation between a model's numbers and the labels: 1 if both put the examples in the same order."""

import math
from typing import Any

import numpy as np

from joulesweep.metrics import base
from joulesweep.metrics._outputs import single_number


class Metric(base.Metric):
    """The model gives one number per example."""

    words = "Spearman rank correlation with the labels"
    unit = ""
    higher_is_better = True
    interval = "percentile bootstrap over the examples"
    labels = "numbers"
    needs = ()

    def score(self, output: np.ndarray, label: Any) -> tuple[float, ...]:
        """The output and the label."""
        return single_number(output), float(label)

    def value(self, scores: np.ndarray) -> float:
        """The correlation of the ranks; NaN where one side has equal values only."""
        outputs, labels = (_ranks(side) for side in scores.T)
        outputs, labels = outputs - outputs.mean(), labels - labels.mean()
        norm = math.sqrt(float(outputs @ outputs) * float(labels @ labels))
        return float(outputs @ labels) / norm if norm else math.nan


def _ranks(values: np.ndarray) -> np.ndarray:
    """The rank of each value, from 1; equal values share the mean of theirs."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[places]
