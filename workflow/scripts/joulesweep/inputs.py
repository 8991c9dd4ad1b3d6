"""The inputs of a model at a point: made with numpy from the specification alone, the same on every machine."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from joulesweep import draws

NAME = "input"


def shape(spec: Mapping[str, Any], point: Mapping[str, Any]) -> tuple[int, ...]:
    """Shape of the input at a point, batch first.

    A size other than the native one makes an image of that height and width; a sequence replaces the last dimension.
    """
    native = list(spec["input"]["shape"])
    size, sequence = point.get("size"), point.get("sequence")
    if size is not None and size != native[-1]:
        native[-2:] = [size, size]
    if sequence is not None:
        native[-1] = sequence
    return (point.get("batch", 1), *native)


def base_point(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The point with one example of the native size or sequence; an axis that the input does not have is None."""
    native, integer = spec["input"]["shape"], spec["input"]["dtype"].startswith("int")
    image = len(native) == 3
    sequence = not image and (integer or len(native) == 2)
    return {"batch": 1, "size": native[-1] if image else None, "sequence": native[-1] if sequence else None}


def make(spec: Mapping[str, Any], point: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The inputs of one pass at a point, by name: floats uniform in [low, high), whole numbers likewise."""
    wanted = spec["input"]
    dtype = np.dtype(wanted["dtype"])
    draw = draws.integers if np.issubdtype(dtype, np.integer) else draws.uniform
    return {NAME: draw(NAME, shape(spec, point), wanted["low"], wanted["high"]).astype(dtype)}


def digest(spec: Mapping[str, Any]) -> str:
    """Identity of the inputs: equal where `make` returns the same values."""
    text = json.dumps({"drawn": "philox-1", "input": spec["input"]}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
