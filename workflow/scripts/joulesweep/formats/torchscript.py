"""TorchScript: the operators of one pass, traced and frozen, which torch runs without the model's own code."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joulesweep.formats import _per_point, base
from joulesweep.formats.base import File, Subject


class Format(base.Format):
    """A traced file for every point."""

    libraries = ("torch",)
    made_from = ""
    reads_data = False

    def write(self, subject: Subject) -> list[File]:
        """Trace the module at each point.

        Raises:
            Unsupported: there is no module.
            UserError: the traced file computes something else.
            Exception: torch's own.
        """
        return _per_point.files(subject, ".pt", "torchscript", _trace)


def _trace(subject: Subject, point: Mapping[str, Any], path: Path) -> tuple[int, str]:
    """Write the file of one point."""
    import torch

    from joulesweep.formats._flat_module import flat, stored_bytes

    module, example = flat(subject.module, subject.manifest.spec, point)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # a trace that forgets a branch is found by the comparison
        traced = torch.jit.freeze(torch.jit.trace(module, example, check_trace=False).eval())
        torch.jit.save(traced, path)
    return stored_bytes(subject.module), ""
