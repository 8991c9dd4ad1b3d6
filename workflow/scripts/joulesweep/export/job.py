"""The export of one model: which artefacts are made, and the manifest that says so.

The manifest is written after each format. So a format whose library ends the process is an entry in the errors, and the export goes
on with the formats that are left. What an earlier export of the same model made is kept.
"""

import logging
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from joulesweep import plugins
from joulesweep.errors import Unsupported, UserError, causes, missing_distribution, one_line
from joulesweep.formats.base import File, Subject
from joulesweep.model import inputs, source
from joulesweep.model.manifest import MODEL, Manifest, entry
from joulesweep.system.own_process import Ending, run

log = logging.getLogger("joulesweep")


@dataclass(frozen=True)
class Kills:
    """The formats whose making ended the process, each with the reason; `passing` as in a manifest."""

    reasons: Mapping[str, str] = field(default_factory=dict)
    passing: bool = False


def export(job: Mapping[str, Any], path: Path, kills: Kills = Kills()) -> Manifest:
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
        _write_formats(_subject(manifest, points), job, path, kills)
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


def killed(job: Mapping[str, Any], path: Path, ending: Ending, kills: Kills = Kills()) -> None:
    """Write the manifest of an export whose process was killed, and go on with the formats that are left.

    The next run repeats it if memory ran out, or if the process was killed before the first format was begun.
    """
    passing = kills.passing or ending.code == -signal.SIGKILL
    begun = _begun(job, path)
    if begun == "" or begun in kills.reasons:
        manifest = _empty_manifest(job, path)
        _fail(manifest, job, ending.reason)
        manifest.passing = passing
        _write(manifest, path)
        return
    kills = Kills({**kills.reasons, begun: ending.reason}, passing)
    again = run(lambda: export(job, path, kills))
    if not again.finished:
        killed(job, path, again, kills)


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


def _write_formats(subject: Subject, job: Mapping[str, Any], path: Path, kills: Kills) -> None:
    """Make the files of each format, those first from which others are made, and enter them or the reason why not."""
    manifest, wanted = subject.manifest, list(job["formats"])
    reasons = {**_take_over(subject, job, path), **kills.reasons}
    manifest.passing = kills.passing
    for name in _in_order(wanted):
        if name in reasons or name in subject.files:
            continue
        made_from = plugins.declared("formats", name, "made_from")
        _enter(subject, reasons, wanted)
        manifest.begun = name
        manifest.write(path)
        try:
            if made_from in reasons:
                raise Unsupported(reasons[made_from])
            subject.files[name] = plugins.load("formats", name)().write(subject)
        except Exception as error:
            log.debug("export %s: %s", manifest.model, name, exc_info=True)
            reasons[name] = one_line(error)
    _enter(subject, reasons, wanted)
    manifest.begun = ""


def _enter(subject: Subject, reasons: Mapping[str, str], wanted: Sequence[str]) -> None:
    """Enter in the manifest what is known so far of the formats that are wanted."""
    manifest = subject.manifest
    for name in wanted:
        if name in reasons:
            manifest.errors[name] = reasons[name]
        elif name in subject.files and name not in manifest.artefacts:
            manifest.artefacts[name] = [
                entry(file.path, file.fixed, file.weight_bytes, file.note) for file in subject.files[name]
            ]


def _take_over(subject: Subject, job: Mapping[str, Any], path: Path) -> dict[str, str]:
    """Take the files that an earlier export of the same model made with the same code; returns the reasons of formats that it could not make.

    A reason stands as long as the libraries are the same.
    """
    manifest = subject.manifest
    reasons: dict[str, str] = {}
    for earlier in _manifests(path.parent):
        if earlier.spec_digest != manifest.spec_digest or earlier.model_digest != manifest.model_digest:
            continue
        for name, code in job["formats"].items():
            if earlier.code.get(name) != code or name in subject.files:
                continue
            if name in earlier.errors and earlier.versions == manifest.versions and not earlier.passing:
                reasons[name] = earlier.errors[name]
            elif name in earlier.artefacts and earlier.is_complete_for([name], subject.points):
                subject.files[name] = [
                    File(path.parent / each.file, each.fixed, each.weight_bytes, each.note)
                    for each in earlier.artefacts[name]
                ]
                manifest.notes += [note for note in earlier.notes if note not in manifest.notes]
    return reasons


def _begun(job: Mapping[str, Any], path: Path) -> str:
    """The format that was being made when the export ended; empty where none was begun."""
    try:
        manifest = Manifest.read(path)
    except UserError:
        return ""
    return manifest.begun if manifest.spec_digest == job["spec_digest"] else ""


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
    if kept.passing or kept.begun or kept.spec_digest != job["spec_digest"]:
        return None
    if any(kept.code.get(name) != code for name, code in job["formats"].items()):
        return None
    fits = kept.is_complete_for(job["formats"], points)
    return kept if fits and not (kept.errors and kept.versions != dict(job["versions"])) else None


def _earlier_files(folder: Path) -> set[str]:
    """Names of the manifests in the folder, and of the artefacts that they name."""
    names = {path.name for path in folder.glob("manifest-*.json")}
    for manifest in _manifests(folder):
        names |= {entry.file for files in manifest.artefacts.values() for entry in files}
    return names


def _manifests(folder: Path) -> Iterator[Manifest]:
    """The manifests in a folder that can be read; of one that is torn, or of another version, the artefacts are not known."""
    for path in sorted(folder.glob("manifest-*.json")):
        with suppress(UserError):
            yield Manifest.read(path)
