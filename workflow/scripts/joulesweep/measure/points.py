"""The points of a job: what each row will be called, under which key its launches are kept, what it loads."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joulesweep import plugins
from joulesweep.axes import AXES
from joulesweep.errors import Unsupported, UserError
from joulesweep.launches import columns, reference_baseline
from joulesweep.launches.journal import canonical
from joulesweep.measure.device.threads import number
from joulesweep.model import source
from joulesweep.model.manifest import Artefact, Manifest


@dataclass(frozen=True)
class Point:
    """A variant at one value of each axis, and the artefact to load or the reason why there is none."""

    identity: dict[str, Any]
    key: dict[str, Any]
    artefact: Artefact | None
    unsupported: str = ""

    @property
    def model(self) -> str:
        """Name of the model."""
        return str(self.identity["model"])

    @property
    def name(self) -> str:
        """Model, runtime and axes as a person reads them."""
        return f"{self.model}@{self.identity['runtime']} {self.axes_text}"

    @property
    def axes(self) -> dict[str, Any]:
        """Value of each axis; None where the model's input has no such axis."""
        return {axis: self.identity[axis] for axis in AXES}

    @property
    def axes_text(self) -> str:
        """The axes as a person reads them."""
        return " ".join(f"{axis}={value}" for axis, value in self.axes.items() if value is not None)

    @property
    def compute_device(self) -> str:
        """Where the passes run: cpu, cuda, mps."""
        return plugins.declared("runtimes", self.identity["runtime"], "compute_device")

    @property
    def reference(self) -> str:
        """Name of the reference that is sampled while this point is measured."""
        return reference_baseline.reference_name(self.compute_device, self.identity["runtime"])

    @property
    def preload(self) -> list[str]:
        """Modules that a server of this runtime imports, libraries first, and of its source where the runtime builds the module."""
        runtime = self.identity["runtime"]
        libraries = list(plugins.declared("runtimes", runtime, "preload"))
        own = [plugins.module("runtimes", runtime)]
        if self.artefact and plugins.declared("runtimes", runtime, "format") == "module":
            scheme = source.scheme(self.artefact.spec)
            libraries += plugins.declared("sources", scheme, "preload")
            own += [plugins.module("sources", scheme), "joulesweep.model.module"]
        return libraries + own


def points_of(job: Mapping[str, Any], manifest: Manifest, key: Mapping[str, Any] | None = None) -> list[Point]:
    """The points of one model in its order; `job` is its part of the job, with `device`, and `key` what the stage adds to the key of a launch.

    Points that are the same here, as all physical cores and two threads on two cores, are there once: the first, so that
    the base point stays one.
    """
    points: dict[str, Point] = {}
    for values in job["points"]:
        point = _point(job, manifest, values, key or {})
        points.setdefault(canonical(point.key), point)
    return list(points.values())


def points_by_model(
    job: Mapping[str, Any], manifests: Iterable[Path], key: Mapping[str, Any] | None = None
) -> dict[str, list[Point]]:
    """The points of each model of a measuring job, in the order of its models, from the models' manifests.

    Raises:
        UserError: a model has no manifest among them.
    """
    read = {manifest.model: manifest for manifest in map(Manifest.read, manifests)}
    for model in job["models"]:
        if model not in read:
            raise UserError(f"{model}: there is no manifest of it; give the one that its export wrote")
    return {
        model: points_of({"device": job["device"], **of_model}, read[model], key)
        for model, of_model in job["models"].items()
    }


def interleaved(points: Sequence[Point], lacking: Sequence[int], seed: int = 0) -> Iterator[Point]:
    """Every point as often as it lacks launches: one of each in a random order, then the next of each.

    So that a drift of the device's speed is shared by all points instead of falling upon one.
    """
    order = random.Random(seed)
    for repeat in range(max(lacking, default=0)):
        turn = [point for point, count in zip(points, lacking, strict=True) if count > repeat]
        order.shuffle(turn)
        yield from turn


def _point(job: Mapping[str, Any], manifest: Manifest, point: Mapping[str, Any], key: Mapping[str, Any]) -> Point:
    runtime = point["runtime"]
    axes = {axis: point.get(axis) for axis in AXES} | {"threads": number(point["threads"])}
    artefact, unsupported = None, ""
    try:
        artefact = manifest.artefact(plugins.declared("runtimes", runtime, "format"), point)
    except Unsupported as error:
        unsupported = str(error)
    identity = {
        "device": job["device"],
        "model": manifest.model,
        "runtime": runtime,
        **axes,
        "base": point["base"],
        **columns.provenance(
            model_digest=manifest.model_digest,
            artefact_digest=artefact.digest if artefact else None,
            input_digest=manifest.input_digest,
            code_digest=job["code_digest"][runtime],
            versions=job["versions"][runtime],
        ),
    }
    return Point(identity, {**columns.launch_key(identity), **key}, artefact, unsupported)
