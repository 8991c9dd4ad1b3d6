"""The reference: a small fixed mixture of work whose speed tells how fast the device is at this moment.

One mixture, in numpy, serves every runtime on a CPU, so that their slowdowns are measured with the same rule. It runs on
one thread: the threads behind numpy's matrix product go on spinning after it, into the passes that follow, and made them
up to 600 times slower (docs/decisions/0008). A change here makes every earlier baseline of a device void. Runs in the
forked child; part of every launch's key.
"""

import math
import mmap
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import threadpoolctl

from joulesweep.launches.reference_baseline import MIXTURE
from joulesweep.measure.latency.rest import rest

_MATRIX = 192
_CACHE = 4096  # float32 values: three such arrays lie in the first-level cache together
_CACHE_TIMES = 300
_PIECE = 1 << 18  # float32 values: 1 MiB
_PIECES = 24  # the largest caches of small devices are forgotten before a piece comes round again
_CHANNELS, _IMAGE, _KERNEL = 16, 30, 3
_ADDITIONS = 12_000
_REPEATS = {"matrix": 2, "memory": 4, "convolution": 4}


class ReferenceProbe(Protocol):
    """A reference: the names of its parts, and the seconds that each takes at this moment."""

    @property
    def parts(self) -> Sequence[str]:
        """Names of the parts."""

    def sample(self) -> list[float]:
        """Seconds of each part, in the order of `parts`."""


def reference_for(compute_device: str, pass_s: Callable[[Callable[[Any], Any], Any], float]) -> ReferenceProbe:
    """The reference of the CPU, or of another compute device, on which `pass_s` times work as it times a pass."""
    if compute_device == "cpu":
        return Reference()
    from joulesweep.measure.latency.torch_reference import TorchReference  # a CPU's reference exists without torch

    return TorchReference(compute_device, pass_s)


class Reference:
    """The mixture with its buffers, some 30 MB; each part takes a third of a millisecond on a laptop.

    Nothing of it touches the process's heap. Buffers there took the place in which a model's activations had come to
    lie, so that the heap grew and shrank with every pass, which cost a small model 900 page faults and a third of its time
    (docs/decisions/0009).
    """

    def __init__(self) -> None:
        _numpy_on_one_thread()
        pixels = (_IMAGE - _KERNEL + 1) ** 2
        self._left, self._product, self._small, self._large, image, self._weights, self._columns, self._out = _buffers(
            (_MATRIX, _MATRIX),
            (_MATRIX, _MATRIX),
            (3, _CACHE),
            (_PIECES, _PIECE),
            (_CHANNELS, _IMAGE, _IMAGE),
            (_CHANNELS, _CHANNELS * _KERNEL**2),
            (_CHANNELS * _KERNEL**2, pixels),
            (_CHANNELS, pixels),
        )
        self._piece = 0
        windows = np.lib.stride_tricks.sliding_window_view(image, (_KERNEL, _KERNEL), axis=(1, 2))
        self._windows = windows.transpose(0, 3, 4, 1, 2)
        self._filled = self._columns.reshape(self._windows.shape)
        self._mixture = (self._matrix, self._cache, self._memory, self._convolution, self._python)  # as in MIXTURE
        self.parts: Sequence[str] = MIXTURE

    def sample(self) -> list[float]:
        """Seconds of each part, after a rest and one run that does not count."""
        rest()
        for part in self._mixture:
            part()
        return [_seconds(part) for part in self._mixture]

    def _matrix(self) -> None:
        for _ in range(_REPEATS["matrix"]):
            np.matmul(self._left, self._left, out=self._product)

    def _cache(self) -> None:
        first, second, out = self._small
        for _ in range(_CACHE_TIMES):
            np.add(first, second, out=out)

    def _memory(self) -> None:
        """Copy pieces that were not touched for a while, to places that were not either."""
        for _ in range(_REPEATS["memory"]):
            self._piece = (self._piece + 1) % _PIECES
            np.copyto(self._large[self._piece - _PIECES // 2], self._large[self._piece])

    def _convolution(self) -> None:
        for _ in range(_REPEATS["convolution"]):
            np.copyto(self._filled, self._windows)
            np.matmul(self._weights, self._columns, out=self._out)

    def _python(self) -> None:
        total = 0
        for number in range(_ADDITIONS):
            total += number


def _buffers(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    """Arrays of float32, all of them 0.5, in pages that nobody else has."""
    sizes = [-(-4 * math.prod(shape) // mmap.PAGESIZE) * mmap.PAGESIZE for shape in shapes]
    pages = mmap.mmap(-1, sum(sizes))
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    arrays = [
        np.frombuffer(pages, np.float32, math.prod(shape), start).reshape(shape)
        for shape, start in zip(shapes, starts, strict=True)
    ]
    for array in arrays:
        array.fill(0.5)  # pages of zeros are not memory yet
    return arrays


def _numpy_on_one_thread() -> None:
    """Limit the library behind numpy's matrix product, and no other: a runtime may have one of its own."""
    for library in threadpoolctl.ThreadpoolController().lib_controllers:
        if "numpy" in str(library.filepath):
            library.set_num_threads(1)


def _seconds(part: Callable[[], None]) -> float:
    start = time.perf_counter_ns()
    part()
    return (time.perf_counter_ns() - start) * 1e-9
