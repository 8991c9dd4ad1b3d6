"""The export of a model that is an ONNX file already: a copy, without torch."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from joulesweep import digest
from joulesweep.errors import UserError, one_line
from joulesweep.model import source
from joulesweep.model.manifest import Manifest, entry


def export(manifest: Manifest, formats: Sequence[str], points: Sequence[Mapping[str, Any]]) -> None:
    """Copy the user's file, stripped of metadata where the onnx package is there, and quantise it where asked.

    The model's identity is that of the user's file, so that it is the same with and without the onnx package.
    """
    file = Path(source.place(manifest.spec))
    if not file.is_file():
        raise UserError(f"models.{manifest.model}.source: there is no file {str(file)!r} below {Path.cwd()}")
    text = {key: manifest.spec[key] for key in ("source", "inputs", "axes")} | {"file": digest.of_file(file)}
    manifest.model_digest = hashlib.sha256(json.dumps(text, sort_keys=True).encode()).hexdigest()[:16]
    copy = manifest.folder / "model.onnx"
    copy.write_bytes(file.read_bytes())
    fixed: dict[str, int] = {}
    weight_bytes = copy.stat().st_size
    try:
        from joulesweep.model import graph
    except ImportError:
        manifest.notes.append("the onnx package is missing: metadata kept, weight_bytes is the file's size")
    else:
        model = graph.load(copy)
        graph.strip(model)
        graph.save(model, copy)
        weight_bytes = graph.weight_bytes(model)
        if graph.fixed(model, manifest.spec):
            fixed = dict(manifest.spec["axes"])
    if "onnx" in formats:
        manifest.artefacts["onnx"] = [entry(copy, fixed, weight_bytes)]
    if "module" in formats:
        manifest.errors["module"] = "an ONNX file cannot be run by torch; use the runtime onnxruntime"
    if "onnx-int8" in formats:
        try:
            from joulesweep.export import quantise
        except ImportError as error:
            manifest.errors["onnx-int8"] = one_line(error)
        else:
            quantise.export(manifest, [(copy, fixed)], points[0])
