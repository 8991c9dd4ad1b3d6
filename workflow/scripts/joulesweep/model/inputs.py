"""The inputs of a model at a point: made with numpy from the specification alone, the same on every machine.

A completed specification holds `inputs`, a list in the model's own order, each with name, shape, dtype, low and high; a
length in a shape is a number, the name of an axis, or `{axis: length}` where it is scaled with the axis in the native
ratio. `axes` holds the native value of each axis but the batch. A shape that does not name the batch has it in front,
unless `batched` is false.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from joulesweep.axes import INPUT_AXES
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
    """Lengths of one input, the batch included: numbers, and names of axes, those of scaled lengths too."""
    return [next(iter(length)) if isinstance(length, Mapping) else length for length in _lengths(one)]


def shapes(spec: Mapping[str, Any], point: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Shape of every input at a point; an axis that the point leaves open has its native length."""
    values = {"batch": 1, **spec["axes"], **{axis: value for axis, value in point.items() if value is not None}}
    return {
        one["name"]: tuple(_length(length, values, spec["axes"]) for length in _lengths(one)) for one in spec["inputs"]
    }


def _lengths(one: Mapping[str, Any]) -> list[Any]:
    """The declared shape of one input with the batch in its place."""
    lengths = list(one["shape"])
    return lengths if "batch" in lengths or not one.get("batched", True) else ["batch", *lengths]


def _length(length: Any, values: Mapping[str, int], native: Mapping[str, int]) -> int:
    if isinstance(length, str):
        return values[length]
    if isinstance(length, Mapping):  # scaled with its axis, rounded half up to a whole number
        ((axis, own),) = length.items()
        return max(1, (2 * values[axis] * own + native[axis]) // (2 * native[axis]))
    return length


def base_point(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The point with one example and the native value of every axis; None for an axis that the inputs do not have."""
    return {"batch": 1, **{axis: spec["axes"].get(axis) for axis in INPUT_AXES}}


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
