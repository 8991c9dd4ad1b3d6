"""The device's level: how long the reference took on this device when it was first measured.

It is the median of 20 looks spread over two minutes, for each number of threads that a point has. They are taken between
launches, in children of a server like any launch, so they cost no waiting; it stands when it is complete, and is made
anew only when the reference's code changes.
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
    """The level kept in one file; used by one measuring at a time."""

    def __init__(self, path: Path, digest: str) -> None:
        self.path, self._digest = path, digest
        self._last_s: dict[int, float] = {}

    @property
    def seconds(self) -> float | None:
        """The level of the mixture from the looks so far, whatever the number of threads; None before the first."""
        looks = [look for looks in self._looks().values() for look in looks]
        return statistics.median(map(geometric_mean, looks)) if looks else None

    def maybe_look(self, server: Server, threads: int) -> None:
        """Take a look in a child of `server` if the level lacks one and the last one is long enough ago."""
        kept = self._looks()
        looks = kept.setdefault(str(threads), [])
        now = time.monotonic()
        if len(looks) >= LOOKS or now - self._last_s.get(threads, -_BETWEEN_S) < _BETWEEN_S:
            return
        self._last_s[threads] = now
        outcome = server.run(look, {"threads": threads}, _TIMEOUT_S)
        if outcome.status == "ok":
            looks.append(outcome.value["look"])
            replace_text(self.path, json.dumps({"reference": self._digest, "looks": kept}) + "\n")

    def _looks(self) -> dict[str, list[list[float]]]:
        try:
            kept: Mapping[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
            return dict(kept["looks"]) if kept["reference"] == self._digest else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}


def look(argument: Mapping[str, Any]) -> dict[str, list[float]]:
    """One look at the reference in a fresh process, as a launch sees it: the first one meets cold code."""
    reference = Reference(argument["threads"])
    reference.look()
    return {"look": reference.look()}
