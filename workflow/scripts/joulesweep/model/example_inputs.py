"""Labelled examples as the inputs of a model: each array goes to its input, in the shape and type that the model takes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from joulesweep.errors import Unsupported
from joulesweep.model import inputs

Example = Mapping[str, np.ndarray]


def binding(spec: Mapping[str, Any]) -> Callable[[Sequence[Example]], dict[str, np.ndarray]]:
    """A function that makes the inputs of one pass, by name and in order, of examples without the batch.

    A model with one input takes the first array of an example, whatever its name; one with several takes the arrays that are named like
    its inputs. Lengths of 1 may be missing or too many. A model without a batch takes one example.

    Raises (the function):
        Unsupported: an example lacks an input, or has another shape or kind of numbers than the model takes.
    """
    shapes = inputs.shapes(spec, inputs.base_point(spec))  # with a batch of 1
    entries = [(entry, shapes[entry["name"]], _batch_place(entry)) for entry in spec["inputs"]]

    def inputs_of(examples: Sequence[Example]) -> dict[str, np.ndarray]:
        found = {}
        for entry, shape, batch in entries:
            arrays = [_fitted(_array(example, entry["name"], len(entries)), entry, shape) for example in examples]
            found[entry["name"]] = arrays[0] if batch is None else np.concatenate(arrays, axis=batch)
        return found

    return inputs_of


def _batch_place(entry: Mapping[str, Any]) -> int | None:
    dimensions = inputs.dimensions(entry)
    return dimensions.index("batch") if "batch" in dimensions else None


def _array(example: Example, name: str, count: int) -> np.ndarray:
    if count == 1:
        return next(iter(example.values()))
    if name not in example:
        raise Unsupported(f"the model takes an input {name!r}; the examples have {', '.join(example)}")
    return example[name]


def _fitted(array: np.ndarray, entry: Mapping[str, Any], shape: tuple[int, ...]) -> np.ndarray:
    dtype = np.dtype(entry["dtype"])
    if [length for length in array.shape if length != 1] != [length for length in shape if length != 1]:
        raise Unsupported(
            f"the model takes {entry['name']!r} of shape {list(shape)}, batch included; the examples have {list(array.shape)}; "
            "change the preprocessing in 'data', or the shape of the input"
        )
    if dtype != np.bool_ and not np.can_cast(array.dtype, dtype, "same_kind"):
        raise Unsupported(f"the model takes {entry['name']!r} as {dtype}, the examples are {array.dtype}")
    return array.reshape(shape).astype(dtype, copy=False)
