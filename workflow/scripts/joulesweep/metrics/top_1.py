"""Top-1 accuracy: the share of examples whose label has the largest output."""

from typing import Any

import numpy as np

from joulesweep.metrics._share import Share, among_largest


class Metric(Share):
    """One answer per example."""

    words = "top-1 accuracy"
    unit = "%"
    higher_is_better = True
    interval = "Wilson's interval of a share"
    labels = "classes"
    needs = ()

    def score(self, output: np.ndarray, label: Any) -> tuple[float, ...]:
        """1 where the label has the largest output."""
        return (float(among_largest(output, label, 1)),)
