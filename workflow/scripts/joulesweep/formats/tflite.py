"""TensorFlow Lite's file, which LiteRT runs, as litert-torch converts it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joulesweep.formats import _per_point, base
from joulesweep.formats.base import File, Subject
from joulesweep.system import library_output


class Format(base.Format):
    """A file for every point."""

    libraries = ("torch", "litert-torch", "ai-edge-litert")
    made_from = ""
    reads_data = False

    def write(self, subject: Subject) -> list[File]:
        """Convert the module at each point.

        Raises:
            Unsupported: there is no module.
            UserError: the file computes something else.
            Exception: litert-torch's own.
        """
        return _per_point.files(subject, ".tflite", "litert", _convert)


def _convert(subject: Subject, point: Mapping[str, Any], path: Path) -> tuple[int, str]:
    """Write the file of one point."""
    with library_output.in_the_log():
        import litert_torch
        import torch

        from joulesweep.formats._flat_module import flat, stored_bytes

        module, example = flat(subject.module, subject.manifest.spec, point)
        with torch.no_grad():
            litert_torch.convert(module, example).export(str(path))
    return stored_bytes(subject.module), ""
