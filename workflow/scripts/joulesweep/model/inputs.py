"""The inputs of a model at a point: made with numpy from the specification alone, the same on every machine.

A completed specification holds `inputs`, a list in the model's own order, each with name, shape, dtype, low and high; a
length in a shape is a number or the name of an axis (batch, size, sequence). `axes` holds the native length of each axis
but the batch. A shape that does not name the batch has it in front, unless `batched` is false.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from joulesweep.model import rng


def names(spec: Mapping[str, Any]) -> list[str]:
    """Names of the inputs, in order."""
    return [one["name"] for one in spec["inputs"]]


def match_inputs(spec: Mapping[str, Any], graph: Sequence[str]) -> dict[str, str]:
    """For each input of a graph, by its name there, the declared input that feeds it.

    Where all of them are declared, by name; else in order, since a file that the user brought may name them otherwise.

    Raises:
        ValueError: the names are others, and so is their number.
    """
    declared = names(spec)
    if set(graph) <= set(declared):
        return {name: name for name in graph}
    if len(graph) != len(declared):
        raise ValueError(f"the file takes the inputs {', '.join(graph)}; declared are {', '.join(declared)}")
    return dict(zip(graph, declared, strict=True))


def dimensions(one: Mapping[str, Any]) -> list[int | str]:
    """Lengths of one input, the batch included: numbers, and names of axes."""
    lengths = list(one["shape"])
    return lengths if "batch" in lengths or not one.get("batched", True) else ["batch", *lengths]


def shapes(spec: Mapping[str, Any], point: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Shape of every input at a point; an axis that the point leaves open has its native length."""
    at = {"batch": 1, **spec["axes"], **{axis: value for axis, value in point.items() if value is not None}}
    return {
        one["name"]: tuple(at[length] if isinstance(length, str) else length for length in dimensions(one))
        for one in spec["inputs"]
    }


def base_point(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The point with one example of the native size and sequence; an axis that the inputs do not have is None."""
    return {"batch": 1, "size": spec["axes"].get("size"), "sequence": spec["axes"].get("sequence")}


def make(spec: Mapping[str, Any], point: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The inputs of one pass at a point, by name and in order: uniform in [low, high), whole numbers likewise."""
    found = {}
    for one, shape in zip(spec["inputs"], shapes(spec, point).values(), strict=True):
        dtype = np.dtype(one["dtype"])
        draw = rng.uniform if np.issubdtype(dtype, np.floating) else rng.integers
        found[one["name"]] = draw(one["name"], shape, one["low"], one["high"]).astype(dtype)
    return found


def digest(spec: Mapping[str, Any]) -> str:
    """Identity of the inputs: equal where `make` returns the same values."""
    text = json.dumps({"drawn": "philox-1", "inputs": spec["inputs"], "axes": spec["axes"]}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
