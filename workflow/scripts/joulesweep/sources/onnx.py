"""A model that is an ONNX file already: `onnx:FILE.onnx`. It is run as it is, without torch."""

from collections.abc import Mapping
from typing import Any

from joulesweep.errors import Unsupported
from joulesweep.sources import base


class Source(base.Source):
    """Names an ONNX file; no torch module can be made of it."""

    libraries = ()
    preload = ()
    argument_is = "graph"
    default_weights = "pretrained"
    count_from = "graph"
    random_fills_are_weights = False

    def build(self, spec: Mapping[str, Any]) -> Any:
        """No module can be made of an ONNX file.

        Raises:
            Unsupported: always.
        """
        raise Unsupported("the source is an ONNX file, which has no torch module; use the runtime onnxruntime")

    def pretrained(self, spec: Mapping[str, Any]) -> Any:
        """No module can be made of an ONNX file.

        Raises:
            Unsupported: always.
        """
        return self.build(spec)
