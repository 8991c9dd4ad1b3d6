"""What every script shares: the log, and one place where a `UserError` becomes one line and exit status 1.

A script imports this first, so that a package that is missing for what it imports next is one line too.
"""

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from joulesweep.errors import UserError, one_line

log = logging.getLogger("joulesweep")


def run(main: Callable[[argparse.Namespace], None], parser: argparse.ArgumentParser) -> None:
    """Parse the command line, call `main`, and turn a `UserError` into one line on stderr and exit status 1.

    With JOULESWEEP_DEBUG=1 the traceback is shown instead.
    """
    parser.add_argument("--log", type=Path, metavar="FILE", help="write the log to this file too")
    arguments = parser.parse_args()
    _start_log(arguments.log)
    try:
        main(arguments)
    except UserError as error:
        if os.environ.get("JOULESWEEP_DEBUG") == "1":
            raise
        log.error("joulesweep: %s", error)
        sys.exit(1)


def json_object(text: str) -> dict:
    """The type of a `--job` argument: a JSON object, or `@FILE` that holds one."""
    try:
        value = json.loads(Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text)
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"expected a JSON object or @FILE: {error}") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError("expected a JSON object or @FILE")
    return value


def _start_log(file: Path | None) -> None:
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(file, mode="w", encoding="utf-8"))
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=handlers)


def _missing_package(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Says which package to install for which interpreter, and shows the traceback of everything else."""
    if isinstance(error, ModuleNotFoundError) and os.environ.get("JOULESWEEP_DEBUG") != "1":
        line = one_line(error).replace("; pip install", f" under this interpreter: {sys.executable} -m pip install")
        print(f"joulesweep: {line}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _missing_package
