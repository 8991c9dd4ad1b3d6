"""What every counter offers, and what it counts."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import onnx
    from torch import nn

ALL = ""

Layers = dict[tuple[str, str], dict[str, int]]


@dataclass(frozen=True, eq=False)
class Subject:
    """A torch model to count.

    Attributes:
        spec: the model's completed specification.
        module: the module, in the state as its source built it.
        has_numbers: whether the module has its weights, since it looks at numbers; else it is on the meta device.
    """

    spec: Mapping[str, Any]
    module: "nn.Module"
    has_numbers: bool = False


@dataclass(frozen=True, eq=False)
class Graph:
    """An ONNX model to count."""

    spec: Mapping[str, Any]
    model: "onnx.ModelProto"


class Counter(ABC):
    """One way of counting. The attributes are literals, which the workflow reads without importing the file.

    Attributes:
        libraries: distributions whose versions decide what it counts.
        counts: what it counts: module (of torch), or graph (an ONNX file that has no torch module).
        check: whether it only cross-checks: where it fails, the row stands, and its notes say why.
    """

    libraries: ClassVar[tuple[str, ...]]
    counts: ClassVar[str]
    check: ClassVar[bool]

    @abstractmethod
    def point(self, subject: Any, point: Mapping[str, Any]) -> dict[str, Any]:
        """Columns of the row of counts at a point of the input axes.

        A cross-check may return the column `notes`: a sentence for a reader who wonders why its figure differs.
        """

    def layers(self, subject: Any, point: Mapping[str, Any]) -> Layers:
        """Rows of the table of layers, by (module, operator), `ALL` for all operators of a module; none of a cross-check."""
        return {}
