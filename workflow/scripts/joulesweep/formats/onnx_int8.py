"""ONNX with weights and activations of 8 bits: fixed scales for networks of convolutions, scales found at run time for transformers."""

from joulesweep.formats import _onnx_quantised, base
from joulesweep.formats.base import File, Subject


class Format(base.Format):
    """The ONNX files with 8 bits."""

    libraries = ("torch", "onnx", "onnxruntime")
    made_from = "onnx"
    reads_data = True

    def write(self, subject: Subject) -> list[File]:
        """Quantise each ONNX file.

        Raises:
            UserError: a file is of a precision or operator set that cannot be quantised, or has nothing to quantise.
            Exception: the quantiser's own.
        """
        return _onnx_quantised.quantised(subject, "onnx-int8", static=True)
