"""What is exported of a torch module: the module as built, and the points at which it runs."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from joulesweep.axes import INPUT_AXES
from joulesweep.errors import UserError
from joulesweep.export import refusal, repeatability
from joulesweep.formats.base import Subject
from joulesweep.model import weights
from joulesweep.model.manifest import Manifest
from joulesweep.model.module import build, fresh, run


def subject(manifest: Manifest, points: Sequence[Mapping[str, Any]]) -> Subject:
    """The module with its weights; its identity, what it refuses and what a reader should know are entered in the manifest.

    Raises:
        UserError: the source cannot build the model, or the user's weights do not fit it, or it runs nowhere.
    """
    module = build(manifest.spec, manifest.notes)
    runs = _points_that_run(manifest, module, points)
    manifest.model_digest = weights.digest(module, manifest.spec)
    random = repeatability.randomness(module, manifest.spec, runs[0])
    if random:
        manifest.notes.append(random)
    elif repeatability.keeps_state(module, manifest.spec, runs[0]):
        manifest.notes.append(
            "the model keeps a state from pass to pass; every launch starts from the state as built, and a file that is "
            "exported starts from it in every pass"
        )
    return Subject(manifest, runs, module, random)


def _points_that_run(
    manifest: Manifest, module: torch.nn.Module, points: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The points at which the module itself runs; the others become errors of the manifest."""
    found = []
    base = points[0]
    for point in points:
        refused = _refusal(module, manifest.spec, point)
        if refused is None:
            found.append(point)
        else:
            varied = [axis for axis in INPUT_AXES if point[axis] != base[axis]]
            for axis in varied or manifest.spec["axes"]:
                manifest.errors[f"{axis}={point[axis]}"] = refused
    if not found:
        raise UserError(
            f"models.{manifest.model}.input: the model does not run on it: {refused}{_hint(module, refused or '')}"
        )
    return found


def _hint(module: torch.nn.Module, refused: str) -> str:
    """What is behind a refusal, where that shows."""
    if "Guard failed" in refused:  # by torch.export
        return "; the program was saved for other lengths: write the shape that it takes, with batched: false where it has a batch"
    training = repeatability.training_parts(module)
    return f"; {training[0]} stays in training mode after eval()" if training else ""


def _refusal(module: torch.nn.Module, spec: Mapping[str, Any], point: Mapping[str, Any]) -> str | None:
    """Why the module does not run at a point; None where it does."""
    try:
        run(fresh(module, spec), spec, point)
    except Exception as error:
        return refusal.reason(error, module, spec)
    return None
