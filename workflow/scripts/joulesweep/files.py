"""Writes files so that a reader sees the old content or the new one, never a part."""

import os
from pathlib import Path


def replace_text(path: Path, text: str) -> None:
    """Write a text file atomically: to a temporary name beside it, synced, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
