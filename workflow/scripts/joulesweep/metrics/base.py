"""What every metric offers: what it keeps of each example, the figure over all of them, and its interval."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from joulesweep.uncertainty import bootstrap
from joulesweep.uncertainty.interval import Interval

CLASSES, NUMBERS, TEXTS = "classes", "numbers", "texts"


class Metric(ABC):
    """One metric. The attributes are literals, which the workflow reads without importing the file: each metric's own file states them.

    `symbols` are the data set's, in the order of the model's outputs; only a metric that reads texts uses them.

    Attributes:
        words: its name in a sentence, such as `top-1 accuracy`.
        unit: `%` where the value is a share that people read in percent, else empty: the value is shown as it is.
        higher_is_better: whether a larger value is the better one.
        interval: how the 95 % interval is made, in words.
        labels: what it compares outputs with: `classes` (places among the outputs), `numbers` or `texts`.
        needs: settings of the data set without which it cannot be computed.
    """

    words: ClassVar[str]
    unit: ClassVar[str]
    higher_is_better: ClassVar[bool]
    interval: ClassVar[str]
    labels: ClassVar[str]
    needs: ClassVar[tuple[str, ...]]

    def __init__(self, symbols: Sequence[str] = ()) -> None:
        self.symbols = symbols

    @abstractmethod
    def score(self, output: np.ndarray, label: Any) -> tuple[float, ...]:
        """What the metric keeps of one example, always as many numbers; `output` is the model's first output, without the batch.

        Raises:
            Unsupported: the output has a shape of which the metric can make nothing.
        """

    @abstractmethod
    def value(self, scores: np.ndarray) -> float:
        """The metric over examples, from what was kept of them, [examples, numbers]; NaN where it is undefined."""

    def estimate(self, scores: np.ndarray) -> Interval:
        """The metric over all examples with its 95 % interval."""
        return bootstrap.interval(lambda places: self.value(scores[places]), len(scores))

    def difference(self, a: np.ndarray, b: np.ndarray) -> Interval:
        """The metric of `a` less that of `b`, both kept of the same examples in the same order, with its 95 % interval."""
        return bootstrap.interval(lambda places: self.value(a[places]) - self.value(b[places]), len(a))
