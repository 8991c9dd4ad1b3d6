"""Copies what a report needs from another machine, with rsync over ssh."""

import re
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
_OF_SSH = 255  # exit status where no connection was made, or it was lost
_NO_RSYNC = re.compile(r"rsync: (command )?not found|[Cc]ommand( not found)?: rsync")  # as shells say it
# What rsync says after the reason: that it ends.
_FOLLOWS = re.compile(r"rsync error: |rsync: connection unexpectedly closed|rsync: .*Broken pipe")


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
    if _NO_RSYNC.search(done.stderr):
        raise UserError(f"pull: there is no rsync on the other machine: {_CURE}")
    lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit status {done.returncode}"]
    reason = shortened(([line for line in lines if not _FOLLOWS.match(line)] or lines)[-1], 110)
    if done.returncode == _OF_SSH:
        cure = "log in there with ssh by hand to put it right, then repeat"
    elif "No such file" in reason:
        cure = "name the project's folder there, as in FROM=pi@raspberrypi:joulesweep"
    else:
        cure = "put that right, then repeat"
    raise UserError(f"pull: nothing was copied from {shortened(source, 60)}: {reason}; {cure}")


def _filters() -> Iterator[str]:
    """What a report needs, as filters of rsync: folders on the way, the files, and nothing else."""
    folders = {str(parent) for pattern in PATTERNS for parent in PurePosixPath(pattern).parents if parent.name}
    for folder in sorted(folders):
        yield f"--include=/{folder}/"
    for pattern in PATTERNS:
        yield f"--include=/{pattern}"
    yield "--exclude=*"
