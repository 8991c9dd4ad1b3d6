"""Files in which Linux shows what a sensor is, one short text each."""

from pathlib import Path


def text(file: Path) -> str:
    """What a file says, without the newline; empty where it is not there or cannot be read."""
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""
