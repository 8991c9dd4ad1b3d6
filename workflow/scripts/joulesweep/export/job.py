"""The export of one model: which artefacts are made, and the manifest that says so."""

import logging
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from joulesweep.errors import UserError
from joulesweep.model import inputs
from joulesweep.model.manifest import Manifest

log = logging.getLogger("joulesweep")


def export(job: Mapping[str, Any], path: Path) -> Manifest:
    """Make the artefacts of a model and the manifest in `path`, unless what is there already answers the job.

    A format that cannot be made is an entry in the manifest's errors.

    Raises:
        UserError: the model itself cannot be made: a library, file, function or name is missing.
    """
    points = _points(job)
    found = _kept(job, points, path)
    if found is not None:
        log.info("export %s: kept what is there", job["model"]["name"])
        path.touch()
        return found
    started = time.perf_counter()
    manifest = Manifest(
        job["model"]["name"], job["spec_digest"], "", inputs.digest(job["model"]), dict(job["model"]), path.parent
    )
    manifest.versions = dict(job["versions"])
    path.parent.mkdir(parents=True, exist_ok=True)
    if job["model"]["source"].startswith("onnx:"):
        from joulesweep.export import from_onnx

        from_onnx.export(manifest, job["formats"], points)
    else:
        try:
            import torch  # noqa: F401 - asked for here so that its absence is one line
        except ImportError as error:
            raise UserError(
                f"export {manifest.model}: needs torch, which is missing here; pip install torch, or copy "
                f"{path.parent} from a device where it was exported with this configuration"
            ) from error
        from joulesweep.export import from_module

        from_module.export(manifest, job["formats"], points)
    manifest.exported_at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    manifest.write(path)
    _remove_others(manifest, path)
    for key, reason in manifest.errors.items():
        log.info("export %s: %s: %s", manifest.model, key, reason)
    log.info("export %s: %.1f s", manifest.model, time.perf_counter() - started)
    return manifest


def _points(job: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The points to serve, as far as files differ between them: the base point, then each axis varied alone."""
    base = inputs.base_point(job["model"])
    varied = [(axis, value) for axis, values in job["values"].items() for value in values]
    return [base] + [{**base, axis: value} for axis, value in varied if value != base[axis]]


def _kept(job: Mapping[str, Any], points: list[dict[str, Any]], path: Path) -> Manifest | None:
    """The manifest in `path` where nothing has to be made: it fits, and a failure would not end otherwise now."""
    try:
        found = Manifest.read(path)
    except UserError:
        return None
    same = found.spec_digest == job["spec_digest"] and found.is_complete_for(job["formats"], points)
    return found if same and not (found.errors and found.versions != dict(job["versions"])) else None


def _remove_others(manifest: Manifest, path: Path) -> None:
    """Remove manifests and artefacts that an earlier configuration left in the folder."""
    named = {entry.file for files in manifest.artefacts.values() for entry in files}
    for pattern in ("manifest-*.json", "*.onnx", "*.safetensors"):
        for other in path.parent.glob(pattern):
            if other != path and other.name not in named:
                other.unlink()
