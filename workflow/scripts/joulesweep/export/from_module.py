"""The export of a torch module: its weights, ONNX, and ONNX with 8 bits."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from joulesweep.axes import INPUT_AXES
from joulesweep.errors import UserError, one_line
from joulesweep.model import weights
from joulesweep.model.manifest import Manifest, entry
from joulesweep.model.module import build, run

log = logging.getLogger("joulesweep")


def export(manifest: Manifest, formats: Sequence[str], points: Sequence[Mapping[str, Any]]) -> None:
    """Make the artefacts of each format in the manifest's folder, and enter them, their identity and what failed.

    Raises:
        UserError: the source cannot build the model, or the user's weights do not fit it.
    """
    module = build(manifest.spec)
    manifest.model_digest = weights.digest(module, manifest.spec)
    runs = _points_that_run(manifest, module, points)
    file = manifest.folder / "weights.safetensors"
    if "module" in formats:
        size = weights.save(module, file)
        manifest.artefacts["module"] = [entry(file, {}, size)]
    if not runs or not {"onnx", "onnx-int8"} & set(formats):
        return
    try:
        from joulesweep.export import onnx

        made = onnx.export(module, manifest, runs)
    except Exception as error:
        log.debug("export to ONNX", exc_info=True)
        for form in ("onnx", "onnx-int8"):
            if form in formats:
                manifest.errors[form] = one_line(error)
        return
    if "onnx" in formats:
        from joulesweep.model import graph

        manifest.artefacts["onnx"] = [entry(path, fixed, graph.weight_bytes(graph.load(path))) for path, fixed in made]
    if "onnx-int8" in formats:
        from joulesweep.export import quantise

        quantise.export(manifest, made, runs[0])


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
        raise UserError(f"models.{manifest.model}.input: the model does not run on it: {refusal}")
    return found


def _refusal(module: torch.nn.Module, spec: Mapping[str, Any], point: Mapping[str, Any]) -> str | None:
    """Why the module does not run at a point; None where it does."""
    try:
        run(module, spec, point)
    except Exception as error:
        return one_line(error)
    return None
