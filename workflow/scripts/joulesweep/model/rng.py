"""Random numbers that are bit-identical on every machine: the raw words of numpy's Philox generator, keyed by a name.

Only the raw words are used: numpy promises them for ever, while the streams of its distributions may change between
versions, and those of torch differ between CPUs. What is made of the words is exact or rounded once, by IEEE 754.
"""

import hashlib
import math
from collections.abc import Sequence

import numpy as np


def uniform(name: str, shape: Sequence[int], low: float, high: float) -> np.ndarray:
    """Float32 values, uniform in [low, high), that depend on the name and on nothing else."""
    steps = (_words(name, math.prod(shape)) >> np.uint32(8)).astype(np.float32)  # 24 bits: exact in a float32
    unit = steps * np.float32(2.0**-24)
    values = np.float32(low) + unit * np.float32(high - low)
    # The one rounding may reach `high`, which is no value of the interval.
    return np.minimum(values, np.nextafter(np.float32(high), np.float32(low))).reshape(tuple(shape))


def integers(name: str, shape: Sequence[int], low: int, high: int) -> np.ndarray:
    """Int64 values, uniform in [low, high), that depend on the name and on nothing else."""
    scaled = _words(name, math.prod(shape)).astype(np.uint64) * np.uint64(high - low)
    return (low + (scaled >> np.uint64(32)).astype(np.int64)).reshape(tuple(shape))


def permutation(name: str, count: int) -> np.ndarray:
    """The numbers 0 to count - 1 in an order that depends on the name and on nothing else."""
    return np.argsort(_words(name, count), kind="stable")


def _words(name: str, count: int) -> np.ndarray:
    """`count` words of 32 random bits."""
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "little")
    raw = np.random.Philox(key=key).random_raw((count + 1) // 2)
    return np.ascontiguousarray(raw, dtype="<u8").view("<u4")[:count].astype(np.uint32)
