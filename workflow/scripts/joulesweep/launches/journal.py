"""The journal of one model: a line a launch, appended and synced, never changed. Tables are derived from it.

A line is a JSON object with `key`, which names what was measured, the figures, and `check`, a checksum of all the rest:
so a line that was torn by a power cut, or changed since, is told from a whole one, named, and passed over.
"""

import base64
import json
import logging
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from joulesweep.errors import UserError

log = logging.getLogger("joulesweep")


class Journal:
    """The lines of one file. They are read when they are asked for, so that what another process appended is seen."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start_again()

    def lines(self, key: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The lines of this key in the order in which they were appended; superseded ones are left out."""
        self._read()
        found: list[dict[str, Any]] = []
        wanted = canonical(key)
        for line in self._lines:
            if "again" in line:
                if line["again"] in (None, key.get("runtime")):
                    found.clear()
            elif canonical(line["key"]) == wanted:
                found.append(line)
        return found

    def append(self, key: Mapping[str, Any], line: Mapping[str, Any]) -> None:
        """Append a line; when this returns, it is on the disk.

        Raises:
            UserError: the file cannot be written, or the disk is full.
        """
        append_line(self._path, _checked({**line, "key": dict(key)}))

    def again(self, runtime: str | None = None) -> None:
        """Supersede all earlier lines, or those of one runtime: what they tell of is measured anew. They are kept."""
        append_line(self._path, _checked({"again": runtime}))

    def _start_again(self) -> None:
        self._offset, self._number = 0, 0
        self._lines: list[dict[str, Any]] = []
        self._torn = b""

    def _read(self) -> None:
        """Take in what was appended since the last look."""
        try:
            with self._path.open("rb") as file:
                if os.fstat(file.fileno()).st_size < self._offset:  # another file than before
                    self._start_again()
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            self._start_again()
            return
        for raw in _lines(data):
            line = _whole(raw)
            if line is None and not raw.endswith(b"\n"):  # perhaps it is still being written
                self._report_torn(raw)
                return
            self._offset += len(raw)
            self._number += 1
            if line is not None:
                self._lines.append(line)
            elif raw.strip() and raw.rstrip(b"\n") != self._torn:
                log.warning("%s, line %d: torn or foreign, passed over", self._path, self._number)

    def _report_torn(self, raw: bytes) -> None:
        if raw != self._torn:
            log.warning("%s, line %d: torn, passed over", self._path, self._number + 1)
        self._torn = raw


def append_line(path: Path, line: Mapping[str, Any]) -> None:
    """Append one line of JSON to a file in a single write, on a line of its own, and sync it.

    Raises:
        UserError: the file cannot be written, or the disk is full.
    """
    try:
        new = not path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            data = b"\n" * torn + json.dumps(line).encode() + b"\n"
            if os.write(descriptor, data) < len(data):
                raise UserError(
                    f"{path}: the disk is full; what was measured before is kept: make room, then run again"
                )
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if new:
            _sync_folder(path.parent)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error


def canonical(value: Any) -> str:
    """JSON that is equal where the values are."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def pack(array: np.ndarray) -> str:
    """Numbers as text: zlib and base64 of little-endian float32 (where the array is that) or float64."""
    kind = "f4" if array.dtype == np.float32 else "f8"
    return f"{kind}:{base64.b64encode(zlib.compress(np.ascontiguousarray(array, f'<{kind}').tobytes(), 9)).decode()}"


def unpack(text: str) -> np.ndarray:
    """The numbers that `pack` made into text, in one dimension."""
    kind, _, data = text.partition(":")
    return np.frombuffer(zlib.decompress(base64.b64decode(data)), dtype=f"<{kind}").astype(kind)


def _lines(data: bytes) -> Iterator[bytes]:
    r"""Lines that end with \n alone; `bytes.splitlines` would also end them at a \r in what a crash left."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start) + 1 or len(data)
        yield data[start:end]
        start = end


def _checked(line: dict[str, Any]) -> dict[str, Any]:
    return {**line, "check": _check(line)}


def _check(line: Mapping[str, Any]) -> str:
    return f"{zlib.crc32(canonical(line).encode()):08x}"


def _whole(raw: bytes) -> dict[str, Any] | None:
    """The line in these bytes; None where they are no whole line of a journal."""
    try:
        line = json.loads(raw)
        check = line.pop("check")
        good = check == _check(line) and ("again" in line or isinstance(line["key"], dict))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return line if good else None


def _sync_folder(folder: Path) -> None:
    """A new file's name is on the disk only after its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
