"""One measurement at a time on a machine, whatever its device is called: a kernel lock that ends with its holder.

All users of a machine share the lock's file. Containers have a `/tmp` each; `JOULESWEEP_LOCK` names a file that they share.
"""

import fcntl
import logging
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from joulesweep.errors import UserError

log = logging.getLogger("joulesweep")

_FILE = "/tmp/joulesweep.lock"
_HOLDER_BYTES = 1000


@contextmanager
def machine_lock() -> Iterator[None]:
    """Hold the lock of this machine; where another process has it, say once whose it is, and wait.

    Raises:
        UserError: the lock's file cannot be opened.
    """
    descriptor = _acquire(file())
    try:
        _write_holder(descriptor, _self())
        yield
    finally:
        _write_holder(descriptor, "")
        os.close(descriptor)


def holder() -> str:
    """Who measures on this machine now, as `pid 123 of user pi on raspberrypi (command)`; empty where nobody does."""
    try:
        descriptor = os.open(file(), os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:  # nobody ever measured here
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(descriptor)
    finally:
        os.close(descriptor)
    return ""


def file() -> Path:
    """The file that is locked."""
    return Path(os.environ.get("JOULESWEEP_LOCK") or _FILE)


def _acquire(path: Path) -> int:
    """A descriptor that holds the lock; no child that is started by `exec` inherits it."""
    while True:
        descriptor = _open(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.info("another measurement runs on this machine: waiting for %s", _holder(descriptor))
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if _is_still(path, descriptor):
            return descriptor
        os.close(descriptor)  # the file was removed meanwhile, so this lock would exclude nobody


def _open(path: Path) -> int:
    """Open the file, made first where there is none.

    It is opened without O_CREAT, which `fs.protected_regular` forbids for another user's file in a sticky folder.
    """
    try:
        for flags in (os.O_RDWR, os.O_RDONLY):  # a lock needs no right to write
            with suppress(PermissionError):
                return os.open(path, flags | os.O_NOFOLLOW)
        raise UserError(f"{path}: cannot be read, so measurements here cannot be kept to one at a time; remove it")
    except FileNotFoundError:
        with suppress(FileExistsError):
            made = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
            os.fchmod(made, 0o666)  # the umask does not apply: the next one to measure may be another user
            return made
        return _open(path)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; remove it") from error


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _write_holder(descriptor: int, text: str) -> None:
    with suppress(OSError):  # opened for reading only: the lock holds, the name is missing
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(errors="replace")[:_HOLDER_BYTES], 0)


def _self() -> str:
    """This process as the others read it; the host's name tells containers apart."""
    return f"pid {os.getpid()} of user {psutil.Process().username()} on {platform.node()} ({_command(sys.argv)})"


def _holder(descriptor: int) -> str:
    return os.pread(descriptor, _HOLDER_BYTES, 0).decode(errors="replace") or "a process that did not say its name"


def _command(arguments: list[str]) -> str:
    """A command line without the job, which would fill a page."""
    script, *rest = arguments or [""]
    return " ".join(
        [Path(script).name, *(word for word in rest if word != "--job" and not word.startswith(("{", "@")))]
    )
