"""How a process that measured one launch ended: a status of a row, a message in one line, and what it returned."""

import re
import signal
import sys
from dataclasses import dataclass, field
from typing import Any

from joulesweep.errors import LINE, Unsupported, one_line, shortened
from joulesweep.system import own_process

_MEMORY = re.compile(
    r"out of memory|can't allocate memory|not enough memory|failed to allocate memory|bad_alloc|bad allocation", re.I
)


@dataclass(frozen=True)
class Outcome:
    """`value` is what the function returned; empty unless the status is `ok`.

    `cpu_s` are the seconds of processor time that the process had, and its server for starting and ending it.
    """

    status: str
    message: str = ""
    value: dict[str, Any] = field(default_factory=dict)
    cpu_s: float = 0.0


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
    return Outcome("oom" if code == -signal.SIGKILL else "crashed", own_process.ended_by(code))


def of_memory(used: int, limit: int) -> Outcome:
    """The outcome of a process that was killed because it held more memory (bytes) than it may."""
    may = f"{limit / 2**30:.1f} GiB: memory_bytes, or nine tenths of what was free when it began"
    return Outcome("oom", f"held {used / 2**30:.1f} GiB and was stopped; it may hold {may}")


def of_timeout(timeout_s: float) -> Outcome:
    """The outcome of a process that was killed because its time was over."""
    return Outcome("timeout", f"not done after {timeout_s:g} s")
