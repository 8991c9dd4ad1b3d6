"""The user's Python file as a module: it finds the files beside it, and nothing else does.

Files in the user's folder are named as he likes, `onnx.py` and `random.py` too. They are importable only from the files of
that folder, and only where neither the standard library nor an installed package has the name.
"""

import importlib
import importlib.util
import io
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

log = logging.getLogger("joulesweep")

_SCRIPTS = Path(__file__).parents[2]


class _Neighbours(MetaPathFinder):
    """Finds the modules of one folder for the files of that folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find_spec(self, fullname: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The file in the folder, unless the name belongs to something that is installed, or someone else asks for it."""
        if "." in fullname or _is_installed(fullname, self.folder) or not self._asks():
            return None
        return PathFinder.find_spec(fullname, [str(self.folder)])

    def _asks(self) -> bool:
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename.startswith(("<frozen importlib", str(importlib.__file__))):
            frame = frame.f_back
        return frame is not None and belongs(frame.f_code.co_filename, self.folder)


def belongs(file: str, folder: Path) -> bool:
    """Whether a file is the user's: it lies in his folder, and in none below it that holds installed packages or our own."""
    around = Path(file).resolve().parents
    inner = [Path(entry).resolve() for entry in sys.path if entry]
    return folder in around and not any(entry in around for entry in inner if folder in entry.parents)


def load(file: Path) -> ModuleType:
    """The user's file as a module, under its own name unless something installed has that name.

    Raises whatever the file raises, SystemExit too.
    """
    file = file.resolve()
    folder = file.parent
    if not any(isinstance(finder, _Neighbours) and finder.folder == folder for finder in sys.meta_path):
        sys.meta_path.insert(0, _Neighbours(folder))
    own = file.stem not in sys.modules and not _is_installed(file.stem, folder)
    name = file.stem if own else f"joulesweep_user_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError("not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextmanager
def running(file: Path) -> Iterator[Callable[[], str]]:
    """Inside, the user's code runs as if it had been started by itself: a command line of its own, and nothing to read.

    What it prints goes to the log file; the function that is handed over returns it. What it adds to `sys.path` is moved to
    the end, so that it finds what it wants and hides nothing.
    """
    output = io.StringIO()
    arguments, stdin, path = sys.argv, sys.stdin, list(sys.path)
    sys.argv = [str(file)]
    try:
        with Path(os.devnull).open(encoding="utf-8") as nothing, redirect_stdout(output), redirect_stderr(output):
            sys.stdin = nothing
            yield output.getvalue
    finally:
        sys.argv, sys.stdin = arguments, stdin
        added = [entry for entry in sys.path if entry not in path]
        sys.path[:] = path + [entry for entry in added if Path(entry).resolve() != file.resolve().parent]
        for line in output.getvalue().splitlines():
            log.debug("%s: %s", file.name, line)


def _is_installed(name: str, folder: Path) -> bool:
    """Whether the standard library or an installed package has a name; Joulesweep's own scripts are no packages."""
    if name in sys.stdlib_module_names:
        return True
    elsewhere = [entry for entry in sys.path if Path(entry or ".").resolve() not in (folder, _SCRIPTS, Path.cwd())]
    found = PathFinder.find_spec(name, elsewhere)
    return name == "joulesweep" or (found is not None and found.origin is not None)
