"""What a pass gives: its tensors or arrays, and whether they can be the result of a computation that went well."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from joulesweep.errors import UserError


def tensors(outputs: Any) -> Iterator[Any]:
    """The tensors of torch in a model's outputs, in order, whatever tuples, dictionaries and dataclasses hold them."""
    import torch

    if isinstance(outputs, torch.Tensor):
        yield outputs
    elif isinstance(outputs, Mapping):
        for value in outputs.values():
            yield from tensors(value)
    elif is_dataclass(outputs) and not isinstance(outputs, type):
        for each in fields(outputs):
            yield from tensors(getattr(outputs, each.name))
    elif isinstance(outputs, list | tuple):
        for value in outputs:
            yield from tensors(value)


def check_finite(outputs: Iterable[Any]) -> None:
    """Refuse outputs that hold NaN or infinite values; what is no array of such numbers passes.

    Raises:
        UserError: a value is not finite; the text says how many are not.
    """
    for number, output in enumerate(outputs, 1):
        if not isinstance(output, np.ndarray) or not np.issubdtype(output.dtype, np.inexact) or not output.size:
            continue
        real = (output.real, output.imag) if np.iscomplexobj(output) else (output,)
        if all(np.isfinite(part.min()) and np.isfinite(part.max()) for part in real):
            continue
        bad = int(output.size - np.isfinite(output).sum())
        raise UserError(
            f"output {number} is not finite: {bad} of {output.size} values are NaN or infinite; check the model's weights, "
            "tensors that are neither parameters nor buffers, and the range of its inputs"
        )


def difference(outputs: Iterable[np.ndarray], wanted: Iterable[np.ndarray]) -> float:
    """The largest difference between two lists of arrays, relative to the largest value of the array where it is.

    Infinite where they differ in number or shape, or in which values are not finite.
    """
    outputs, wanted = list(outputs), list(wanted)
    if [array.shape for array in outputs] != [array.shape for array in wanted]:
        return float("inf")
    return max(map(_apart, outputs, wanted), default=0.0)


def _apart(array: np.ndarray, wanted: np.ndarray) -> float:
    if not np.issubdtype(wanted.dtype, np.inexact):  # bool has no difference, and that of unsigned numbers wraps
        array, wanted = array.astype(np.float64), wanted.astype(np.float64)
    finite = np.isfinite(wanted)
    if not np.array_equal(np.where(finite, 0, array), np.where(finite, 0, wanted), equal_nan=True):
        return float("inf")
    scale = float(np.abs(wanted[finite]).max(initial=0.0)) or 1.0
    apart = float(np.abs(array[finite] - wanted[finite]).max(initial=0.0)) / scale
    return apart if apart == apart else float("inf")
