"""The labelled data of a model as the user writes them, and the metric by which its outputs are judged on them.

A data set's own file says which settings it has; here they are checked and completed, and the files that they name are read for
their digests. What accuracy is measured on and what int8 is calibrated with are kept apart, so that a change of the
former makes no artefact stale.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joulesweep import plugins
from joulesweep.errors import UserError
from joulesweep.pipeline.configuration import config_schema, file_digests
from joulesweep.pipeline.configuration.config_schema import check_known, quoted

_METRIC = "top-1"
_FORMATS = {"file": Path.is_file, "folder": Path.is_dir}


def completed(where: str, model: Mapping[str, Any]) -> dict[str, Any]:
    """The keys `data`, `calibration` and `metric` of a model's specification; each is None where there is no such thing.

    `data` and `calibration` hold the name of the data `set`, its `settings`, the `content` of the files among them, and a `name` for
    people; `data` also the largest number of `examples`.

    Raises:
        UserError: the data set, a setting or the metric is unknown, a file is missing, or the metric needs another setting.
    """
    if "data" not in model:
        if "metric" in model:
            raise UserError(f"{where}.metric: the model has no 'data' on which it could be measured; add data: to it")
        return {"data": None, "calibration": None, "metric": None}
    written = {"set": model["data"]} if isinstance(model["data"], str) else model["data"]
    name = written["set"]
    check_known(f"{where}.data", name, plugins.names("datasets"))
    known: dict[str, dict[str, Any]] = plugins.declared("datasets", name, "SETTINGS")
    own = {key: value for key, value in written.items() if key not in ("set", "examples")}
    config_schema.check_part(f"{where}.data", own, known)
    settings = {key: own.get(key, entry.get("default")) for key, entry in known.items()}
    content = {
        key: _content(f"{where}.data.{key}", settings[key], entry)
        for key, entry in known.items()
        if entry.get("format") in _FORMATS and settings[key] is not None
    }
    test, train = (_part(name, known, own, settings, content, part) for part in ("test", "train"))
    has_training_part = "train" not in known or settings["train"] is not None
    return {
        "data": {**test, "examples": written.get("examples")},
        "calibration": train if has_training_part else None,
        "metric": _metric(f"{where}.metric", model.get("metric", _METRIC), name, settings),
    }


def _part(
    name: str,
    known: Mapping[str, Mapping[str, Any]],
    written: Mapping[str, Any],
    settings: Mapping[str, Any],
    content: Mapping[str, str],
    part: str,
) -> dict[str, Any]:
    """What concerns one part of the data: everything but the files of the other part."""
    own = [key for key, entry in known.items() if entry.get("part", part) == part]
    places = [str(written[key]) for key in own if known[key].get("part") and key in written]
    return {
        "set": name,
        "name": " ".join([name, *places[:1]]),
        "settings": {key: settings[key] for key in own},
        "content": {key: content[key] for key in own if key in content},
    }


def _content(where: str, path: Any, entry: Mapping[str, Any]) -> str:
    """The digest of a file or folder that a setting names."""
    kind = entry["format"]
    try:
        if _FORMATS[kind](Path(path)):
            return file_digests.of_path(Path(path))
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise UserError(f"{where}: {quoted(path)} cannot be read: {error}") from error
    advice = entry.get("missing") or f"paths start at {Path.cwd()}"
    raise UserError(f"{where}: there is no {kind} {quoted(path)}; {advice}")


def _metric(where: str, name: str, data: str, settings: Mapping[str, Any]) -> str:
    check_known(where, name, plugins.names("metrics"))
    for needed in plugins.declared("metrics", name, "needs"):
        if settings.get(needed) is None:
            raise UserError(f"{where}: {name} needs the setting {needed!r} of the data, which {data} has not")
    return name
