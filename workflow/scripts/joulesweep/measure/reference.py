"""The reference: a small fixed mixture of work whose speed tells how fast the device is at this moment.

One mixture, in numpy, serves every runtime on a CPU, so that their slowdowns are measured with the same rule. It runs on
one thread: the threads behind numpy's matrix product go on spinning after it, into the passes that follow, and made them
up to 600 times slower (docs/decisions/0008). Beside a point of several threads there is one part more, the convolution
on as many threads, which sleep in between. A change here makes every earlier level of a device void.
"""

import math
import time
from collections.abc import Callable, Sequence

import numpy as np
import threadpoolctl
from joulesweep.measure.crew import Crew

PARTS = ("matrix", "cache", "memory", "convolution", "python")
TOGETHER = "together"  # the convolution on every thread of a point that has several

REST_S = 0.01  # a runtime's threads spin after a pass, and would share the cores with what is timed here

_MATRIX = 192
_CACHE = 4096  # float32 values: three such arrays lie in the first-level cache together
_CACHE_TIMES = 300
_PIECE = 1 << 18  # float32 values: 1 MiB
_PIECES = 24  # the largest caches of small devices are forgotten before a piece comes round again
_CHANNELS, _IMAGE, _KERNEL = 16, 30, 3
_ADDITIONS = 12_000
_REPEATS = {"matrix": 2, "memory": 4, "convolution": 4}


class Reference:
    """The mixture with its buffers, some 30 MB; each part takes a third of a millisecond on a laptop."""

    def __init__(self, threads: int) -> None:
        threadpoolctl.threadpool_limits(1, user_api="blas")
        self._left = np.full((_MATRIX, _MATRIX), 0.5, np.float32)
        self._product = np.empty_like(self._left)
        self._small = np.full((3, _CACHE), 0.5, np.float32)
        self._large = np.zeros((_PIECES, _PIECE), np.float32)
        self._large.fill(0.5)  # zeros alone are no memory yet
        self._piece = 0
        image = np.full((_CHANNELS, _IMAGE, _IMAGE), 0.5, np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(image, (_KERNEL, _KERNEL), axis=(1, 2))
        self._windows = windows.transpose(0, 3, 4, 1, 2)
        self._columns = [np.empty(self._windows.shape, np.float32) for _ in range(threads)]
        self._weights = np.full((_CHANNELS, _CHANNELS * _KERNEL**2), 0.5, np.float32)
        self._parts = (self._matrix, self._cache, self._memory, self._convolution, self._python)
        self._crew = Crew(threads) if threads > 1 else None

    def look(self) -> list[float]:
        """Seconds of each part, in the order of `PARTS`, then those of `TOGETHER` where there are several threads.

        It begins with a rest and one run that does not count.
        """
        time.sleep(REST_S)
        self._run()
        return self._run()

    def _run(self) -> list[float]:
        together = [self._crew.run(self._convolution)] if self._crew else []
        return [_seconds(part) for part in self._parts] + together

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

    def _convolution(self, thread: int = 0) -> None:
        columns = self._columns[thread]
        for _ in range(_REPEATS["convolution"]):
            np.copyto(columns, self._windows)
            np.matmul(self._weights, columns.reshape(_CHANNELS * _KERNEL**2, -1))

    def _python(self) -> None:
        total = 0
        for number in range(_ADDITIONS):
            total += number


def geometric_mean(look: Sequence[float]) -> float:
    """One figure for the mixture, in seconds: each of `PARTS` weighs the same, however long it lasts."""
    return math.exp(sum(map(math.log, look[: len(PARTS)])) / len(PARTS))


def _seconds(part: Callable[[], None]) -> float:
    start = time.perf_counter_ns()
    part()
    return (time.perf_counter_ns() - start) * 1e-9
