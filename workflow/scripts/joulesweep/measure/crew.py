"""Threads that do the same work at the same moment, and sleep in between: what spins would slow what is timed after it."""

import threading
import time
from collections.abc import Callable


class Crew:
    """The calling thread and `threads` - 1 more; they end with the process."""

    def __init__(self, threads: int) -> None:
        self._begin = [threading.Semaphore(0) for _ in range(threads - 1)]
        self._done = threading.Semaphore(0)
        self._seconds = [0.0] * threads
        self._work: Callable[[int], None] = lambda number: None
        for number in range(1, threads):
            threading.Thread(target=self._serve, args=(number,), daemon=True).start()

    def run(self, work: Callable[[int], None]) -> float:
        """Call `work(number)` on every thread at once; seconds of the slowest, which a parallel loop waits for."""
        self._work = work
        for begin in self._begin:
            begin.release()
        self._do(0)
        for _ in self._begin:
            self._done.acquire()
        return max(self._seconds)

    def _serve(self, number: int) -> None:
        while True:
            self._begin[number - 1].acquire()
            self._do(number)
            self._done.release()

    def _do(self, number: int) -> None:
        start = time.perf_counter_ns()
        self._work(number)
        self._seconds[number] = (time.perf_counter_ns() - start) * 1e-9
