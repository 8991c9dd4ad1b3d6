"""What files with 8 bits are calibrated with: training examples of the model's data. Where it has none, or the file takes another
size than they have, random inputs.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from joulesweep import plugins
from joulesweep.model import inputs
from joulesweep.model.example_inputs import binding

_EXAMPLES = 64
_DRAWN = 4


def calibration_inputs(
    spec: Mapping[str, Any], point: Mapping[str, Any], batch: int | None
) -> tuple[list[dict[str, np.ndarray]], str]:
    """Inputs of several passes, by name, and what they are in words. `batch` is the only batch that the file takes, if there is one.

    Raises:
        UserError, Unsupported: the data cannot be read, or do not fit the model.
    """
    data = spec.get("calibration")
    if data and inputs.shapes(spec, {**point, "batch": 1}) == inputs.shapes(spec, inputs.base_point(spec)):
        examples = plugins.load("datasets", data["set"])(data["settings"]).train().at_most(_EXAMPLES)
        bind, size = binding(spec), batch or 1
        read = [examples.read(place) for place in range(len(examples))]
        starts = range(0, len(read) - size + 1, size)
        return [
            bind(read[start : start + size]) for start in starts
        ], f"{len(read)} training examples of {data['name']}"
    size = batch or _DRAWN
    return [inputs.make(spec, {**point, "batch": size})], f"{size} random input{'' if size == 1 else 's'}"
