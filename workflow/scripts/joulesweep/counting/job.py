"""The counts of one model: parameters and FLOPs at every point, and those of each of its layers at the base point."""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from joulesweep import plugins
from joulesweep.axes import INPUT_AXES
from joulesweep.counters.base import ALL, Graph, Layers, Subject
from joulesweep.errors import Unsupported, UserError, one_line
from joulesweep.launches.columns import COUNTS, LAYERS, provenance
from joulesweep.launches.table_file import write_table
from joulesweep.model import inputs, source
from joulesweep.model.manifest import Manifest
from joulesweep.system.own_process import Ending

log = logging.getLogger("joulesweep")


def count(job: Mapping[str, Any], manifest_path: Path, counts_path: Path, layers_path: Path) -> None:
    """Write counts.csv, one row for each runtime and point, and layers.csv, one row for each module and operator kind.

    Where the model cannot be made, every row says why.

    Raises:
        UserError: there is no manifest.
    """
    manifest = Manifest.read(manifest_path)
    spec = job["model"]
    warnings.filterwarnings("ignore", message="TF32 acceleration on top of oneDNN")  # about a graphics card of Intel's
    try:
        if manifest.failure:
            raise UserError(f"the export failed: {manifest.failure}")
        count_from = plugins.declared("sources", source.scheme(spec), "count_from")
        subject = graph(spec, manifest) if count_from == "graph" else module(spec)
        counts = [point_columns(subject, point) for point in job["points"]]
        layers = layer_rows(subject, job["points"][0])
    except UserError as error:
        counts, layers = _failed(job, "error", one_line(error)), []
    _write(job, manifest, counts, layers, counts_path, layers_path)


def killed(job: Mapping[str, Any], manifest_path: Path, counts_path: Path, layers_path: Path, ending: Ending) -> None:
    """Write the tables of a count whose process was killed: every row says how."""
    counts = _failed(job, "crashed", ending.reason)
    _write(job, Manifest.read(manifest_path), counts, [], counts_path, layers_path)


def _failed(job: Mapping[str, Any], status: str, message: str) -> list[dict[str, Any]]:
    return [{"status": status, "message": message} for _ in job["points"]]


def _write(
    job: Mapping[str, Any],
    manifest: Manifest,
    counts: Sequence[dict[str, Any]],
    layers: Sequence[Mapping[str, Any]],
    counts_path: Path,
    layers_path: Path,
) -> None:
    for columns, point in zip(counts, job["points"], strict=True):
        _explain_refusal(columns, point, manifest)
        if columns["status"] != "ok":
            log.info("count %s: %s", manifest.model, columns["message"])
    rows = [
        _row(job, manifest, runtime, point, columns)
        for runtime in job["model"]["runtimes"]
        for point, columns in zip(job["points"], counts, strict=True)
    ]
    write_table(counts_path, COUNTS, rows)
    write_table(layers_path, LAYERS, layers)


def module(spec: Mapping[str, Any]) -> Subject:
    """The torch model to count: on the meta device, or with its weights where it cannot be built or run without numbers.

    Raises:
        UserError: torch or what the source needs is missing, or the source cannot build the model.
    """
    try:
        import torch  # noqa: F401 - asked for here so that its absence is one line
    except ImportError as error:
        raise UserError("needs torch, which is missing here; pip install torch") from error
    from joulesweep.counters import _shape_pass
    from joulesweep.model.module import build, outline

    try:
        subject = Subject(spec, outline(spec))
        if _shape_pass.suffices(subject, inputs.base_point(spec)) or not _shape_pass.fits(subject):
            return subject
    except Exception:  # whatever is wrong with the model itself, it is said where the model is built with numbers
        log.debug("count %s: not built on the meta device", spec["name"], exc_info=True)
    try:
        return Subject(spec, build(spec), has_numbers=True)
    except UserError:
        raise
    except Exception as error:
        log.debug("count %s: not built", spec["name"], exc_info=True)
        raise UserError(f"the model cannot be built: {one_line(error)}") from error


