"""The device's level: how long the reference took on this device when it was first measured, for each number of threads.

It is the median of 20 looks spread over two minutes. They are taken between launches, in children of a server like any
launch, so they cost no waiting; it stands when it is complete, and is made anew only when the reference's code changes.
"""

import json
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joulesweep.measure.reference import Reference, geometric_mean
from joulesweep.measure.server import Server
from joulesweep.records import replace_text

LOOKS = 20
_BETWEEN_S = 6.0
_TIMEOUT_S = 30.0


class ReferenceLevel:
    """The levels kept in one file; used by one measuring at a time."""

    def __init__(self, path: Path, digest: str) -> None:
        self.path, self._digest = path, digest
        self._last_s = -_BETWEEN_S

    def of(self, threads: int) -> float | None:
        """The level at this number of threads, from the looks so far; None before the first."""
        looks = self._looks().get(str(threads))
        return statistics.median(map(geometric_mean, looks)) if looks else None

    def maybe_look(self, server: Server, threads: int) -> None:
        """Take a look in a child of `server` if the level lacks one and the last one is long enough ago."""
        looks = self._looks()
        mine = looks.setdefault(str(threads), [])
        if len(mine) >= LOOKS or time.monotonic() - self._last_s < _BETWEEN_S:
            return
        self._last_s = time.monotonic()
        outcome = server.run(look, {"threads": threads}, _TIMEOUT_S)
        if outcome.status == "ok":
            mine.append(outcome.value["look"])
            replace_text(self.path, json.dumps({"reference": self._digest, "looks": looks}) + "\n")

    def _looks(self) -> dict[str, Any]:
        try:
            kept: Mapping[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
            return kept["looks"] if kept["reference"] == self._digest else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}


def look(argument: Mapping[str, Any]) -> dict[str, list[float]]:
    """One look at the reference in a fresh process, as a launch sees it: the first one meets cold code."""
    reference = Reference(argument["threads"])
    reference.look()
    return {"look": reference.look()}
