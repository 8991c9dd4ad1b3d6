"""Records the baseline of a device's reference, with which the reference beside a launch is compared.

A baseline is the median of 20 samples over two minutes. They are taken between launches, in children of a server like
any launch, so they cost no waiting. A complete baseline is kept until the reference's code changes.

Runs in the job; `sample` runs in the forked child.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joulesweep import plugins
from joulesweep.launches.reference_baseline import ReferenceBaseline
from joulesweep.measure.latency.reference import reference_for
from joulesweep.measure.processes.server import Server
from joulesweep.system.files import replace_text

SAMPLES = 20
_BETWEEN_S = 6.0
_TIMEOUT_S = 30.0


class BaselineRecorder:
    """The baseline in one file; used by one measurement at a time."""

    def __init__(self, path: Path, digest: str) -> None:
        self._path, self._digest = path, digest
        self._last_s: dict[str, float] = {}

    @property
    def baseline(self) -> ReferenceBaseline:
        """The baseline from the samples so far; a file that holds something else is replaced."""
        try:
            return ReferenceBaseline.read(self._path, self._digest)
        except ValueError:
            return ReferenceBaseline()

    def sample_if_due(self, server: Server, reference: str, runtime: str) -> None:
        """Sample a reference in a child of `server` if its baseline lacks a sample and the last one is long enough ago."""
        baseline = self.baseline
        now = time.monotonic()
        waited = now - self._last_s.get(reference, -_BETWEEN_S) >= _BETWEEN_S
        if len(baseline.samples.get(reference, ())) >= SAMPLES or not waited:
            return
        self._last_s[reference] = now
        outcome = server.run(sample, {"runtime": runtime}, _TIMEOUT_S)
        if outcome.status == "ok":
            baseline = baseline.with_sample(reference, outcome.value["parts"], outcome.value["sample"])
            replace_text(self._path, baseline.to_json(self._digest))


def sample(argument: Mapping[str, Any]) -> dict[str, Any]:
    """One sample of a runtime's reference in a fresh process, as in a launch: the first one, which meets cold code, is dropped."""
    runtime = plugins.load("runtimes", argument["runtime"])()
    reference = reference_for(runtime.compute_device, runtime.pass_s)
    reference.sample()
    return {"parts": list(reference.parts), "sample": reference.sample()}
