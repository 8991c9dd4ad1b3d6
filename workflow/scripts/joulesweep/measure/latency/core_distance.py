"""How far apart the cores are at this moment: the time that two processes on two cores take to answer each other once.

On a virtual machine the host moves the cores about. Two that share a cache answer each other twice as fast as two that do
not, and everything that runs on both of them follows (docs/decisions/0019). No work on one core sees that, so it is asked
beside the reference, for points with several threads. The other process is forked before the runtime exists, sleeps
between two samples, and ends with this one. Linux only. Runs in the forked child; part of every launch's key.
"""

import mmap
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from itertools import pairwise
from typing import Any

from joulesweep import plugins
from joulesweep.system.parent_death import die_with_parent

_FIRST, _TIMED = 32, 256  # round trips: until both processes run, and those that count
_PATIENCE = range(200_000)  # looks at an answer that does not come, some 10 ms: the other process has no core
_ASKED, _ANSWERED = 0, 1024  # bytes of the shared page, on cache lines of their own
_MOST_PAIRS = 16


class CoreDistance:
    """Asks the neighbouring pairs among the cores that this process may use."""

    def __init__(self) -> None:
        self._cores = os.sched_getaffinity(0)
        self._pairs = list(pairwise(sorted(self._cores)))[:_MOST_PAIRS]
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        theirs, self._commands = os.pipe()
        parent = os.getpid()
        self._partner = os.fork()
        if not self._partner:
            _be_partner(theirs, self._page, parent)
        os.close(theirs)

    def sample(self) -> list[float]:
        """Seconds of a round trip for each pair; none of a pair without an answer: others keep a core busy, or it was taken away.

        To be taken right after the reference, when the runtime's threads sleep. Only this thread is moved.
        """
        try:
            return [seconds for pair in self._pairs if (seconds := self._round_trip_s(*pair)) is not None]
        finally:
            with suppress(OSError):
                os.sched_setaffinity(0, self._cores)

    def close(self) -> None:
        """End the other process."""
        os.close(self._commands)
        os.kill(self._partner, signal.SIGKILL)
        os.waitpid(self._partner, 0)

    def _round_trip_s(self, mine: int, theirs: int) -> float | None:
        self._page[_ASKED] = self._page[_ANSWERED] = 0
        try:
            os.sched_setaffinity(0, {mine})
            os.write(self._commands, theirs.to_bytes(4, "little"))
        except OSError:
            return None
        if not self._ask(1, _FIRST):
            return None
        start = time.perf_counter_ns()
        if not self._ask(1 + _FIRST, _TIMED):
            return None
        return (time.perf_counter_ns() - start) * 1e-9 / _TIMED

    def _ask(self, first: int, count: int) -> bool:
        """Whether every one of so many questions had its answer."""
        page = self._page
        for number in range(first, first + count):
            page[_ASKED] = number & 255
            for _ in _PATIENCE:
                if page[_ANSWERED] == number & 255:
                    break
            else:
                return False
        return True


def core_distance_for(runtime: str, point: Mapping[str, Any]) -> CoreDistance | None:
    """The probe of a point whose passes run on several cores, where the system can say which core a thread runs on."""
    several = sys.platform == "linux" and point["threads"] > 1 and len(os.sched_getaffinity(0)) > 1
    return CoreDistance() if several and plugins.load("runtimes", runtime).compute_device == "cpu" else None


def _be_partner(commands: int, page: mmap.mmap, parent: int) -> None:
    """Answer on the core that each command names; sleep until the next one. Never returns."""
    try:
        os.closerange(0, commands)  # whoever waits for the launch's own files to close must not wait for this process
        os.closerange(commands + 1, os.sysconf("SC_OPEN_MAX"))
        die_with_parent(parent)
        while command := os.read(commands, 4):
            with suppress(OSError):
                os.sched_setaffinity(0, {int.from_bytes(command, "little")})
                _answer(page)
    finally:
        os._exit(0)


def _answer(page: mmap.mmap) -> None:
    for number in range(1, 1 + _FIRST + _TIMED):
        for _ in _PATIENCE:
            if page[_ASKED] == number & 255:
                break
        else:
            return
        page[_ANSWERED] = number & 255
