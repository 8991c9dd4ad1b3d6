"""Top-5 accuracy: the share of examples whose label has one of the five largest outputs."""

from typing import Any

import numpy as np

from joulesweep.errors import Unsupported
from joulesweep.metrics._outputs import per_class
from joulesweep.metrics._share import Share, among_largest

_ANSWERS = 5


class Metric(Share):
    """Five answers per example."""

    words = "top-5 accuracy"
    unit = "%"
    higher_is_better = True
    interval = "Wilson's interval of a share"
    labels = "classes"
    needs = ()

    def score(self, output: np.ndarray, label: Any) -> tuple[float, ...]:
        """1 where the label has one of the five largest outputs."""
        if len(per_class(output)) <= _ANSWERS:
            raise Unsupported(f"top-5 of {len(per_class(output))} classes is always right; write metric: top-1")
        return (float(among_largest(output, label, _ANSWERS)),)
