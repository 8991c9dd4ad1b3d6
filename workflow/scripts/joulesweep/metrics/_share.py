"""What metrics share that count right answers: the share of them, with intervals made for shares."""

import numpy as np

from joulesweep.metrics import base
from joulesweep.metrics._outputs import per_class
from joulesweep.uncertainty import share
from joulesweep.uncertainty.interval import Interval


class Share(base.Metric):
    """An answer is right or wrong: 1 or 0 is kept of each example."""

    def value(self, scores: np.ndarray) -> float:
        """The share of right answers."""
        return float(scores.mean())

    def estimate(self, scores: np.ndarray) -> Interval:
        """By Wilson's interval."""
        return share.wilson(int(scores.sum()), len(scores))

    def difference(self, a: np.ndarray, b: np.ndarray) -> Interval:
        """By the interval of Bonett and Price for pairs."""
        return share.paired_difference(a[:, 0], b[:, 0])


def among_largest(output: np.ndarray, label: int, count: int) -> bool:
    """Whether the output of the label is among the `count` largest; of equal outputs the first counts as larger."""
    return int(label) in np.argsort(-per_class(output), kind="stable")[:count]
