"""What is exported of a model that is an ONNX file already: the file, without torch."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from joulesweep import digest
from joulesweep.errors import UserError
from joulesweep.formats.base import Subject
from joulesweep.model import onnx_header, source
from joulesweep.model.manifest import Manifest


def subject(manifest: Manifest, points: Sequence[Mapping[str, Any]]) -> Subject:
    """The user's file; its identity is entered in the manifest, the same with and without the onnx package.

    Raises:
        UserError: it is missing, or a file that holds its weights is missing or lies elsewhere.
    """
    file = Path(source.place(manifest.spec))
    if not file.is_file():
        raise UserError(f"models.{manifest.model}.source: there is no file {str(file)!r} below {Path.cwd()}")
    text = {key: manifest.spec[key] for key in ("source", "inputs", "axes")} | {"file": digest.of_file(file)}
    if beside := onnx_header.external_files(file):
        text["beside"] = [digest.of_file(path) for path in beside]
    manifest.model_digest = digest.of_text(json.dumps(text, sort_keys=True))
    return Subject(manifest, points)
