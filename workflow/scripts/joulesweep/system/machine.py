"""The identity of this machine, whatever it is called."""

from pathlib import Path

from joulesweep.digest import of_text


def machine_id(root: Path = Path("/")) -> str:
    """A digest of the system's id and the board's serial number; empty where there is neither.

    Cards that were copied share the system's id; boards have a serial number of their own.
    """
    ids = [_text(root / path) for path in ("etc/machine-id", "proc/device-tree/serial-number")]
    return of_text(" ".join(ids)) if any(ids) else ""


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip("\0 \n")
    except OSError:
        return ""
