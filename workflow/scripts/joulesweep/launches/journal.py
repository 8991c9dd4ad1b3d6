"""The journal of one model: one line per launch, appended and synced, never changed. Tables are derived from it.

A line is a JSON object with `key`, which names what was measured, the figures, and `check`, a checksum of all the rest.
So a line that was torn by a power cut, or changed since, is recognised, named, and left out.
"""

import json
import logging
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from joulesweep.errors import UserError
from joulesweep.launches.launch import Launch
from joulesweep.system.files import open_regular

log = logging.getLogger("joulesweep")

_Launch = TypeVar("_Launch", bound=Launch)
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


class Journal:
    """The lines of one file, in memory by key. Every question reads first what another process has appended since."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._forget()

    def lines(self, key: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The lines of this key in the order in which they were appended; superseded ones are left out.

        Raises:
            UserError: the journal is there and cannot be read.
        """
        self._read()
        return list(self._lines.get(canonical(key), ()))

    def launches(self, key: Mapping[str, Any], type_: type[_Launch]) -> list[_Launch]:
        """The launches of this key in the order in which they were made; superseded ones are left out.

        Raises:
            UserError: the journal cannot be read, or a line of it is no launch of this type.
        """
        try:
            return [type_.from_line(line) for line in self.lines(key)]
        except ValueError as error:
            raise UserError(f"{self._path}: the journal holds something else than launches: {error}") from error

    def damaged(self) -> list[int]:
        """Numbers of the lines, from 1, that are torn, changed or no lines of a journal.

        Raises:
            UserError: the journal is there and cannot be read.
        """
        self._read()
        return [*self._damaged, *([self._number + 1] if self._torn else [])]

    def append(self, key: Mapping[str, Any], line: Mapping[str, Any]) -> None:
        """Append a line; when this returns, it is on the disk.

        Raises:
            UserError: the file cannot be written, or the disk is full.
        """
        append_line(self._path, _checked({**line, "key": dict(key)}))

    def supersede(self, runtime: str | None = None) -> None:
        """Supersede all earlier lines, or those of one runtime, so that their launches are repeated. They are kept."""
        append_line(self._path, _checked({"superseded": runtime}))

    def _forget(self) -> None:
        self._offset, self._number = 0, 0
        self._lines: dict[str, list[dict[str, Any]]] = {}
        self._damaged: list[int] = []
        self._torn = b""

    def _read(self) -> None:
        """Read what was appended since the last time."""
        try:
            data = self._new_bytes()
        except FileNotFoundError:
            self._forget()
            return
        except OSError as error:
            cure = "remove it or make it readable"
            raise UserError(f"{self._path}: the journal cannot be read: {error.strerror}; {cure}") from error
        if not data:
            self._torn = b""
        for raw in _lines(data):
            line = _whole(raw)
            if line is None and not raw.endswith(b"\n"):  # perhaps it is still being written
                self._report_torn(raw)
                return
            self._offset += len(raw)
            self._number += 1
            if line is not None:
                self._take(line)
            elif raw.strip():
                self._damaged.append(self._number)
                if raw.rstrip(b"\n") != self._torn:
                    log.warning("%s, line %d: torn or foreign; it is left out", self._path, self._number)
            self._torn = b""

    def _new_bytes(self) -> bytes:
        with open_regular(self._path) as file:
            if os.fstat(file.fileno()).st_size < self._offset:  # another file than before
                self._forget()
            file.seek(self._offset)
            return file.read()

    def _take(self, line: dict[str, Any]) -> None:
        if "superseded" not in line:
            self._lines.setdefault(canonical(line["key"]), []).append(line)
            return
        for lines in self._lines.values():
            if line["superseded"] is None or (lines and lines[0]["key"].get("runtime") == line["superseded"]):
                lines.clear()

    def _report_torn(self, raw: bytes) -> None:
        if raw != self._torn:
            log.warning("%s, line %d: torn; it is left out", self._path, self._number + 1)
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
    return _ENCODER.encode(value)


def _lines(data: bytes) -> Iterator[bytes]:
    r"""Lines that end with \n only; `bytes.splitlines` would also end them at a \r in what a crash left."""
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
        good = check == _check(line) and ("superseded" in line or isinstance(line["key"], dict))
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
