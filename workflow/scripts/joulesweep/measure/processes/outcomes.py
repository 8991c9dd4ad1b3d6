"""How a process that measured one launch ended: a status of a row, a message in one line, and what it returned."""

import re
import signal
import sys
from dataclasses import dataclass, field
from typing import Any

from joulesweep.errors import LINE, Unsupported, one_line, shortened

_MEMORY = re.compile(
    r"out of memory|can't allocate memory|not enough memory|failed to allocate memory|bad_alloc|bad allocation", re.I
)

# What a person makes of a signal; others are told by their name alone.
_MEANING = {
    signal.SIGSEGV: "it touched memory that is not its own; a fault of the model's or the runtime's own code",
    signal.SIGILL: "an instruction that this processor does not know; the library was built for a newer one",
    signal.SIGABRT: "the runtime stopped itself; it printed why where the run was started",
    signal.SIGBUS: "memory that could not be had; a file cut short, or a full shared-memory folder",
    signal.SIGFPE: "a division by zero in the runtime's own code",
}


@dataclass(frozen=True)
class Outcome:
    """`value` is what the function returned; empty unless the status is `ok`."""

    status: str
    message: str = ""
    value: dict[str, Any] = field(default_factory=dict)


def of_exception(error: BaseException) -> Outcome:
    """The outcome of a function that raised."""
    text = one_line(error)
    if isinstance(error, Unsupported):
        return Outcome("unsupported", text)
    if isinstance(error, MemoryError) or _MEMORY.search(text):
        return Outcome("oom", text)
    if isinstance(error, ImportError):
        return of_import_error(error)
    return Outcome("error", text)


def of_import_error(error: ImportError, module: str = "") -> Outcome:
    """The outcome of a library that is missing, or that cannot be loaded, with the command that installs it."""
    package = (error.name or module).partition(".")[0]
    cure = f"; {sys.executable} -m pip install {package}" if package else ""
    return Outcome("error", shortened(f"{type(error).__name__}: {error}", LINE - len(cure)) + cure)


def of_exit(code: int | None) -> Outcome:
    """The outcome of a process that ended without an answer; `code` is its exit status, negative for a signal."""
    if code == -signal.SIGKILL:
        return Outcome("oom", "killed by signal 9; most often the kernel, for want of memory")
    if code is not None and code < 0:
        return Outcome("crashed", f"killed by {_name(-code)}")
    return Outcome("crashed", f"ended with status {code} before it was done")


def of_memory(used: int, limit: int) -> Outcome:
    """The outcome of a process that was killed because it held more memory (bytes) than it may."""
    may = f"{limit / 2**30:.1f} GiB: memory_bytes, or nine tenths of what was free when it began"
    return Outcome("oom", f"held {used / 2**30:.1f} GiB and was stopped; it may hold {may}")


def of_timeout(timeout_s: float) -> Outcome:
    """The outcome of a process that was killed because its time was over."""
    return Outcome("timeout", f"not done after {timeout_s:g} s")


def _name(number: int) -> str:
    try:
        known = signal.Signals(number)
    except ValueError:
        return f"signal {number}"
    return f"{known.name} ({_MEANING[known]})" if known in _MEANING else known.name
