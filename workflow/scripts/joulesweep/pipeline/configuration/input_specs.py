"""The inputs of a model as the user writes them, made into the form that `model/inputs.py` reads.

A shape names its axes: `[sequence: 128]` gives an axis its native length and `[sequence]` uses it again. The lengths of an
axis that scales may differ: in `[3, size: 48, size: 64]` the size is 48, the smallest, and the other length keeps its
ratio. In the shape of a single `input:` that names no axis, axes are inferred from the number of its lengths: the last
two of three or four are an image, which has a size; the last of two is a sequence, and so is a single row of whole numbers.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from joulesweep import axes
from joulesweep.errors import UserError
from joulesweep.pipeline.configuration.config_schema import resolved, schema, shown

NAME = "input"  # of the only input in the short form


def completed(where: str, model: Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The inputs in order, and the native length of every axis but the batch.

    Raises:
        UserError: neither or both forms are there, an axis has no length or two, or a range is empty.
    """
    if ("input" in model) == ("inputs" in model):
        raise UserError(f"{where}: expected one of the keys 'input' (a single one) and 'inputs' (several, by name)")
    written = model.get("inputs") or {NAME: model["input"]}
    if "input" in model:
        written = {NAME: _with_inferred_axes(model["input"])}
    native = _native_lengths(where, written)
    return [_completed(f"{where}: {name}", name, entry, native) for name, entry in written.items()], native


def swept_axes(spec: Mapping[str, Any]) -> list[str]:
    """The axes along which a completed model can be swept."""
    batched = any("batch" in entry["shape"] or entry.get("batched", True) for entry in spec["inputs"])
    own = [*(["batch"] if batched else []), *spec["axes"], "threads"]
    return [axis for axis in own if axis not in spec.get("fixed", [])]


def _native_lengths(where: str, written: Mapping[str, Any]) -> dict[str, int]:
    native: dict[str, int] = {}
    for name, entry in written.items():
        for axis, length in _named_lengths(entry["shape"]):
            if length is None:
                continue
            if native.setdefault(axis, length) != length and not axes.ALL[axis].scales:
                raise UserError(f"{where}: {name}: the axis {axis} is {native[axis]} elsewhere, here {length}")
            native[axis] = min(native[axis], length)
    for name, entry in written.items():
        for axis, _ in _named_lengths(entry["shape"]):
            if axis not in native and axis != "batch":
                raise UserError(
                    f"{where}: {name}: the axis {axis} has no length; write [{axis}: 128] in one of the shapes"
                )
    return native


def _completed(where: str, name: str, written: Mapping[str, Any], native: Mapping[str, int]) -> dict[str, Any]:
    defaults = {key: entry["default"] for key, entry in _keys().items() if "default" in entry and key != "batched"}
    values = defaults | dict(written)
    values |= {"name": name, "shape": [_length(length, native) for length in written["shape"]]}
    values.setdefault("high", 1 if values["dtype"].startswith("float") else 2)
    if values["shape"].count("batch") > 1 or ("batch" in values["shape"] and not values.get("batched", True)):
        raise UserError(f"{where}: the shape names the batch twice, or although 'batched' is false; keep one of them")
    _check_range(where, values)
    return values


def _keys() -> dict[str, Any]:
    return {key: resolved(entry) for key, entry in schema()["$defs"]["input"]["properties"].items()}


def _length(length: Any, native: Mapping[str, int]) -> Any:
    """A length in its completed form: a number, the name of an axis, or an axis with a length other than the native one."""
    if isinstance(length, int):
        return length
    ((name, own),) = length.items() if isinstance(length, Mapping) else ((length, None),)
    axis = axes.canonical(name)
    return axis if own is None or own == native[axis] else {axis: own}


def _check_range(where: str, values: Mapping[str, Any]) -> None:
    """Check that the range of random elements is not empty and fits their type."""
    low, high, dtype = values["low"], values["high"], values["dtype"]
    if not low < high:
        raise UserError(f"{where}: low {shown(low)} is not below high {shown(high)}")
    if dtype.startswith("float"):
        least, most, kind = float(np.finfo(dtype).min), float(np.finfo(dtype).max), "a number"
    else:
        limits = np.iinfo("uint8" if dtype == "bool" else dtype)
        least, most, kind = int(limits.min), 2 if dtype == "bool" else int(limits.max) + 1, "a whole number"
    for key in ("low", "high"):
        value = values[key]
        if not least <= value <= most or (kind == "a whole number" and value != int(value)):
            raise UserError(f"{where}: {key}: {shown(value)}: expected {kind} from {least:g} to {most:g} for {dtype}")


def _named_lengths(shape: list[Any]) -> Iterator[tuple[str, int | None]]:
    """Every axis that a shape names, and its length where the shape has it."""
    for length in shape:
        if isinstance(length, str):
            yield axes.canonical(length), None
        elif isinstance(length, Mapping):
            yield from ((axes.canonical(name), value) for name, value in length.items())


def _with_inferred_axes(written: Mapping[str, Any]) -> Mapping[str, Any]:
    """The only input, with the axes of its shape where that is numbers only."""
    shape = list(written["shape"])
    if not all(isinstance(length, int) for length in shape):
        return written
    whole = not written.get("dtype", _keys()["dtype"]["default"]).startswith("float")
    if len(shape) in (3, 4):
        shape[-2:] = [{"size": length} for length in shape[-2:]]
    elif len(shape) == 2 or (len(shape) == 1 and whole):
        shape[-1:] = [{"sequence": shape[-1]}]
    return {**written, "shape": shape}
