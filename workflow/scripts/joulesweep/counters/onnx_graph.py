"""An ONNX file without a torch original, counted from its graph: shapes are inferred for the lengths of a point.

An operator with a formula whose shapes cannot be inferred is listed as such among the uncounted ones, and so is one that
holds graphs of its own (Loop, Scan, and If whose condition depends on data): the multiply-adds in those are not counted,
their parameters are.
"""

import collections
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from onnx import NodeProto, TensorProto, numpy_helper

from joulesweep import operator_kinds
from joulesweep.counters import _onnx_weights, base
from joulesweep.counters._onnx_macs import FORMULAS, TRANSFORMS, attribute
from joulesweep.counters._onnx_shapes import shape, with_shapes
from joulesweep.counters.base import ALL, Graph, Layers
from joulesweep.launches.columns import listed
from joulesweep.model import graph as graphs

_VIEWS = {"Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Dropout"}
_NOTHING = _VIEWS | {"Shape", "Size", "Constant"}
_MOVES = _NOTHING | {
    "Cast", "CastLike", "Compress", "Concat", "ConstantOfShape", "DepthToSpace", "Expand", "EyeLike", "Gather",
    "GatherElements", "GatherND", "OneHot", "Pad", "Range", "ScatterElements", "ScatterND", "Slice", "SpaceToDepth",
    "Split", "Tile", "Transpose", "Trilu", "Where",
}  # fmt: skip
_MOST_AXES = 8
# Of the first input, the table, these operators read the elements that they return.
_GATHERS = {"Gather", "GatherElements", "GatherND", "GatherBlockQuantized", "Slice"}


class Counter(base.Counter):
    """Counts a graph's weights, multiply-adds and bytes moved."""

    libraries = ("onnx",)
    counts = "graph"
    check = False

    def point(self, subject: Graph, point: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters of the file, and multiply-adds and bytes of one pass at a point."""
        work = _work(subject, point)
        total = work.pop(ALL)
        moved = total.weight_bytes + total.activation_bytes
        return _onnx_weights.count(subject.model) | {
            "macs": total.macs,
            "flops": total.flops,
            "macs_by_operator": listed({name: part.macs for name, part in work.items() if part.macs}),
            "uncounted_operators": listed(total.uncounted),
            "weight_moved_bytes": total.weight_bytes,
            "activation_moved_bytes": total.activation_bytes,
            "flops_per_byte": total.flops / moved if moved else None,
        }

    def layers(self, subject: Graph, point: Mapping[str, Any]) -> Layers:
        """The work of one pass in all and by operator kind: a graph has no modules."""
        rows = {
            ("", name): {
                "calls": work.calls,
                "macs": work.macs,
                "flops": work.flops,
                "weight_moved_bytes": work.weight_bytes,
                "activation_moved_bytes": work.activation_bytes,
            }
            for name, work in _work(subject, point).items()
        }
        rows[("", ALL)] |= {"calls": 1, "params": _onnx_weights.count(subject.model)["params"]}
        return rows


@dataclass
class _Work:
    calls: int = 0
    macs: int = 0
    flops: int = 0
    weight_bytes: int = 0
    activation_bytes: int = 0
    uncounted: collections.Counter[str] = field(default_factory=collections.Counter)


def _work(subject: Graph, point: Mapping[str, Any]) -> dict[str, _Work]:
    """What each operator kind does in a pass, and all of them together."""
    model, weights = with_shapes(subject, point)
    values = {value.name: value for value in (*model.graph.value_info, *model.graph.input, *model.graph.output)}
    shapes = {name: shape(value) for name, value in values.items()}
    widths = {name: graphs.width(value.type.tensor_type.elem_type) for name, value in values.items()}
    small = graphs.stored(model.graph)  # large ones are inputs
    for name, tensor in small.items():
        shapes[name], widths[name] = tuple(tensor.dims), graphs.width(tensor.data_type)
    result: dict[str, _Work] = {ALL: _Work()}
    for node in model.graph.node:
        if node.op_type in _NOTHING:
            if node.op_type in _VIEWS and node.input[0] in weights:
                weights.add(node.output[0])
            continue
        macs, flops, uncounted = _products(node, shapes, small)
        sizes = {
            name: math.ceil(math.prod(lengths) * widths[name])
            for name in (*node.input, *node.output)
            if (lengths := shapes.get(name)) is not None and not _is_setting(small.get(name))
        }
        written = sum(sizes.get(name, 0) for name in node.output)
        reads = [(name, sizes.get(name, 0)) for name in node.input]
        if node.op_type in _GATHERS:
            table = node.input[0]
            reads[0] = table, math.ceil(math.prod(shapes.get(node.output[0]) or (0,)) * widths.get(table, 0))
        for work in (result[ALL], result.setdefault(_operator(node, shapes), _Work())):
            work.calls += 1
            work.macs += macs
            work.flops += flops
            work.weight_bytes += sum(size for name, size in reads if name in weights)
            work.activation_bytes += written + sum(size for name, size in reads if name not in weights)
            work.uncounted.update(uncounted)
    return result


def _operator(node: NodeProto, shapes: Mapping[str, Any]) -> str:
    """The type of a node's operator, marked where it is a convolution with a filter per channel."""
    channels = (shapes.get(node.input[0]) or (0, 0))[1:2] if node.op_type == "Conv" else ()
    groups = attribute(node, "group", 1)
    marked = any(operator_kinds.is_depthwise(groups, length) for length in channels)
    return f"{operator_kinds.DEPTHWISE_PREFIX * marked}{node.op_type}"


def _is_setting(tensor: TensorProto | None) -> bool:
    """Whether a stored tensor is a scalar, or few whole numbers, as axes and shapes are: no tensors in torch."""
    if tensor is None:
        return False
    return not tensor.dims or (tensor.data_type == TensorProto.INT64 and math.prod(tensor.dims) <= _MOST_AXES)


def _number(tensor: TensorProto | None) -> float | None:
    """The only element of a known tensor; None where it has others, or is not known."""
    return numpy_helper.to_array(tensor).item() if tensor is not None and math.prod(tensor.dims) == 1 else None


def _products(node: NodeProto, shapes: Mapping[str, Any], small: Mapping[str, Any]) -> tuple[int, int, list[str]]:
    """Multiply-adds and FLOPs of a node, and its name where it does arithmetic that is not in them."""
    read, made = ([shapes.get(name) for name in names] for names in (node.input, node.output))
    formula = FORMULAS.get(f"{node.domain}.{node.op_type}") or FORMULAS.get(node.op_type)
    try:
        if node.op_type in TRANSFORMS:
            return 0, TRANSFORMS[node.op_type](node, read, made, [_number(small.get(name)) for name in node.input]), []
        macs = formula(node, read, made) if formula else None
    except (TypeError, IndexError, ValueError):
        return 0, 0, [f"{node.op_type}_of_unknown_shape"]
    if macs is None:
        return 0, 0, [] if node.op_type in _MOVES else [node.op_type]
    return macs, 2 * macs, []
