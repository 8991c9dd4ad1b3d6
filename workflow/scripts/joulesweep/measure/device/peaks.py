"""The most that the CPU of this device does: floating-point operations and bytes per second, the two roofs of the roofline model.

Williams, Waterman and Patterson, Roofline: An Insightful Visual Performance Model, CACM 52 (2009). Measured in numpy, which every device has: the products
of two matrices in float32, and copies of arrays that are larger than the caches of small machines (bytes read and bytes
written, as STREAM counts them). Each thread has arrays of its own. The best of several short windows counts, since a peak is asked for.
"""

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
import psutil
from threadpoolctl import threadpool_limits

_LENGTH = 512  # of a side of a matrix: three of them are 3 MB
_WINDOW_S, _WINDOWS = 0.1, 3
_BYTES = 2**26  # of an array that is copied, if there is room
_ROOM, _MOST = (
    8,
    2**30,
)  # the arrays of all threads together take at most this part of the free memory, and so many bytes


def flops_per_s(threads: int) -> float:
    """Floating-point operations per second in matrix products on so many threads."""
    matrices = [np.random.default_rng(thread).random((3, _LENGTH, _LENGTH), np.float32) for thread in range(threads)]
    return _best([_product(*own) for own in matrices], 2.0 * _LENGTH**3)


def bytes_per_s(threads: int) -> float:
    """Bytes per second that so many threads read and write in memory."""
    room = min(psutil.virtual_memory().available // _ROOM, _MOST)
    size = min(_BYTES, room // (2 * threads))
    arrays = [(np.ones(size // 4, np.float32), np.zeros(size // 4, np.float32)) for _ in range(threads)]
    return _best([_copy(*own) for own in arrays], 2.0 * arrays[0][0].nbytes)


def _product(first: np.ndarray, second: np.ndarray, out: np.ndarray) -> Callable[[], object]:
    return lambda: np.matmul(first, second, out=out)


def _copy(source: np.ndarray, target: np.ndarray) -> Callable[[], object]:
    return lambda: np.copyto(target, source)


def _best(works: Sequence[Callable[[], object]], units: float) -> float:
    """The largest number of units per second of all works together, each in a thread of its own; a call does `units`."""
    with threadpool_limits(limits=1):
        for work in works:
            work()
        return max(_window(works) for _ in range(_WINDOWS)) * units


def _window(works: Sequence[Callable[[], object]]) -> float:
    """Calls per second of all works together."""
    rates = [0.0] * len(works)
    ready = threading.Barrier(len(works))

    def repeat(place: int) -> None:
        ready.wait()
        calls, start = 0, time.perf_counter()
        while time.perf_counter() < start + _WINDOW_S or not calls:
            works[place]()
            calls += 1
        rates[place] = calls / (time.perf_counter() - start)

    threads = [threading.Thread(target=repeat, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(rates)
