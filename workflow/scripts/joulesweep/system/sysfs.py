"""Files in which Linux shows what a device or sensor is, one short text each."""

from pathlib import Path


def text(file: Path) -> str:
    """What a file says, without the newline or zero at its end; empty where it is not there or cannot be read."""
    try:
        return file.read_text(errors="replace").strip("\0 \t\n")
    except OSError:
        return ""
