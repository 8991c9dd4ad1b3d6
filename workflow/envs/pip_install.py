"""Run pip so that a waiting person sees what it does, with its temporary files in the project."""

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue

CACHE = Path(".cache")  # in the project, since /tmp is small on many devices
LOG = CACHE / "set-up.log"

_SILENCE_S = 15.0
_LARGE_MB = 20.0


def run(python: Path, arguments: list[str]) -> None:
    """Install what the arguments of `pip install` say under an interpreter; exits with one line where pip fails."""
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off", *arguments]
    temporary = CACHE.resolve() / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"}
    if not _home_is_writable():
        environment["PIP_CACHE_DIR"] = str(CACHE.resolve() / "pip")
    try:
        failure = _watch(command, environment, python.parents[1], temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    if failure is not None:
        sys.exit(f"the set-up failed: {failure[:200]}; {LOG} has all of it. The same command tries again")


def _home_is_writable() -> bool:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(cache, os.W_OK)


def _watch(command: list[str], environment: dict[str, str], venv: Path, temporary: Path) -> str | None:
    """Run pip, print what takes long and a sign of life where nothing else is printed; returns why it failed."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    started = shown_at = time.monotonic()
    errors = []
    try:
        with LOG.open("w") as log:
            for line in _lines(process):
                log.write(line)
                if line.startswith("ERROR: "):
                    errors.append(line.strip().removeprefix("ERROR: "))
                shown = _worth_showing(line.strip())
                if not shown and time.monotonic() - shown_at > _SILENCE_S:
                    shown = (
                        f"… {time.monotonic() - started:.0f} s, {_megabytes(temporary) + _megabytes(venv)} MB so far"
                    )
                if shown:
                    print(f"  {shown}", flush=True)
                    shown_at = time.monotonic()
    except BaseException:
        process.terminate()
        raise
    finally:
        process.wait()
    return None if process.returncode == 0 else (errors or ["pip gave no reason"])[0]


def _lines(process: subprocess.Popen[str]) -> Iterator[str]:
    """What a process prints, by line; an empty text for every second without a line."""
    lines: Queue[str | None] = Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=1)
        except Empty:
            line = ""
        if line is None:
            return
        yield line


def _worth_showing(line: str) -> str:
    """The line of pip that a waiting person is shown in this one's place; mostly none."""
    wheel = re.match(r"(Downloading|Using cached) (\S+?)-(\d[^-]*)-\S+ \(([\d.]+) MB\)", line)
    if wheel and float(wheel[4]) >= _LARGE_MB:
        return f"{'downloading' if wheel[1] == 'Downloading' else 'from the cache:'} {wheel[2]} {wheel[3]}, {float(wheel[4]):.0f} MB"
    if line.startswith("Installing collected packages: "):
        return f"installing {line.count(',') + 1} packages"
    return ""


def _megabytes(folder: Path) -> int:
    """Size of a folder in which files come and go."""
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                size += Path(parent, name).lstat().st_size
    return size // 10**6
