"""ONNX from the user's own ONNX file: a copy without metadata, its weights in one file with it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joulesweep import plugins
from joulesweep.errors import UserError
from joulesweep.formats.base import File, Subject
from joulesweep.model import inputs, onnx_header, source
from joulesweep.model.manifest import Artefact

_LARGEST = 2**31 - 1  # bytes of a protobuf message


def copied(subject: Subject) -> File:
    """The user's file as runtimes load it, stripped of metadata where the onnx package is there.

    Raises:
        UserError: its weights lie in other files, which cannot be taken in.
        Exception: the runtime's own, where it is there and cannot load the file.
    """
    manifest = subject.manifest
    file = Path(source.place(manifest.spec))
    copy = manifest.folder / "model.onnx"
    beside = onnx_header.external_files(file)
    if file.stat().st_size + sum(path.stat().st_size for path in beside) > _LARGEST:
        raise UserError(f"{file}: holds more than 2 GB of weights, more than one ONNX file can")
    fixed = _fixed_axes(file, manifest.spec)
    try:
        from joulesweep.model import graph
    except ImportError:
        if beside:
            raise UserError(
                f"{file}: its weights lie in {beside[0].name}; needs onnx to take them in; pip install onnx"
            ) from None
        manifest.notes.append("the onnx package is missing: metadata kept, weight_bytes is the file's size")
        copy.write_bytes(file.read_bytes())
        made = File(copy, fixed, copy.stat().st_size)
    else:
        model = graph.load(file)
        graph.strip(model)
        graph.save(model, copy)
        made = File(copy, fixed, graph.weight_bytes(model))
    try:
        runtime = plugins.load("runtimes", "onnxruntime")()
    except ImportError:
        return made
    runtime.load(Artefact(manifest.spec, copy, "", "", "", 0), 1)
    return made


def _fixed_axes(file: Path, spec: Mapping[str, Any]) -> dict[str, int]:
    """The axes of a specification, the batch too, that are numbers in a file, with these numbers.

    Raises:
        UserError: it is no ONNX file.
        ValueError: it has other inputs than the specification.
    """
    graph = onnx_header.inputs(file)
    feeds = inputs.match_inputs(spec, [value.name for value in graph])
    dimensions = {entry["name"]: inputs.dimensions(entry) for entry in spec["inputs"]}
    pairs = [pair for value in graph for pair in zip(dimensions[feeds[value.name]], value.shape, strict=False)]
    return {
        axis: length if axis == "batch" else spec["axes"][axis]
        for axis, length in pairs
        if isinstance(axis, str) and isinstance(length, int)
    }
