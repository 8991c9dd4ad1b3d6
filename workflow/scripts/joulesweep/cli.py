"""What every script shares: the log, the end with its parent, and how it ends in one line when something is wrong.

A script imports this first, so that a package that is missing for what it imports next is one line too.
"""

import argparse
import errno
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType

from joulesweep.errors import UserError, one_line
from joulesweep.system import own_process
from joulesweep.system.own_process import INTERRUPTED
from joulesweep.system.parent_death import die_with_parent

log = logging.getLogger("joulesweep")

STOPPED = "joulesweep: stopped; what was measured is kept; the same command goes on"
IN_WORKFLOW = "JOULESWEEP_IN_WORKFLOW"  # the pid of Snakemake, which says itself that a run was stopped


def run(
    main: Callable[[argparse.Namespace], object],
    parser: argparse.ArgumentParser,
    killed: Callable[[argparse.Namespace, own_process.Ending], None] | None = None,
) -> None:
    """Parse the command line and call `main`; whatever goes wrong is one line on stderr and a status that is not 0.

    A `UserError` says what to do. The trace of any other error is in the log file, or on the console where there is none.
    Ctrl-C and SIGTERM end a script alike, and a second of them does not disturb its end. With JOULESWEEP_DEBUG=1 the trace
    of every error is shown.

    With `killed`, `main` runs in a process of its own; where that is killed, as by a fault in a library's native code,
    `killed` is called with how it ended.
    """
    parser.add_argument("--log", type=Path, metavar="FILE", help="write the log to this file too")
    arguments = parser.parse_args()
    die_with_parent()
    _die_with_workflow()
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:  # a shell lets its background jobs ignore Ctrl-C
            signal.signal(number, _interrupt)
    with _one_line_errors(arguments):
        _start_log(arguments.log)
        if killed is None:
            main(arguments)
        else:
            _run_in_own_process(main, killed, arguments)


def _run_in_own_process(
    main: Callable[[argparse.Namespace], object],
    killed: Callable[[argparse.Namespace, own_process.Ending], None],
    arguments: argparse.Namespace,
) -> None:
    def child() -> None:
        with _one_line_errors(arguments):
            try:
                main(arguments)
            except KeyboardInterrupt:
                sys.exit(INTERRUPTED)  # its parent says so

    ending = own_process.run(child)
    if not ending.finished:
        killed(arguments, ending)
    elif ending.code:
        sys.exit(ending.code)


@contextmanager
def _one_line_errors(arguments: argparse.Namespace) -> Iterator[None]:
    """Turn whatever goes wrong into one line on stderr and a status that is not 0."""
    try:
        yield
    except KeyboardInterrupt:
        _say_stopped()
        sys.exit(INTERRUPTED)
    except Exception as error:
        if os.environ.get("JOULESWEEP_DEBUG") == "1":
            raise
        if not isinstance(error, UserError) and not _is_full(error) and arguments.log is None:
            raise
        log.debug("the error", exc_info=True)
        log.error("joulesweep: %s", _words(error))
        sys.exit(1)


def _die_with_workflow() -> None:
    """End a stage whose Snakemake was killed before the stage could ask to die with it."""
    try:
        os.kill(int(os.environ.get(IN_WORKFLOW, os.getpid())), 0)
    except ProcessLookupError:
        os.kill(os.getpid(), signal.SIGKILL)
    except PermissionError:  # another user's process: it is there
        return


def _interrupt(number: int, frame: FrameType | None) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: None)  # not SIG_IGN: Python reports a pending signal that is ignored meanwhile
    raise KeyboardInterrupt


def _say_stopped() -> None:
    logging.disable()  # libraries log their statistics while they end
    if IN_WORKFLOW not in os.environ:
        print(STOPPED, file=sys.stderr)


def json_object(text: str) -> dict:
    """The type of a `--job` argument: a JSON object, or `@FILE` that holds one."""
    try:
        value = json.loads(Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text)
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"expected a JSON object or @FILE: {error}") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError("expected a JSON object or @FILE")
    return value


def _words(error: Exception) -> str:
    if isinstance(error, UserError):
        return str(error)
    if _is_full(error):
        return f"{getattr(error, 'filename', None) or 'a file'}: the disk is full; make room, then run the same command again"
    return f"{one_line(error)}; its trace is in the log"


def _is_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _start_log(file: Path | None) -> None:
    """Everything to stderr from INFO on; to the file, traces too."""
    logging.raiseExceptions = False  # a full disk is said once, by what must be written
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(logging.INFO)
    handlers: list[logging.Handler] = [console]
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(file, mode="w", encoding="utf-8"))
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=handlers)
    log.setLevel(logging.DEBUG)


def _while_importing(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Says which package to install for which interpreter, or that the script was stopped; of all else, the traceback."""
    if isinstance(error, KeyboardInterrupt):
        _say_stopped()
    elif isinstance(error, ModuleNotFoundError) and os.environ.get("JOULESWEEP_DEBUG") != "1":
        line = one_line(error).replace("; pip install", f" under this interpreter: {sys.executable} -m pip install")
        print(f"joulesweep: {line}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _while_importing
