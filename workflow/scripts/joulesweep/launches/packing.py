"""Arrays of numbers as text, as a journal's line holds them."""

import base64
import zlib

import numpy as np


def pack(array: np.ndarray) -> str:
    """Numbers as text: zlib and base64 of little-endian float32 (where the array is that) or float64."""
    type_ = "f4" if array.dtype == np.float32 else "f8"
    data = zlib.compress(np.ascontiguousarray(array, f"<{type_}").tobytes(), 9)
    return f"{type_}:{base64.b64encode(data).decode()}"


def unpack(text: str) -> np.ndarray:
    """The numbers that `pack` made into text, in one dimension.

    Raises:
        ValueError: the text is something else.
    """
    type_, _, data = text.partition(":")
    if type_ not in ("f4", "f8"):
        raise ValueError("no packed numbers")
    try:
        return np.frombuffer(zlib.decompress(base64.b64decode(data)), dtype=f"<{type_}").astype(type_)
    except zlib.error as error:
        raise ValueError("packed numbers that are damaged") from error