def graph(spec: Mapping[str, Any], manifest: Manifest) -> Graph:
    """The ONNX model to count, as it was exported.

    Raises:
        UserError: the onnx package is missing, or no file was made.
    """
    try:
        from joulesweep.model import graph as graphs
    except ImportError as error:
        raise UserError("needs onnx, which is missing here; pip install onnx") from error
    files = [*manifest.artefacts.get("onnx", []), *manifest.artefacts.get("onnx-int8", [])]
    if not files:
        raise UserError(f"there is no ONNX file to count: {' '.join(manifest.errors.values())}")
    return Graph(spec, graphs.load(manifest.folder / files[0].file))


def point_columns(subject: Subject | Graph, point: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of all counters at a point; where one fails, its reason, and what the others found."""
    columns: dict[str, Any] = {"status": "ok", "message": ""}
    notes = []
    for name in _counters(subject):
        try:
            counted = plugins.load("counters", name)().point(subject, point)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # the user's code may raise anything; the other counters go on
            reason = f"{name}: {one_line(error)}"
            if plugins.declared("counters", name, "check"):
                notes.append(reason)
            else:
                columns |= {"status": "error", "message": reason}
            continue
        notes += [counted.pop("notes")] if counted.get("notes") else []
        columns |= counted
    return columns | {"notes": "; ".join(notes)}


def layer_rows(subject: Subject | Graph, base: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of the table of layers in the model's own order, each module before its parts by operator kind."""
    rows: Layers = {}
    for name in _counters(subject):
        if plugins.declared("counters", name, "check"):
            continue  # it cannot tell layers apart
        try:
            layers = plugins.load("counters", name)().layers(subject, base)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            log.info("count %s: no layers from %s: %s", subject.spec["name"], name, one_line(error))
            continue
        for key, columns in layers.items():
            rows.setdefault(key, {}).update(columns)
    modules = subject.module.named_modules() if isinstance(subject, Subject) else ()
    classes = {name: type(part).__name__ for name, part in modules}
    order = {name: place for place, name in enumerate(classes)}
    keys = sorted(rows, key=lambda key: (order.get(key[0], len(order)), key[1] != ALL, key))
    return [
        {
            "model": subject.spec["name"],
            "module": module or "(model)",
            "type": classes.get(module, ""),
            "operator": operator or "(all)",
        }
        | rows[(module, operator)]
        for module, operator in keys
    ]


def _counters(subject: Subject | Graph) -> Iterator[str]:
    counts = "module" if isinstance(subject, Subject) else "graph"
    return (name for name in plugins.names("counters") if plugins.declared("counters", name, "counts") == counts)


def _explain_refusal(columns: dict[str, Any], point: Mapping[str, Any], manifest: Manifest) -> None:
    """Where the export saw that the model itself refuses a point, that is the reason why it was not counted there."""
    refused = [manifest.errors.get(f"{axis}={point.get(axis)}") for axis in INPUT_AXES]
    if columns["status"] == "error" and any(refused):
        columns |= {"status": "unsupported", "message": next(filter(None, refused))}


def _row(
    job: Mapping[str, Any], manifest: Manifest, runtime: str, point: Mapping[str, Any], columns: Mapping[str, Any]
) -> dict[str, Any]:
    spec = job["model"]
    try:
        artefact = manifest.artefact(plugins.declared("runtimes", runtime, "format"), point)
    except Unsupported:
        artefact = None  # what a runtime cannot run is told by its own rows; the model's counts stand
    row = {
        "model": manifest.model,
        "runtime": runtime,
        **{name: point.get(name) for name in ("batch", *INPUT_AXES, "base")},
        **columns,
        "export_notes": "; ".join(manifest.notes),
        **provenance(
            model_digest=manifest.model_digest,
            artefact_digest=artefact.digest if artefact else None,
            input_digest=manifest.input_digest,
            code_digest=job["code_digest"],
            versions=job["versions"],
        ),
        "weights_digest": spec["content"].get(spec["weights"]),
        "measured_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    if artefact is None:
        return row
    return row | {"weight_bytes": artefact.weight_bytes, "file_bytes": artefact.file.stat().st_size}
