"""The power traces of a model's launches, as the sampler recorded them: one line of JSON per launch, read back for the table.

Runs in the job.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joulesweep.launches.journal import append_line, canonical


def keep(
    path: Path, key: Mapping[str, Any], status: str, record: Mapping[str, Any], windows: Mapping[str, Any] | None
) -> None:
    """Append the trace of one launch; `windows` are the launch's own, None where it did not end.

    Raises:
        UserError: the file cannot be written, or the disk is full.
    """
    append_line(path, {"key": dict(key), "status": status, "record": record, **(windows or {})})


class Traces:
    """The traces in one file, by the key of their launch and its windows."""

    def __init__(self, path: Path) -> None:
        self._records: dict[str, Any] = {}
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:  # nothing was recorded, or the traces were not kept
            return
        for line in text.split("\n"):
            try:
                launch = json.loads(line)
                self._records[_name(launch["key"], launch)] = launch["record"]
            except (ValueError, KeyError, TypeError, RecursionError):  # torn by a power cut, or without windows
                continue

    def record(self, key: Mapping[str, Any], windows: Mapping[str, Any]) -> Any:
        """What the sampler recorded during the launch with these windows; None where that is not there any more."""
        return self._records.get(_name(key, windows))


def _name(key: Mapping[str, Any], windows: Mapping[str, Any]) -> str:
    return canonical([key, windows["idle_ns"], windows["work_ns"]])
