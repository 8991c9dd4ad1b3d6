"""The reference: a small fixed workload whose speed tells how fast the device is at a moment.

A mixture, because a slowdown of memory is none of the cache's: matrix product, cache-bound, memory-bound, convolution,
plain Python. In numpy alone, one for every runtime on a CPU. It must not depend on what it brackets: threads of a runtime
that still spin would slow it three times, so it rests first and drops one run.
"""

import math
import time
from collections.abc import Callable, Mapping

import numpy as np

_REST_S = 0.01


class Reference:
    """The reference's buffers and parts, some 0.3 ms each on a laptop."""

    def __init__(self) -> None:
        draw = np.random.Generator(np.random.Philox(1))
        self._left = draw.random((144, 144), dtype=np.float32)
        self._right = draw.random((144, 144), dtype=np.float32)
        self._cached = draw.random(8192, dtype=np.float32)
        self._large = draw.random(
            1 << 20, dtype=np.float32
        )  # 4 MB: more than most of these devices' second-level caches
        self._copy = np.empty_like(self._large)
        self._signal = draw.random(4096, dtype=np.float32)
        self._kernel = draw.random(63, dtype=np.float32)
        self._parts: dict[str, Callable[[], object]] = {
            "matrix_product": self._matrix_product,
            "cache": self._cache,
            "memory": self._memory,
            "convolution": self._convolution,
            "python": self._python,
        }

    def look(self) -> dict[str, float]:
        """Seconds that each part takes now, after a rest and one run that is dropped."""
        time.sleep(_REST_S)
        for part in self._parts.values():
            part()
        return {name: _seconds(part) for name, part in self._parts.items()}

    def _matrix_product(self) -> None:
        for _ in range(4):
            self._left @ self._right

    def _cache(self) -> None:
        for _ in range(60):
            np.multiply(self._cached, 1.0001, out=self._cached)
        np.clip(self._cached, 0.0, 1.0, out=self._cached)

    def _memory(self) -> None:
        np.copyto(self._copy, self._large)

    def _convolution(self) -> None:
        np.convolve(self._signal, self._kernel)

    def _python(self) -> int:
        total = 0
        for value in range(8000):
            total += value & 7
        return total


def level(parts: Mapping[str, float]) -> float:
    """One look as one figure: the geometric mean of its parts, in seconds."""
    return math.exp(sum(math.log(value) for value in parts.values()) / len(parts))


def _seconds(part: Callable[[], object]) -> float:
    start = time.perf_counter_ns()
    part()
    return (time.perf_counter_ns() - start) * 1e-9
