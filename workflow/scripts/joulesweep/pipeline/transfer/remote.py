"""Copies what a report needs from another machine, with rsync over ssh."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from joulesweep.errors import UserError, shortened
from joulesweep.pipeline.transfer.archive import PATTERNS

_CURE = (
    "install rsync (Debian, Ubuntu, Raspberry Pi OS: sudo apt install rsync; macOS: brew install rsync), or use make pack "
    "there and make unpack here, which need nothing"
)


def fetch(source: str, folder: Path) -> None:
    """Copy from `source`, the folder of a project such as `pi@raspberrypi:joulesweep`, into an empty folder.

    Links and the like are copied as what they are, so that whoever admits the files refuses them.

    Raises:
        UserError: rsync is missing here or there, or failed.
    """
    if shutil.which("rsync") is None:
        raise UserError(f"pull: there is no rsync on this machine: {_CURE}")
    command = ["rsync", "-rlmz", "--specials", *_filters(), "--", f"{source}/results/", f"{folder}/"]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
    if done.returncode == 0:
        return
    if "command not found" in done.stderr or "not found" in done.stderr.partition("\n")[0]:
        raise UserError(f"pull: there is no rsync on the other machine: {_CURE}")
    lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit status {done.returncode}"]
    raise UserError(
        f"pull: nothing was copied from {shortened(source, 60)}: {shortened(lines[0], 110)}; name the project's folder there, "
        "as in FROM=pi@raspberrypi:joulesweep"
    )


def _filters() -> Iterator[str]:
    """What a report needs, as filters of rsync: folders on the way, the files, and nothing else."""
    folders = {str(parent) for pattern in PATTERNS for parent in PurePosixPath(pattern).parents if parent.name}
    for folder in sorted(folders):
        yield f"--include=/{folder}/"
    for pattern in PATTERNS:
        yield f"--include=/{pattern}"
    yield "--exclude=*"
