"""The counts of one model: parameters and FLOPs at every point, and those of each of its layers at the base point."""

import csv
import io
import logging
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from joulesweep import plugins, records
from joulesweep.artefacts import Manifest
from joulesweep.errors import Unsupported, UserError

log = logging.getLogger("joulesweep")

LAYERS = ("module", "type", "params", "flops")


def count(job: Mapping[str, Any], manifest_path: Path, counts_path: Path, layers_path: Path) -> None:
    """Write counts.csv, one row for each runtime and point, and layers.csv, one row for each module.

    Raises:
        UserError: there is no manifest, or the model cannot be built.
    """
    manifest = Manifest.read(manifest_path)
    spec = job["model"]
    if spec["source"].startswith("onnx:"):
        found = [_of_graph(manifest) for _ in job["points"]]
        layers: list[dict[str, Any]] = []
    else:
        subject = _subject(spec)
        found = [_of_module(subject, point, manifest) for point in job["points"]]
        layers = _layers(subject, job["points"][0])
    rows = [
        _row(job, manifest, runtime, point, columns)
        for runtime in spec["runtimes"]
        for point, columns in zip(job["points"], found, strict=True)
    ]
    records.write_table(counts_path, records.COUNTS, rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, LAYERS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(layers)
    records.replace_text(layers_path, text.getvalue())


def _subject(spec: Mapping[str, Any]) -> Any:
    """The model to count, without weights: on the meta device from the start, or moved there where it cannot be."""
    try:
        import torch
    except ImportError as error:
        raise UserError(f"count {spec['name']}: needs torch, which is missing here; pip install torch") from error
    from joulesweep.counting.base import Subject

    source = plugins.load("sources", spec["source"].partition(":")[0])
    try:
        with torch.device("meta"):
            module = source.build(spec)
        return Subject(spec, module, module)
    except UserError:
        raise
    except Exception:  # the model looks at numbers while it is built
        return Subject(spec, source.build(spec), source.build(spec).to("meta"))


def _of_module(subject: Any, point: Mapping[str, Any], manifest: Manifest) -> dict[str, Any]:
    """Columns of all counters at a point; where one fails, its reason, and what the others found."""
    columns: dict[str, Any] = {"status": "ok", "message": ""}
    for name in plugins.names("counting"):
        columns |= _of_counter(name, subject, point, manifest)
    return columns


def _of_counter(name: str, subject: Any, point: Mapping[str, Any], manifest: Manifest) -> dict[str, Any]:
    try:
        return plugins.load("counting", name).point(subject, point)
    except Exception as error:
        refused = [manifest.errors.get(f"{axis}={point[axis]}") for axis in ("size", "sequence")]
        message = f"{name}: {next(filter(None, refused), f'{type(error).__name__}: {error}')}"[:300]
        log.info("count %s: %s", manifest.model, message)
        return {"status": "unsupported" if any(refused) else "error", "message": message}


def _of_graph(manifest: Manifest) -> dict[str, Any]:
    """Columns of a model that is an ONNX file: its weights, as far as the onnx package is here to read them."""
    columns: dict[str, Any] = {"status": "ok", "message": "FLOPs of ONNX graphs are not counted"}
    try:
        from joulesweep.export import graph
    except ImportError:
        columns["message"] += "; the onnx package is missing, so parameters are not counted either"
        return columns
    files = manifest.artefacts.get("onnx", [])
    return columns | ({"params": graph.parameters(graph.load(manifest.folder / files[0].file))} if files else {})


def _layers(subject: Any, base: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of the table of layers, in the module's own order."""
    rows = {
        name: {"module": name or "(model)", "type": type(module).__name__}
        for name, module in subject.module.named_modules()
    }
    for counter in plugins.names("counting"):
        for name, columns in _layers_of_counter(counter, subject, base).items():
            rows[name].update(columns)
    return list(rows.values())


def _layers_of_counter(counter: str, subject: Any, base: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    try:
        return plugins.load("counting", counter).layers(subject, base)
    except Exception as error:
        log.info("count %s: no layers from %s: %s", subject.spec["name"], counter, error)
        return {}


def _row(
    job: Mapping[str, Any], manifest: Manifest, runtime: str, point: Mapping[str, Any], columns: Mapping[str, Any]
) -> dict[str, Any]:
    row = {
        "model": manifest.model,
        "runtime": runtime,
        **{axis: point[axis] for axis in ("batch", "size", "sequence")},
        **columns,
        "model_digest": manifest.model_digest,
        "input_digest": manifest.input_digest,
        "code_digest": job["code_digest"],
        "versions": " ".join(f"{name}={version}" for name, version in sorted(job["versions"].items())),
        "measured_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    try:
        artefact = manifest.artefact(plugins.declared("runtimes", runtime, "format"), point)
    except Unsupported:
        return row  # what a runtime cannot run is told by its own rows; the model's counts stand
    return row | {"weight_bytes": artefact.weight_bytes, "artefact_digest": artefact.digest}
