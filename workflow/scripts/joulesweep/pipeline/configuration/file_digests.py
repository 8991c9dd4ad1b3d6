"""Digests of the user's data: of a file, or of a folder with all that is in it, hidden files aside.

They are part of a job, so they are asked for whenever Snakemake plans, and data may be gigabytes. So the digest of a file is kept, and
read again only when its size or its times have changed, which is how git notices a changed file.
"""

import contextlib
import json
import os
import time
from pathlib import Path

from joulesweep import digest
from joulesweep.system.files import replace_text

_KEPT = Path(".snakemake") / "joulesweep" / "data_digests.json"
_RECENT_NS = 2 * 10**9  # a file that was changed a moment ago may change again within the resolution of its times

Known = dict[str, list]  # by path: size, times of change of content and of the file, digest


def of_path(path: Path) -> str:
    """Identity of the content of a file, or of the names and contents in a folder.

    Raises:
        OSError: something cannot be read.
    """
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    files = [each for each in files if not any(part.startswith(".") for part in each.relative_to(path).parts)]
    known = _read()
    found = {str(each): _entry(each, known.get(str(each))) for each in files}
    if any(known.get(name) != entry for name, entry in found.items()):
        _write(known | found)
    if files == [path]:
        return str(found[str(path)][-1])
    listing = [f"{each.relative_to(path).as_posix()} {found[str(each)][-1]}" for each in files]
    return digest.of_text("\n".join(listing))


def _entry(file: Path, known: list | None) -> list:
    state = file.stat()
    now = [state.st_size, state.st_mtime_ns, state.st_ctime_ns]
    if known and known[:-1] == now and max(now[1:]) < time.time_ns() - _RECENT_NS:
        return known
    return [*now, digest.of_file(file)]


def _read() -> Known:
    with contextlib.suppress(OSError, ValueError):
        kept = json.loads(_KEPT.read_text(encoding="utf-8"))
        return {name: entry for name, entry in kept.items() if os.path.lexists(name)}
    return {}


def _write(known: Known) -> None:
    with contextlib.suppress(OSError):  # where nothing can be written, everything is read each time
        replace_text(_KEPT, json.dumps(known))
