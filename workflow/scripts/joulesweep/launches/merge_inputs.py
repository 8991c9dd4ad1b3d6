"""Which files the merge reads, and what it read the last time: so it is known when it must read again.

Standard library only: the Snakefile calls it while it is parsed. The content decides, never a time stamp, because
the folder of another device is copied with whatever time stamps the copying gave it.
"""

import hashlib
import json
from pathlib import Path

from joulesweep.files import replace_text

FILE = "taken.json"

PATTERNS = (
    "devices/*/latency/*.csv",
    "devices/*/latency/*.jsonl",
    "devices/*/energy/*.csv",
    "devices/*/accuracy/*.csv",
    "devices/*/device.json",
    "devices/*/reference.json",
    "models/*/counts.csv",
)


def files(results: Path) -> list[Path]:
    """Every file that the merge reads, sorted by path; hidden ones, as a copying program leaves them, are not."""
    found = (path for pattern in PATTERNS for path in results.glob(pattern))
    return sorted(path for path in found if path.is_file() and not path.name.startswith("."))


def digests(results: Path) -> dict[str, str]:
    """The sha256 of every file that the merge reads, by its path relative to `results`, with forward slashes.

    A file that cannot be read has the text `unreadable` in place of a digest.
    """
    return {path.relative_to(results).as_posix(): _sha256(path) for path in files(results)}


def token(results: Path, merged: Path) -> str:
    """A text that stays what the last merge was given while the files are those that it read, and differs otherwise.

    As a param of the merge it makes exactly those changes stale that Snakemake cannot see by itself. It cannot be the
    digest of the present files: a run that first measures and then merges is given it before the tables are made.
    """
    present = digests(results)
    try:
        last = json.loads((merged / FILE).read_text(encoding="utf-8"))
        if last["files"] == present:
            return str(last["token"])
    except (OSError, ValueError, KeyError, TypeError):  # no merge yet, or nothing that can be used
        pass
    return hashlib.sha256(json.dumps(present, sort_keys=True).encode()).hexdigest()[:16]


def write(results: Path, merged: Path, given: str) -> None:
    """Keep what a merge reads, and the token that it was given."""
    replace_text(merged / FILE, json.dumps({"token": given, "files": digests(results)}, indent=1) + "\n")


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "unreadable"
