"""The weights of a torch module, which a runtime copies into the module that the source builds."""

from joulesweep.errors import Unsupported
from joulesweep.formats import base
from joulesweep.formats.base import File, Subject


class Format(base.Format):
    """A file of weights for every point."""

    libraries = ("torch", "safetensors")
    made_from = ""
    reads_data = False

    def write(self, subject: Subject) -> list[File]:
        """Save every parameter and buffer once.

        Raises:
            Unsupported: there is no module.
            UserError: a tensor cannot be kept in a file.
        """
        if subject.module is None:
            raise Unsupported("an ONNX file cannot be run by torch; use the runtime onnxruntime")
        from joulesweep.model import weights

        file = subject.manifest.folder / "weights.safetensors"
        return [File(file, {}, weights.save(subject.module, file))]
