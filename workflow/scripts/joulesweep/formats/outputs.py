"""The outputs of the model itself at its base point: with them, those of every variant are compared.

They are those of the torch module in eager mode, or of onnxruntime on the CPU where the model is an ONNX file.
"""

from pathlib import Path

import numpy as np

from joulesweep import plugins
from joulesweep.errors import Unsupported
from joulesweep.formats import _comparison, base
from joulesweep.formats.base import File, Subject
from joulesweep.model import inputs, source
from joulesweep.model.outputs import check_finite

_NUMBERS = "biufc"  # kinds of numpy's types


class Format(base.Format):
    """One file for the base point. Measuring compares with it; no runtime loads it."""

    libraries = ("torch",)
    made_from = ""
    reads_data = False

    def write(self, subject: Subject) -> list[File]:
        """Run the model once.

        Raises:
            Unsupported: it gives other outputs in every pass, does not run at its base point, or gives no numbers.
            UserError: an output is not finite.
        """
        spec = subject.manifest.spec
        point = inputs.base_point(spec)
        if subject.random:
            raise Unsupported(subject.random)
        if dict(subject.points[0]) != point:
            raise Unsupported("the model does not run at its base point")
        if subject.module is not None:
            arrays = _comparison.of_module(subject, point)
        else:
            runtime = plugins.load("runtimes", "onnxruntime")()
            arrays = _comparison.of_file(runtime, spec, Path(source.place(spec)), point, threads=1)
        if not all(isinstance(array, np.ndarray) and array.dtype.kind in _NUMBERS for array in arrays):
            raise Unsupported("the model gives outputs that are no arrays of numbers")
        check_finite(arrays)
        file = subject.manifest.folder / "outputs.npz"
        np.savez(file, *arrays)
        return [File(file, {"batch": 1}, sum(array.nbytes for array in arrays))]
