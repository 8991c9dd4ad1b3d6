"""One measuring at a time on a device: a kernel lock that ends with its holder, however that ends."""

import fcntl
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from joulesweep.errors import UserError

log = logging.getLogger("joulesweep")

_FOLDER = Path("/tmp")
_HOLDER_BYTES = 1000


@contextmanager
def device_lock(device: str) -> Iterator[None]:
    """Hold the lock of a device; where another process has it, say once whose it is, and wait.

    Raises:
        UserError: the lock's file cannot be opened.
    """
    descriptor = _acquire(_file(device))
    try:
        _write_holder(descriptor, f"{os.getpid()} {_command(sys.argv)}")
        yield
    finally:
        _write_holder(descriptor, "")
        os.close(descriptor)


def holder(device: str) -> str:
    """Who measures on a device now, as `pid 123 (command)`; empty where nobody does."""
    try:
        descriptor = os.open(_file(device), os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:  # nobody ever measured here
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(descriptor)
    finally:
        os.close(descriptor)
    return ""


def _file(device: str) -> Path:
    return _FOLDER / f"joulesweep-{re.sub(r'[^A-Za-z0-9._-]', '_', device)}.lock"


def _acquire(file: Path) -> int:
    """A descriptor that holds the lock; no child that is started by `exec` inherits it."""
    while True:
        descriptor = _open(file)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.info("%s is taken: waiting for %s", file, _holder(descriptor))
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if _is_still(file, descriptor):
            return descriptor
        os.close(descriptor)  # the file was removed meanwhile, so this lock would exclude nobody


def _open(file: Path) -> int:
    """Open the file, made first where there is none.

    It is opened without O_CREAT, which `fs.protected_regular` forbids for another user's file in a sticky folder.
    """
    try:
        for flags in (os.O_RDWR, os.O_RDONLY):  # a lock needs no right to write
            with suppress(PermissionError):
                return os.open(file, flags | os.O_NOFOLLOW)
        raise UserError(f"{file}: cannot be read, so measuring here cannot be kept to one at a time; remove it")
    except FileNotFoundError:
        with suppress(FileExistsError):
            made = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
            os.fchmod(made, 0o666)  # the umask does not apply: the next one to measure may be another user
            return made
        return _open(file)
    except OSError as error:
        raise UserError(f"{file}: {error.strerror}; remove it") from error


def _is_still(file: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(file.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _write_holder(descriptor: int, text: str) -> None:
    with suppress(OSError):  # opened for reading alone: the lock holds, the name is missing
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(errors="replace")[:_HOLDER_BYTES], 0)


def _holder(descriptor: int) -> str:
    pid, _, command = os.pread(descriptor, _HOLDER_BYTES, 0).decode(errors="replace").partition(" ")
    return f"pid {pid} ({command})" if pid else "a process that did not say its name"


def _command(arguments: list[str]) -> str:
    """A command line without the job, which would fill a page."""
    script, *rest = arguments or [""]
    return " ".join(
        [Path(script).name, *(word for word in rest if word != "--job" and not word.startswith(("{", "@")))]
    )
