"""What an ONNX file says of itself, read without the onnx package and without its weights: its inputs, the files it needs, and
which of its convolutions have a filter per channel.

The workflow reads this when it reads the configuration, under an interpreter that need have neither onnx nor a runtime. The
numbers of fields are those of onnx.proto, which promises to keep them.
"""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joulesweep.errors import UserError

_DTYPES = {1: "float32", 2: "uint8", 6: "int32", 7: "int64", 9: "bool", 10: "float16", 11: "float64"}

# Messages that may hold a tensor: for each, its fields that lead on, and the message that is there.
_WAYS = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}


# The place of the weight among the inputs of each kind of convolution.
_CONVOLUTIONS = {"Conv": 1, "ConvInteger": 1, "QLinearConv": 3}


@dataclass(frozen=True)
class Input:
    """An input that a pass must be given; a length is a number, the name of a free dimension, or empty where it has none.

    `dtype` is a numpy name, empty where Joulesweep makes no numbers of that type.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]


def inputs(file: Path) -> list[Input]:
    """The inputs of a file in its own order; weights that old files list among them are left out.

    Raises:
        UserError: it is no ONNX file.
    """
    with _opened(file) as content:
        graph = next((value for number, value in _fields(content) if number == 7), None)
        if graph is None:
            raise UserError(f"{file}: holds no ONNX model")
        stored = {_text(tensor, 8) for number, tensor in _fields(graph) if number == 5}
        values = [_input(value) for number, value in _fields(graph) if number == 11]
    return [value for value in values if value.name not in stored]


def external_files(file: Path) -> list[Path]:
    """The files beside an ONNX file that hold its weights, in alphabetical order.

    Raises:
        UserError: it is no ONNX file, a file is missing, or it lies outside the folder of the ONNX file.
    """
    with _opened(file) as content:
        locations = sorted({_text(entry, 2) for tensor in _tensors(content, "model") for entry in _external(tensor)})
    folder = file.resolve().parent
    for location in locations:
        path = Path(location)
        if path.is_absolute() or ".." in path.parts or folder not in (folder / path).resolve().parents:
            raise UserError(f"{file}: its weights lie outside its folder, in {location!r}; that is never read")
        if not (folder / path).is_file():
            raise UserError(f"{file}: its weights lie in {location!r} beside it, which is missing; copy that file too")
    return [file.parent / location for location in locations]


def depthwise(file: Path) -> dict[str, bool]:
    """Whether each convolution of the main graph has a filter per channel, by its name and by the names of its outputs.

    That is: several groups, each with one input channel. A weight that is stored in 8 bits is found behind the operator that
    makes it a float.

    Raises:
        UserError: it is no ONNX file.
    """
    found: dict[str, bool] = {}
    with _opened(file) as content:
        parts = list(_fields(_message(content, 7)))
        shapes = {_text(tensor, 8): _dims(tensor) for number, tensor in parts if number == 5}
        nodes = [node for number, node in parts if number == 1]
        for node in nodes:  # what turns stored whole numbers into a weight
            if _text(node, 4) == "DequantizeLinear" and (stored := shapes.get(_texts(node, 1)[0])):
                shapes[_texts(node, 2)[0]] = stored
        for node in nodes:
            place = _CONVOLUTIONS.get(_text(node, 4))
            inputs = _texts(node, 1)
            if place is not None and len(inputs) > place:
                attributes = [value for number, value in _fields(node) if number == 5]
                group = next((dict(_fields(value)).get(3, 1) for value in attributes if _text(value, 1) == "group"), 1)
                is_depthwise = group > 1 and shapes.get(inputs[place], (0, 0))[1:2] == (1,)
                found |= dict.fromkeys([name for name in (_text(node, 3), *_texts(node, 2)) if name], is_depthwise)
    return found


class _opened:  # noqa: N801 - reads as a word where it is used
    """The bytes of a file, without reading those that nobody asks for; whatever is no ONNX in it is one line."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __enter__(self) -> memoryview:
        with self.file.open("rb") as stream:
            try:
                self.map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError as error:
                raise UserError(f"{self.file}: is empty") from error
        return memoryview(self.map)

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, IndexError | ValueError | RecursionError):
            raise UserError(f"{self.file}: is no ONNX file, or it is damaged") from error


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """Number and value of each field: whole numbers, and bytes for what has a length."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        wire = key & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
        elif wire == 2:
            length, at = _varint(message, at)
            if at + length > len(message):
                raise IndexError
            yield key >> 3, message[at : at + length]
            at += length
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def _tensors(message: memoryview, kind: str) -> Iterator[memoryview]:
    """Every tensor in a message, those of constants, branches and functions too."""
    if kind == "tensor":
        yield message
        return
    for number, value in _fields(message):
        if inner := _WAYS[kind].get(number):
            yield from _tensors(value, inner)


def _external(tensor: memoryview) -> Iterator[memoryview]:
    """The entries of a tensor that name the file where its numbers are."""
    return (entry for number, entry in _fields(tensor) if number == 13 and _text(entry, 1) == "location")


def _text(message: memoryview, field: int) -> str:
    return next((bytes(value).decode() for number, value in _fields(message) if number == field), "")


def _texts(message: memoryview, field: int) -> list[str]:
    return [bytes(value).decode() for number, value in _fields(message) if number == field]


def _dims(tensor: memoryview) -> tuple[int, ...]:
    """The shape of a stored tensor: lengths one by one, or packed."""
    lengths: list[int] = []
    for number, value in _fields(tensor):
        if number == 1 and isinstance(value, int):
            lengths.append(value)
        elif number == 1:
            at = 0
            while at < len(value):
                length, at = _varint(value, at)
                lengths.append(length)
    return tuple(lengths)


def _message(message: memoryview, field: int) -> memoryview:
    return next((value for number, value in _fields(message) if number == field), memoryview(b""))


def _input(value: memoryview) -> Input:
    tensor = _message(_message(value, 2), 1)
    dtype = next((_DTYPES.get(kind, "") for number, kind in _fields(tensor) if number == 1), "")
    lengths = []
    for number, dimension in _fields(_message(tensor, 2)):
        if number == 1:
            length = dict(_fields(dimension))
            lengths.append(length[1] if 1 in length else bytes(length.get(2, b"")).decode())
    return Input(_text(value, 1), dtype, tuple(lengths))
