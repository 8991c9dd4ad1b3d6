"""A file that was made, run once and compared with the module it was made from: what computes something else is no file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joulesweep import plugins
from joulesweep.errors import UserError
from joulesweep.formats.base import Subject
from joulesweep.model import inputs
from joulesweep.model.faithfulness import TOLERANCES
from joulesweep.model.manifest import Artefact
from joulesweep.model.outputs import check_finite, difference

_NAMES = {".onnx": "ONNX", ".pt": "TorchScript", ".pte": "ExecuTorch", ".tar": "ncnn", ".tflite": "TensorFlow Lite"}


def check(subject: Subject, runtime_name: str, file: Path, point: Mapping[str, Any]) -> None:
    """Run a file as a launch does, and compare its outputs with those of the module at a point.

    Raises:
        UserError: an output of the module is not finite, or the file computes something else.
        Exception: the runtime's own.
    """
    import torch

    from joulesweep.model import module as modules

    spec = subject.manifest.spec
    runtime = plugins.load("runtimes", runtime_name)()
    eager = plugins.load("runtimes", "eager")()
    expected = eager.arrays(modules.run(modules.fresh(subject.module, spec), spec, point))
    check_finite(expected)
    threads = torch.get_num_threads()
    forward = runtime.load(Artefact(spec, file, "", "", "", 0), threads)
    error = difference(runtime.arrays(forward(runtime.prepare(inputs.make(spec, point)))), expected)
    if not error <= TOLERANCES[runtime.precision]:
        at = " ".join(f"{axis}={value}" for axis, value in point.items() if value is not None)
        raise UserError(
            f"the {_NAMES.get(file.suffix, file.suffix[1:])} file differs from the module by {error:.2g} of the largest output at {at}"
        )
