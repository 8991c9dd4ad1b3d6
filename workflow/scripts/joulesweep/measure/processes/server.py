"""A server of measuring processes, as a job sees it: it runs a function in a fresh process, and survives its death."""

import multiprocessing
import os
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psutil

from joulesweep.measure.processes.outcomes import Outcome, of_exit
from joulesweep.measure.processes.server_process import serve

__all__ = ["Outcome", "Server"]

# Snakemake sets the first for a job of one core. Threads are set by the configuration, in each library itself.
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OMP_THREAD_LIMIT",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
_START_S = 300.0  # to import the libraries: torch from a slow card takes a minute
_MEMORY_SHARE = 0.9
_DEATHS = 2  # in a row, after which a server is not started again


class Server:
    """Runs functions in processes that find the modules `preload` imported; it starts with the first request."""

    def __init__(self, preload: Sequence[str]) -> None:
        self._preload = tuple(preload)
        self._process: Any = None
        self._requests: Any = None
        self._deaths = 0
        self._broken: Outcome | None = None

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Import the libraries now, unless that was done or cannot be done: the next request then does not wait for it."""
        if self._broken is None and self._process is None:
            self._start()

    def run(
        self,
        function: Callable[[Any], dict[str, Any]],
        argument: Mapping[str, Any],
        timeout_s: float,
        on_start: Callable[[int], None] | None = None,
        memory_bytes: int | None = None,
    ) -> Outcome:
        """Run a module's function in a fresh process; however that ends, the outcome says how.

        `on_start` is called with the pid of the process before its work begins; the work, and its time limit of
        `timeout_s`, begin when `on_start` has returned. A process that holds more than `memory_bytes` is stopped. The
        default is nine tenths of what is available now, so that the machine never has to swap for it.
        """
        work = pickle.dumps((function, argument))
        self.start()
        if self._broken is not None:
            return self._broken
        try:
            limit = memory_bytes or int(_MEMORY_SHARE * psutil.virtual_memory().available)
            self._requests.send((work, timeout_s, limit))
            pid = self._requests.recv()
            if on_start is not None:
                on_start(pid)
            self._requests.send("begin")
            outcome = self._requests.recv()
        except (EOFError, ConnectionError):
            return self._died()
        except (
            BaseException
        ):  # an interrupt, or `on_start` failed: the answer to come would be taken for the next one's
            self.close()
            raise
        self._deaths = 0
        return outcome

    def close(self) -> None:
        """End the server and what it runs."""
        if self._process is not None:
            self._requests.close()
            self._process.kill()
            self._process.join()
            self._process.close()
            self._process = None

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._requests, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(os.getpid(), theirs, self._preload))
        with _environment():
            self._process.start()
        theirs.close()
        try:
            ready = self._requests.recv() if self._requests.poll(_START_S) else None
        except (EOFError, OSError):
            self._broken = self._died()
            return
        if ready is None:
            self._broken = Outcome("timeout", f"{self._libraries} not imported after {_START_S:g} s")
        elif ready.status != "ok":
            self._broken = ready
        if self._broken is not None:
            self.close()

    def _died(self) -> Outcome:
        """What the death of the server itself means for the request; it is started again for the next one, once."""
        self._process.join()
        ended = of_exit(self._process.exitcode)
        self.close()
        self._deaths += 1
        outcome = Outcome(ended.status, f"the process that imports {self._libraries}: {ended.message}")
        if self._deaths >= _DEATHS:
            self._broken = outcome
        return outcome

    @property
    def _libraries(self) -> str:
        return ", ".join(name for name in self._preload if not name.startswith("joulesweep.")) or "nothing"


@contextmanager
def _environment() -> Iterator[None]:
    """The environment in which a server starts.

    numpy's OpenBLAS starts its threads when it is loaded unless it may have one only, and a server must have none; the
    measuring process then sets the number that it wants.
    """
    before = {name: os.environ.pop(name) for name in _THREAD_VARIABLES if name in os.environ}
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        del os.environ["OPENBLAS_NUM_THREADS"]
        os.environ.update(before)
