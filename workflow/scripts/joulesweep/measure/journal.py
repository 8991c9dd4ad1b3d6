"""The journal of a model's launches: one durable line each, and the truth from which tables are derived.

A line is one JSON object with the `key` of what was measured. Nothing is ever taken out: a line that is torn or foreign
is passed over and named, and a marker `{"again": runtime}` (null for all) supersedes the lines before it.
"""

import base64
import json
import logging
import os
import zlib
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

log = logging.getLogger("joulesweep")


class Journal:
    """The journal in one file, which need not exist yet; another process may append to it at any time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read_size = -1
        self._lines: list[dict[str, Any]] = []

    def lines(self, key: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The lines of one key that nothing supersedes, oldest first."""
        found: list[dict[str, Any]] = []
        wanted = canonical(key)
        for line in self._all():
            if "again" in line:
                found = [] if line["again"] in (None, key.get("runtime")) else found
            elif canonical(line["key"]) == wanted:
                found.append(line)
        return found

    def __len__(self) -> int:
        """Launches in the journal, superseded ones among them."""
        return sum("key" in line for line in self._all())

    def append(self, key: Mapping[str, Any], line: Mapping[str, Any]) -> None:
        """Add a launch; when this returns it outlives a power cut."""
        _append(self.path, {"key": key, **line})

    def supersede(self, runtime: str | None) -> None:
        """Have everything so far measured again, of one runtime or of all."""
        _append(self.path, {"again": runtime, "at": datetime.now(timezone.utc).isoformat(timespec="seconds")})

    def _all(self) -> list[dict[str, Any]]:
        size = self.path.stat().st_size if self.path.exists() else 0
        if size != self._read_size:
            self._lines = _read(self.path) if size else []
            self._read_size = size
        return self._lines


def canonical(key: Mapping[str, Any]) -> str:
    """A key as text that does not depend on the order of its parts."""
    return json.dumps(key, sort_keys=True)


def pack(values: np.ndarray) -> str:
    """Values as compressed text, in single precision: a clock of nanoseconds gives no more."""
    return base64.b64encode(zlib.compress(np.asarray(values, dtype="<f4").tobytes(), 6)).decode()


def unpack(text: str) -> np.ndarray:
    """The values that `pack` was given, in double precision."""
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype="<f4").astype(float)


def _read(path: Path) -> list[dict[str, Any]]:
    lines = []
    for number, text in enumerate(path.read_bytes().split(b"\n"), 1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
            if "again" not in line and not (isinstance(line["key"], dict) and isinstance(line["status"], str)):
                raise ValueError("no launch")
            lines.append(line)
        except (ValueError, KeyError, TypeError):
            log.warning("%s:%d: torn or foreign line passed over", path, number)
    return lines


def _append(path: Path, line: Mapping[str, Any]) -> None:
    """One write of one whole line; after a torn line it begins on a new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        os.write(descriptor, (b"\n" if torn else b"") + json.dumps(line).encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
