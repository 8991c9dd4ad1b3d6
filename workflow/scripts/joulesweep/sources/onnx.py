"""A model that is an ONNX file already: `onnx:FILE.onnx`. It is run as it is, without torch."""

from collections.abc import Mapping
from typing import Any

from joulesweep.errors import Unsupported

libraries = ()
preload = ()
refers = "file"
default_weights = "pretrained"
counted_as = "graph"


def build(spec: Mapping[str, Any]) -> Any:
    """No module can be made of an ONNX file.

    Raises:
        Unsupported: always.
    """
    raise Unsupported("the source is an ONNX file, which has no torch module; use the runtime onnxruntime")


def pretrained(spec: Mapping[str, Any]) -> Any:
    """No module can be made of an ONNX file.

    Raises:
        Unsupported: always.
    """
    return build(spec)
