"""Which files the merge reads, and the digest of each one's content.

Standard library only: the Snakefile calls it while it is parsed. The content decides, never a time stamp, because
the folder of another device is copied with whatever time stamps the copying gave it.
"""

import hashlib
from pathlib import Path

PATTERNS = (
    "devices/*/latency/*.csv",
    "devices/*/energy/*.csv",
    "devices/*/accuracy/*.csv",
    "devices/*/device.json",
    "models/*/counts.csv",
)


def files(results: Path) -> list[Path]:
    """Every file that the merge reads, sorted by path; hidden ones, as a copying program leaves them, are not."""
    found = (path for pattern in PATTERNS for path in results.glob(pattern))
    return sorted(path for path in found if path.is_file() and not path.name.startswith("."))


def sources(results: Path) -> dict[str, str]:
    """The sha256 of every file that the merge reads, by its path relative to `results`, with forward slashes.

    A file that cannot be read has the text `unreadable` in place of a digest.
    """
    return {path.relative_to(results).as_posix(): _sha256(path) for path in files(results)}


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "unreadable"
