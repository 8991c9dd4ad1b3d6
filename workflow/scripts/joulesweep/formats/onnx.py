"""ONNX: exported from a torch module, or the user's own file."""

from joulesweep.formats import base
from joulesweep.formats.base import File, Subject


class Format(base.Format):
    """An ONNX file for every point, or one for each where the model allows no other."""

    libraries = ("torch", "onnx", "onnxscript")
    made_from = ""
    reads_data = False

    def write(self, subject: Subject) -> list[File]:
        """Export the module, or copy the user's file.

        Raises:
            Exception: the exporter's own, or those of the comparison with the module.
        """
        if subject.module is None:
            from joulesweep.formats import _onnx_copy

            return [_onnx_copy.copied(subject)]
        from joulesweep.formats import _onnx_export

        return _onnx_export.exported(subject)
