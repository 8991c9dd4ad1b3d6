"""What runs in a server: it imports the libraries once, then forks one process for each request.

A server touches no device and computes nothing, so every process that it forks begins from the same clean state, a
tenth of a second after it was asked for.
"""

import gc
import importlib
import multiprocessing
import os
import pickle
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import psutil

from joulesweep.measure.processes.outcomes import Outcome, of_exception, of_exit, of_import_error, of_memory, of_timeout
from joulesweep.system.parent_death import die_with_parent

# macOS: system libraries do not survive a fork, so processes start from nothing there and import for themselves.
_START = "fork" if sys.platform == "linux" else "spawn"
_LAST_WORDS_S = 5.0
_NUMPY_PARTS = ("numpy.ma", "numpy.random")  # numpy imports them when they are first used
_WATCH_S = 0.2  # between two readings of how much memory a process holds


def serve(job: int, requests: Connection, preload: Sequence[str]) -> None:
    """Import the modules, say how that went, and serve requests until the job with this pid closes its end."""
    die_with_parent(job)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt ends the job, and that ends this
    importlib.import_module("numpy")
    os.environ.pop("OPENBLAS_NUM_THREADS", None)  # it was for numpy's import alone: see server.py
    for module in (*_NUMPY_PARTS, *preload):
        try:
            importlib.import_module(module)
        except ImportError as error:
            requests.send(of_import_error(error, module))
            return
        except Exception as error:
            requests.send(of_exception(error))
            return
    gc.collect()
    gc.freeze()  # a collection in a forked process would copy the pages of all that was imported
    requests.send(Outcome("ok"))
    with suppress(EOFError, OSError):  # the job closed its end
        while True:
            work, timeout_s, memory_bytes = requests.recv()
            before_s = _processor_s()
            outcome = _launch(work, timeout_s, memory_bytes, requests)
            requests.send(replace(outcome, cpu_s=_processor_s() - before_s))


def _processor_s() -> float:
    """Seconds of processor time of this server and of all processes that it has started and that have ended."""
    return sum(os.times()[:4])


def _launch(work: bytes, timeout_s: float, memory_bytes: int, requests: Connection) -> Outcome:
    """Run one piece of work in a process of its own and wait for its end.

    The job is told its pid, and says when the work may begin.
    """
    context: Any = multiprocessing.get_context(_START)
    answers, answer = context.Pipe()
    process = context.Process(target=_work, args=(os.getpid(), answer, work))
    process.start()
    answer.close()
    try:
        requests.send(process.pid)
        begin = requests.recv()
        with suppress(OSError):  # it has died already: its exit status says how
            answers.send(begin)
        end = time.monotonic() + timeout_s
        while not (
            ready := wait([answers, process.sentinel, requests], min(_WATCH_S, max(0.0, end - time.monotonic())))
        ):
            if (held := _resident_bytes(process.pid)) > memory_bytes:
                return of_memory(held, memory_bytes)
            if time.monotonic() >= end:
                return of_timeout(timeout_s)
        if requests in ready:  # no request comes before the last was answered: the job is gone
            raise EOFError
        try:
            outcome = answers.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            process.join()
            return of_exit(process.exitcode)
        process.join(_LAST_WORDS_S)
        return outcome
    finally:
        if process.is_alive():
            process.kill()
        process.join()
        process.close()
        answers.close()


def _resident_bytes(pid: int) -> int:
    """Resident memory of a process; 0 where it has just ended. `RLIMIT_AS` would count what is only reserved."""
    try:
        return psutil.Process(pid).memory_info().rss
    except psutil.Error:
        return 0


def _work(server: int, answer: Connection, work: bytes) -> None:
    """In the process that measures: do the work when the job says so, and send its outcome."""
    die_with_parent(server)
    _be_killed_first()
    answer.recv()
    try:
        function, argument = pickle.loads(work)
        outcome = pickle.dumps(Outcome("ok", "", function(argument)))
    except Exception as error:
        outcome = pickle.dumps(of_exception(error))
    answer.send_bytes(outcome)


def _be_killed_first() -> None:
    """Where memory runs out, let the kernel kill this process and none of the user's."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
