"""A function in a process of its own: a crash in a library's native code then ends that process only."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

from joulesweep.system.parent_death import die_with_parent

# What a person makes of a signal; others have their name only.
_MEANING = {
    signal.SIGSEGV: "it touched memory that is not its own: a fault in the native code of the model or of a library",
    signal.SIGILL: "this processor does not know an instruction: the library was built for a newer one",
    signal.SIGABRT: "a library stopped itself and printed why where the run was started",
    signal.SIGBUS: "memory could not be had: a file cut short, or a full shared-memory folder",
    signal.SIGFPE: "a division by zero in a library's native code",
    signal.SIGKILL: "usually by the kernel, because memory ran out",
}

INTERRUPTED = 130  # the exit status of a program that Ctrl-C ended
_TIDY_S = 5


@dataclass(frozen=True)
class Ending:
    """How a process ended: `code` is its exit status, negative for a signal; not `finished` if it neither returned nor raised."""

    finished: bool
    code: int

    @property
    def reason(self) -> str:
        """Why it did not finish, in one line."""
        return ended_by(self.code)


def run(function: Callable[[], object]) -> Ending:
    """Run a function in a forked process and wait for it. Call it before a library starts threads: a fork copies none."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    parent = os.getpid()

    def child() -> None:
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            die_with_parent(parent)
            function()
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)  # without a trace: its parent was interrupted too
        finally:
            sender.send(True)

    process = context.Process(target=child)
    # Python ignores what a handler raises in the functions that it calls around a fork, so signals wait until it is over.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    process.start()
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        sender.close()
        process.join()
    except BaseException:
        process.terminate()  # it may tidy up
        process.join(_TIDY_S)
        raise
    finally:
        process.kill()
    return Ending(_finished(receiver), process.exitcode or 0)


def _finished(receiver: Connection) -> bool:
    try:
        return receiver.poll() and receiver.recv()
    except EOFError:
        return False


def ended_by(code: int | None) -> str:
    """How a process ended that did not finish, in words; `code` is its exit status, negative for a signal."""
    if code is None or code >= 0:
        return f"ended with status {code} before it was done"
    try:
        known = signal.Signals(-code)
    except ValueError:
        return f"killed by signal {-code}"
    return f"killed by {known.name} ({_MEANING[known]})" if known in _MEANING else f"killed by {known.name}"
