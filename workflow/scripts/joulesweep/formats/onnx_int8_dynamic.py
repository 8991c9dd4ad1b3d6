"""ONNX with weights of 8 bits in matrix products, whose activations are scaled to 8 bits at run time."""

from joulesweep.formats import _onnx_quantised, base
from joulesweep.formats.base import File, Subject


class Format(base.Format):
    """The dynamically quantised ONNX files."""

    libraries = ("torch", "onnx", "onnxruntime")
    made_from = "onnx"
    reads_data = False

    def write(self, subject: Subject) -> list[File]:
        """Quantise each ONNX file.

        Raises:
            UserError: a file is of a precision or operator set that cannot be quantised, or has nothing to quantise.
            Exception: the quantiser's own.
        """
        return _onnx_quantised.quantised(subject, "onnx-int8-dynamic", static=False)
