"""The export of one model: which artefacts are made, and the manifest that says so."""

import logging
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from joulesweep import plugins
from joulesweep.errors import Unsupported, UserError, causes, missing_distribution, one_line
from joulesweep.formats.base import Subject
from joulesweep.model import inputs, source
from joulesweep.model.manifest import MODEL, Manifest, entry
from joulesweep.system.own_process import Ending

log = logging.getLogger("joulesweep")


def export(job: Mapping[str, Any], path: Path) -> Manifest:
    """Make the artefacts of a model and the manifest in `path`, unless what is there already answers the job.

    A format that cannot be made is an entry in the manifest's errors, and so is a model that cannot be made at all.
    """
    points = _points(job)
    kept = _kept(job, points, path)
    if kept is not None:
        log.info("export %s: kept what is there", job["model"]["name"])
        path.touch()
        return kept
    started = time.perf_counter()
    manifest = _empty_manifest(job, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _write_formats(_subject(manifest, points), list(job["formats"]))
    except Exception as error:
        log.debug("export %s", manifest.model, exc_info=True)
        _fail(manifest, job, one_line(error))
        manifest.missing = missing_distribution(error)
        manifest.passing = not manifest.missing and any(
            isinstance(cause, OSError | MemoryError) for cause in causes(error)
        )
    _write(manifest, path)
    log.info("export %s: %.1f s", manifest.model, time.perf_counter() - started)
    return manifest


def killed(job: Mapping[str, Any], path: Path, ending: Ending) -> None:
    """Write the manifest of an export whose process was killed. The next run repeats it if memory ran out."""
    manifest = _empty_manifest(job, path)
    _fail(manifest, job, ending.reason)
    manifest.passing = ending.code == -signal.SIGKILL
    _write(manifest, path)


def _empty_manifest(job: Mapping[str, Any], path: Path) -> Manifest:
    spec = job["model"]
    manifest = Manifest(spec["name"], job["spec_digest"], "", inputs.digest(spec), dict(spec), path.parent)
    manifest.versions = dict(job["versions"])
    manifest.code = dict(job["formats"])
    return manifest


def _fail(manifest: Manifest, job: Mapping[str, Any], reason: str) -> None:
    manifest.errors = {MODEL: reason}
    manifest.artefacts = {}
    manifest.model_digest = manifest.model_digest or job["spec_digest"]


def _write(manifest: Manifest, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    manifest.exported_at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    earlier = _earlier_files(path.parent)
    manifest.write(path)
    kept = {path.name, *(entry.file for files in manifest.artefacts.values() for entry in files)}
    for name in earlier - kept:
        (path.parent / name).unlink(missing_ok=True)
    for key, reason in manifest.errors.items():
        log.info("export %s: %s: %s", manifest.model, "failed" if key == MODEL else key, reason)


def _subject(manifest: Manifest, points: Sequence[Mapping[str, Any]]) -> Subject:
    """What the formats are made from.

    Raises:
        UserError: the model cannot be made: a library, file, function or name is missing.
    """
    if plugins.declared("sources", source.scheme(manifest.spec), "count_from") == "graph":
        from joulesweep.export import from_onnx

        return from_onnx.subject(manifest, points)
    try:
        import torch  # noqa: F401 - asked for here so that its absence is one line
    except ImportError as error:
        raise UserError(
            f"needs torch, which is missing here; pip install torch, or copy {manifest.folder} from a device where it was "
            "exported with this configuration"
        ) from error
    from joulesweep.export import from_module

    return from_module.subject(manifest, points)


def _write_formats(subject: Subject, wanted: Sequence[str]) -> None:
    """Make the files of each format, those first from which others are made, and enter them or the reason why not."""
    manifest = subject.manifest
    reasons: dict[str, str] = {}
    for name in _in_order(wanted):
        made_from = plugins.declared("formats", name, "made_from")
        try:
            if made_from in reasons:
                raise Unsupported(reasons[made_from])
            subject.files[name] = plugins.load("formats", name)().write(subject)
        except Exception as error:
            log.debug("export %s: %s", manifest.model, name, exc_info=True)
            reasons[name] = one_line(error)
    for name in wanted:
        if name in reasons:
            manifest.errors[name] = reasons[name]
        else:
            manifest.artefacts[name] = [entry(file.path, file.fixed, file.weight_bytes) for file in subject.files[name]]


def _in_order(wanted: Sequence[str]) -> list[str]:
    """Formats and those that they are made from, each after what it is made from."""
    order: list[str] = []
    for name in wanted:
        made_from = plugins.declared("formats", name, "made_from")
        order += [*(_in_order([made_from]) if made_from else []), name]
    return list(dict.fromkeys(order))


def _points(job: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The points to serve, as far as files differ between them: the base point, then each axis varied alone."""
    base = inputs.base_point(job["model"])
    varied = [(axis, value) for axis, values in job["values"].items() for value in values]
    return [base] + [{**base, axis: value} for axis, value in varied if value != base[axis]]


def _kept(job: Mapping[str, Any], points: list[dict[str, Any]], path: Path) -> Manifest | None:
    """The manifest in `path` where nothing has to be made: it fits, and a failure would not end otherwise now."""
    try:
        kept = Manifest.read(path)
    except UserError:
        return None
    if kept.passing or kept.spec_digest != job["spec_digest"]:
        return None
    if any(kept.code.get(name) != code for name, code in job["formats"].items()):
        return None
    fits = kept.is_complete_for(job["formats"], points)
    return kept if fits and not (kept.errors and kept.versions != dict(job["versions"])) else None


def _earlier_files(folder: Path) -> set[str]:
    """Names of the manifests in the folder, and of the artefacts that they name."""
    names = set()
    for path in folder.glob("manifest-*.json"):
        names.add(path.name)
        with suppress(UserError):  # torn, or of another version: its artefacts are not known
            names |= {entry.file for files in Manifest.read(path).artefacts.values() for entry in files}
    return names
