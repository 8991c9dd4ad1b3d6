"""Makes the levels of a device's reference: how long it takes there, so that a launch's reference can be held against it.

A level is the median of 20 looks spread over two minutes. They are taken between launches, in children of a server like any launch, so they cost no waiting; a level stands when it is complete,
and is made anew only when the reference's code changes.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joulesweep import plugins
from joulesweep.files import replace_text
from joulesweep.launches.reference_baseline import ReferenceLevels
from joulesweep.measure.latency.reference import reference_for
from joulesweep.measure.processes.server import Server

LOOKS = 20
_BETWEEN_S = 6.0
_TIMEOUT_S = 30.0


class BaselineRecorder:
    """The levels kept in one file; used by one measuring at a time."""

    def __init__(self, path: Path, digest: str) -> None:
        self._path, self._digest = path, digest
        self._last_s: dict[str, float] = {}

    @property
    def levels(self) -> ReferenceLevels:
        """The levels from the looks so far; what is no file of levels is made anew."""
        try:
            return ReferenceLevels.read(self._path, self._digest)
        except ValueError:
            return ReferenceLevels()

    def sample_if_due(self, server: Server, kind: str, runtime: str) -> None:
        """Take a look in a child of `server` if the level lacks one and the last one is long enough ago."""
        levels = self.levels
        now = time.monotonic()
        if len(levels.looks.get(kind, ())) >= LOOKS or now - self._last_s.get(kind, -_BETWEEN_S) < _BETWEEN_S:
            return
        self._last_s[kind] = now
        outcome = server.run(sample, {"runtime": runtime}, _TIMEOUT_S)
        if outcome.status == "ok":
            parts = {**levels.parts, kind: outcome.value["parts"]}
            looks = {**levels.looks, kind: [*levels.looks.get(kind, ()), outcome.value["sample"]]}
            kinds = {name: {"parts": parts[name], "looks": looks[name]} for name in looks}
            replace_text(self._path, json.dumps({"reference": self._digest, "kinds": kinds}) + "\n")


def sample(argument: Mapping[str, Any]) -> dict[str, Any]:
    """One look at a runtime's reference in a fresh process, as a launch sees it: the first one meets cold code."""
    runtime = plugins.load("runtimes", argument["runtime"])()
    reference = reference_for(runtime.compute_device, runtime.pass_s)
    reference.sample()
    return {"parts": list(reference.parts), "sample": reference.sample()}
