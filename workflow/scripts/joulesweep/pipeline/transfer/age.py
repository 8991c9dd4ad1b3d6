"""Which of two copies of a device's folder is newer, by what the files hold: time stamps are those of the copying."""

import re
from pathlib import Path

from joulesweep.pipeline.transfer import journals
from joulesweep.pipeline.transfer.places import content, files

_MOMENT = re.compile(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d")


def continues(folder: Path, target: Path) -> bool:
    """Whether the journals that come in hold all lines of those here and more: then they are newer, whatever clocks said.

    The clock of a board without a battery may have been wrong.
    """
    ours = {path.relative_to(target): content(path) or b"" for path in files(target) if path.suffix == ".jsonl"}
    theirs = {path.relative_to(folder): path.read_bytes() for path in files(folder) if path.suffix == ".jsonl"}
    if any(journals.adds(theirs.get(name, b""), data) for name, data in ours.items()):
        return False
    return any(journals.adds(ours.get(name, b""), data) for name, data in theirs.items())


def moment(folder: Path) -> bytes:
    """The latest time that a device's files name, so that the newer of two copies is known without time stamps."""
    if not folder.is_dir() or folder.is_symlink():
        return b""
    return max((time for path in files(folder) for time in _MOMENT.findall(content(path) or b"")), default=b"")
