"""The inputs of a model that is an ONNX file: read from the file, and what the user writes of them checked against it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joulesweep.errors import UserError, nearest
from joulesweep.model import onnx_header
from joulesweep.model.onnx_header import Input
from joulesweep.pipeline.configuration.config_schema import shown


def with_inputs(where: str, model: Mapping[str, Any], file: Path) -> Mapping[str, Any]:
    """The model as the user writes it, with what the file says: all inputs where none is written, else their types.

    Raises:
        UserError: the file has other inputs or types, or an axis that is free in it has no length.
    """
    graph = onnx_header.inputs(file)
    names = [value.name for value in graph]
    if "input" in model and "inputs" not in model:
        if len(graph) != 1:
            raise UserError(
                f"{where}.input: {file} takes {len(graph)} inputs, {shown(names)}; write them under 'inputs:'"
            )
        return {**model, "input": _typed(f"{where}.input", model["input"], graph[0])}
    if "inputs" not in model:
        return {**model, "inputs": {value.name: _declared(where, file, value) for value in graph}}
    written = model["inputs"]
    by_name = set(names) <= set(written)
    if not by_name and len(names) != len(written):
        raise UserError(
            f"{where}.inputs: {file} takes {len(graph)} inputs, {shown(names)}; declared are {shown([*written])}"
        )
    of = {value.name: value for value in graph} if by_name else dict(zip(written, graph, strict=True))
    for name in written:
        if name not in of:
            raise UserError(f"{where}.inputs: {file} has no input {shown(name)}{nearest(name, names)}")
    return {
        **model,
        "inputs": {name: _typed(f"{where}.inputs.{name}", entry, of[name]) for name, entry in written.items()},
    }


def fixed_axes(where: str, spec: Mapping[str, Any], file: Path) -> list[str]:
    """The axes of a completed specification that are numbers in the file, so that they cannot be swept.

    Raises:
        UserError: the file takes another shape than the specification has, or another batch than 1.
    """
    graph = onnx_header.inputs(file)
    entries = {entry["name"]: entry for entry in spec["inputs"]}
    if not {value.name for value in graph} <= set(entries):  # named otherwise, then in the same order
        entries = {value.name: entry for value, entry in zip(graph, spec["inputs"], strict=True)}
    fixed: dict[str, None] = {}
    for value in graph:
        axes, shape = _dimensions(entries[value.name], spec["axes"])
        same = len(shape) == len(value.shape)
        places = list(zip(axes, value.shape, shape, strict=False))
        if same and any(axis == "batch" and isinstance(own, int) and own != 1 for axis, own, _ in places):
            raise UserError(
                f"{where}: {file} takes only batches of {value.shape[0]}; write input: {{shape: {_shape(value)}, batched: false}}"
            )
        if not same or any(isinstance(own, int) and own != length for _, own, length in places):
            raise UserError(f"{where}: {file} takes {value.name} of shape {_shape(value)}, not {shape}")
        fixed |= {axis: None for axis, own, _ in places if axis and isinstance(own, int)}
    return list(fixed)


def _dimensions(entry: Mapping[str, Any], native: Mapping[str, int]) -> tuple[list[str], list[int]]:
    """Axes of an input, empty for a number that is none, and its shape with a batch of 1 and the native lengths."""
    lengths = list(entry["shape"])
    if "batch" not in lengths and entry.get("batched", True):
        lengths = ["batch", *lengths]
    at = {"batch": 1, **native}
    axes = [
        length if isinstance(length, str) else next(iter(length)) if isinstance(length, Mapping) else ""
        for length in lengths
    ]
    return axes, [
        at[length] if isinstance(length, str) else length[axis] if isinstance(length, Mapping) else length
        for axis, length in zip(axes, lengths, strict=True)
    ]


def _typed(where: str, entry: Mapping[str, Any], value: Input) -> Mapping[str, Any]:
    """What the user writes of an input, with the type that it has in the file."""
    if not value.dtype:
        raise UserError(f"{where}: {value.name} is of a type of which no inputs are made; use a file with another type")
    if entry.get("dtype", value.dtype) != value.dtype:
        raise UserError(
            f"{where}.dtype: {shown(entry['dtype'])}: {value.name} is {value.dtype} in the file; leave the key out"
        )
    return {**entry, "dtype": value.dtype}


def _declared(where: str, file: Path, value: Input) -> Mapping[str, Any]:
    """An input as the user would write it. The first length, where it is free or 1, is the batch."""
    batched = bool(value.shape) and not (isinstance(value.shape[0], int) and value.shape[0] != 1)
    rest = value.shape[1:] if batched else value.shape
    free = [length for length in rest if not isinstance(length, int)]
    if free:
        example = [32 if not isinstance(length, int) else length for length in rest]
        raise UserError(
            f"{where}: {file}: the length {free[0] or '(unnamed)'} of {value.name} is free; write a native one, as in "
            f"inputs: {{{value.name}: {{shape: {example}}}}}"
        )
    return _typed(
        f"{where}.inputs.{value.name}", {"shape": list(rest), **({} if batched else {"batched": False})}, value
    )


def _shape(value: Input) -> str:
    return f"[{', '.join(str(length) or '?' for length in value.shape)}]"
