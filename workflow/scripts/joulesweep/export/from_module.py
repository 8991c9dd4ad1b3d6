"""The export of a torch module: its weights, ONNX, and ONNX with 8 bits."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from joulesweep.axes import INPUT_AXES
from joulesweep.errors import UserError, one_line
from joulesweep.export import repeatability
from joulesweep.model import weights
from joulesweep.model.manifest import Manifest, entry
from joulesweep.model.module import build, fresh, run

log = logging.getLogger("joulesweep")


def export(manifest: Manifest, formats: Sequence[str], points: Sequence[Mapping[str, Any]]) -> None:
    """Make the artefacts of each format in the manifest's folder, and enter them, their identity and what failed.

    Raises:
        UserError: the source cannot build the model, or the user's weights do not fit it.
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
    if "module" in formats:
        _keep_weights(manifest, module)
    others = {"onnx", "onnx-int8"} & set(formats)
    if not others:
        return
    try:
        if random:
            raise UserError(f"{random}; a file cannot be compared with it")
        from joulesweep.export import onnx

        made = onnx.export(module, manifest, runs)
    except Exception as error:
        log.debug("export to ONNX", exc_info=True)
        for form in others:
            manifest.errors[form] = one_line(error)
        return
    if "onnx" in formats:
        from joulesweep.model import graph

        manifest.artefacts["onnx"] = [entry(path, fixed, graph.weight_bytes(graph.load(path))) for path, fixed in made]
    if "onnx-int8" in formats:
        from joulesweep.export import quantise

        quantise.export(manifest, made, runs[0])


def _keep_weights(manifest: Manifest, module: torch.nn.Module) -> None:
    file = manifest.folder / "weights.safetensors"
    try:
        manifest.artefacts["module"] = [entry(file, {}, weights.save(module, file))]
    except UserError as error:
        manifest.errors["module"] = str(error)


def _points_that_run(
    manifest: Manifest, module: torch.nn.Module, points: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The points at which the module itself runs; the others become errors of the manifest."""
    found = []
    base = points[0]
    for point in points:
        refusal = _refusal(module, manifest.spec, point)
        if refusal is None:
            found.append(point)
        else:
            varied = [axis for axis in INPUT_AXES if point[axis] != base[axis]]
            for axis in varied or manifest.spec["axes"]:
                manifest.errors[f"{axis}={point[axis]}"] = refusal
    if not found:
        training = repeatability.training_parts(module)
        why = f"; {training[0]} stays in training mode after eval()" if training else ""
        raise UserError(f"models.{manifest.model}.input: the model does not run on it: {refusal}{why}")
    return found


def _refusal(module: torch.nn.Module, spec: Mapping[str, Any], point: Mapping[str, Any]) -> str | None:
    """Why the module does not run at a point; None where it does."""
    try:
        run(fresh(module, spec), spec, point)
    except Exception as error:
        return one_line(error, 200)
    return None
