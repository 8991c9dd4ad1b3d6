"""Which files the merge reads, and what it read the last time: so it is known when it must read again.

Standard library only: the Snakefile calls it while it is parsed. The content decides, never a time stamp, because
the folder of another device is copied with whatever time stamps the copying gave it.
"""

import fnmatch
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from joulesweep.system.files import open_regular, read_regular, replace_text

FILE = "inputs.json"

PATTERNS = (
    "devices/*/latency/*.csv",
    "devices/*/latency/*.jsonl",
    "devices/*/energy/*.csv",
    "devices/*/time_shares/*.csv",
    "devices/*/accuracy/*.csv",
    "devices/*/device.json",
    "devices/*/reference.json",
    "models/*/counts.csv",
    "models/*/layers.csv",
)


class Entry(NamedTuple):
    """What lies where the merge looks: its path relative to results/ with forward slashes, and why it cannot be read."""

    name: str
    fault: str


def entries(results: Path) -> list[Entry]:
    """Every file that the merge reads, and what lies in its or its folder's place but cannot be read, sorted by path.

    Hidden files, as a copying program leaves them, are passed over.
    """
    return sorted({entry for pattern in PATTERNS for entry in _matches(results, "", pattern.split("/"))})


def digests(results: Path) -> dict[str, str]:
    """The sha256 of every file that the merge reads, by its path relative to `results`, with forward slashes.

    What cannot be read has the text `unreadable` in place of a digest.
    """
    return {name: "unreadable" if fault else _sha256(results / name) for name, fault in entries(results)}


def token(results: Path, merged: Path) -> str:
    """The previous merge's token while its input files are unchanged, and a new one otherwise.

    As a param of the merge it makes exactly those changes stale that Snakemake cannot see by itself. It cannot be the
    digest of the present files: a run that first measures and then merges gets it before the tables are made.
    """
    present = digests(results)
    try:
        last = json.loads((merged / FILE).read_text(encoding="utf-8"))
        if last["files"] == present:
            return str(last["token"])
    except (OSError, ValueError, KeyError, TypeError):  # no merge yet, or nothing that can be used
        pass
    return hashlib.sha256(json.dumps(present, sort_keys=True).encode()).hexdigest()[:16]


def write(results: Path, merged: Path, token_: str) -> None:
    """Keep what a merge reads, and its token."""
    replace_text(merged / FILE, json.dumps({"token": token_, "files": digests(results)}, indent=1) + "\n")


def _matches(results: Path, place: str, parts: Sequence[str]) -> Iterator[Entry]:
    """What a pattern, as its parts, matches below a folder of results/."""
    try:
        names = _names(results / place)
    except OSError as error:
        yield Entry(place, f"it is not a folder that can be read: {error.strerror}")
        return
    for name in fnmatch.filter(names, parts[0]):
        inner = f"{place}/{name}" if place else name
        yield from _matches(results, inner, parts[1:]) if parts[1:] else [_file(results, inner)]


def _names(folder: Path) -> list[str]:
    """Names in a folder, hidden ones aside; none where there is nothing.

    Raises:
        OSError: it is no folder, or cannot be listed.
    """
    if not os.path.lexists(folder):
        return []
    return [path.name for path in folder.iterdir() if not path.name.startswith(".")]


def _file(results: Path, name: str) -> Entry:
    try:
        open_regular(results / name).close()
    except OSError as error:
        return Entry(name, error.strerror or "it cannot be read")
    return Entry(name, "")


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(read_regular(path)).hexdigest()
    except OSError:
        return "unreadable"
