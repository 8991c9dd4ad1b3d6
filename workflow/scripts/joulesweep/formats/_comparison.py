"""Runs the module and a file that was made of it, and compares them: what computes something else is no file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

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

    expected = of_module(subject, point)
    check_finite(expected)
    runtime = plugins.load("runtimes", runtime_name)()
    error = difference(of_file(runtime, subject.manifest.spec, file, point, torch.get_num_threads()), expected)
    if not error <= TOLERANCES[runtime.precision]:
        at = " ".join(f"{axis}={value}" for axis, value in point.items() if value is not None)
        raise UserError(
            f"the {_NAMES.get(file.suffix, file.suffix[1:])} file differs from the module by {error:.2g} of the largest output at {at}"
        )


def of_module(subject: Subject, point: Mapping[str, Any]) -> list[np.ndarray]:
    """The outputs of the module itself at a point, in the state as built."""
    from joulesweep.model.module import fresh, run

    spec = subject.manifest.spec
    return plugins.load("runtimes", "eager")().arrays(run(fresh(subject.module, spec), spec, point))


def of_file(
    runtime: Any, spec: Mapping[str, Any], file: Path, point: Mapping[str, Any], threads: int
) -> list[np.ndarray]:
    """The outputs of a file at a point, loaded and run as in a launch."""
    forward = runtime.load(Artefact(dict(spec), file, "", "", "", 0), threads)
    return runtime.arrays(forward(runtime.prepare(inputs.make(spec, point))))
