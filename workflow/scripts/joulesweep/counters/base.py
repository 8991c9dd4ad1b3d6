"""What every counter offers.

A counter is a module with literals that can be read without importing it, and functions:

    libraries = (...)     distributions whose versions decide what it counts
    counts = "..."        what it counts: module (of torch), or graph (an ONNX file that has no torch module)
    check = True          whether it only cross-checks: where it fails, the row stands, and its notes say why
    point(subject, at)    columns of the row of counts at a point
    layers(subject, at)   rows of the table of layers, by (module, operator), `ALL` for all operators of a module; not of
                          a cross-check

A cross-check may return the column `notes`: a sentence for a reader who wonders why its figure is another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx
    from torch import nn

ALL = ""

Layers = dict[tuple[str, str], dict[str, int]]


@dataclass(frozen=True, eq=False)
class Subject:
    """A torch model to count: the module on the meta device, or with its numbers where it cannot do without them."""

    spec: Mapping[str, Any]
    module: "nn.Module"


@dataclass(frozen=True, eq=False)
class Graph:
    """An ONNX model to count."""

    spec: Mapping[str, Any]
    model: "onnx.ModelProto"
