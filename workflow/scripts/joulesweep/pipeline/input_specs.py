"""The inputs of a model as the user writes them, made into the one form that `inputs` reads.

Short: `input: {shape: [3, 224, 224]}`, one input, whose axes are inferred: a square image has a size, a row of whole
numbers or a matrix a sequence. Long: `inputs:` with a name for each, whose axes are named in the shapes, `[sequence: 128]`
where its native length is given and `[sequence]` where it is used again. `time` is another name for `sequence`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from joulesweep.errors import UserError

NAME = "input"  # of the only input in the short form

_SAME = {"time": "sequence"}


def axis(name: str) -> str:
    """The axis under which the tables know it."""
    return _SAME.get(name, name)


def completed(path: Path, where: str, model: Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The inputs in order, and the native length of every axis but the batch.

    Raises:
        UserError: neither or both forms are there, an axis has no length or two, or a range is empty.
    """
    if ("input" in model) == ("inputs" in model):
        raise UserError(f"{path}: {where}: expected one of the keys 'input' (one) and 'inputs' (several, by name)")
    written = model.get("inputs") or {NAME: model["input"]}
    axes: dict[str, int] = {}
    for name, one in written.items():
        for given, length in _lengths(one["shape"]):
            if length is not None and axes.setdefault(given, length) != length:
                raise UserError(f"{path}: {where}: {name}: the axis {given} is {axes[given]} elsewhere, here {length}")
    if "input" in model and not axes:
        shape, axes = _inferred(one := model["input"])
        written = {NAME: {**one, "shape": shape}}
    for name, one in written.items():
        for given, _ in _lengths(one["shape"]):
            if given not in axes and given != "batch":
                raise UserError(
                    f"{path}: {where}: {name}: the axis {given} has no length; write [{given}: 128] in one of the shapes"
                )
    return [_one(path, where, name, one) for name, one in written.items()], axes


def _one(path: Path, where: str, name: str, written: Mapping[str, Any]) -> dict[str, Any]:
    floating = written.get("dtype", "float32").startswith("float")
    shape = [axis(next(iter(length))) if isinstance(length, dict) else length for length in written["shape"]]
    shape = [axis(length) if isinstance(length, str) else length for length in shape]
    found: dict[str, Any] = {"name": name, "dtype": "float32", "low": 0, "high": 1 if floating else 2} | dict(
        written, shape=shape
    )
    if not found["low"] < found["high"]:
        raise UserError(f"{path}: {where}: {name}: low {found['low']} is not below high {found['high']}")
    return found


def _lengths(shape: list[Any]) -> Iterator[tuple[str, int | None]]:
    """Every axis that a shape names, and its length where it is given."""
    for length in shape:
        if isinstance(length, str):
            yield axis(length), None
        elif isinstance(length, dict):
            yield from ((axis(name), value) for name, value in length.items())


def _inferred(one: Mapping[str, Any]) -> tuple[list[Any], dict[str, int]]:
    """Shape and axes of the short form whose shape is numbers alone."""
    shape = list(one["shape"])
    numbers = all(isinstance(length, int) for length in shape)
    if numbers and len(shape) == 3 and shape[1] == shape[2]:
        return [shape[0], "size", "size"], {"size": shape[2]}
    whole = not one.get("dtype", "float32").startswith("float")
    if numbers and (len(shape) == 2 or (whole and len(shape) == 1)):
        return [*shape[:-1], "sequence"], {"sequence": shape[-1]}
    return shape, {}
