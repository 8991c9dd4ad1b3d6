"""ONNX with weights and activations in half precision, made of the single-precision file; its inputs and outputs stay float32."""

from joulesweep.errors import UserError
from joulesweep.formats import base
from joulesweep.formats.base import File, Subject


class Format(base.Format):
    """The ONNX files in half precision."""

    libraries = ("torch", "onnx", "onnxruntime")
    made_from = "onnx"
    reads_data = False

    def write(self, subject: Subject) -> list[File]:
        """Convert each ONNX file with the converter that comes with ONNX Runtime.

        Raises:
            UserError: the file is of half precision already.
            Exception: the converter's own.
        """
        from onnxruntime.transformers.float16 import convert_float_to_float16

        from joulesweep.model import graph

        made = []
        for file in subject.files["onnx"]:
            model = graph.load(file.path)
            if halves := graph.half_precision(model):
                raise UserError(f"{halves} of this file is of half precision already; use the runtime onnxruntime")
            converted = convert_float_to_float16(model, keep_io_types=True)
            graph.strip(converted)
            target = file.path.with_name(f"{file.path.stem}-fp16.onnx")
            graph.save(converted, target)
            made.append(File(target, file.fixed, graph.weight_bytes(converted)))
        return made
