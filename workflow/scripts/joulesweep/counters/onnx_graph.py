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

from onnx import NodeProto

from joulesweep.counters import _onnx_weights, base
from joulesweep.counters._onnx_macs import FORMULAS
from joulesweep.counters._onnx_shapes import shape, with_shapes
from joulesweep.counters.base import ALL, Graph, Layers
from joulesweep.launches.columns import listed
from joulesweep.model import graph as graphs

_NOTHING = {"Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Shape", "Size", "Constant", "Dropout"}
_MOVES = _NOTHING | {
    "Cast", "CastLike", "Compress", "Concat", "ConstantOfShape", "DepthToSpace", "Expand", "EyeLike", "Gather",
    "GatherElements", "GatherND", "OneHot", "Pad", "Range", "ScatterElements", "ScatterND", "Slice", "SpaceToDepth",
    "Split", "Tile", "Transpose", "Trilu", "Where",
}  # fmt: skip


class Counter(base.Counter):
    """Counts a graph's weights, multiply-adds and bytes moved."""

    libraries = ("onnx",)
    counts = "graph"
    check = False

    def point(self, subject: Graph, at: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters of the file, and multiply-adds and bytes of one pass at a point."""
        found = _work(subject, at)
        total = found.pop(ALL)
        moved = total.weight_bytes + total.activation_bytes
        return _onnx_weights.count(subject.model) | {
            "macs": total.macs,
            "flops": 2 * total.macs,
            "macs_by_operator": listed({name: work.macs for name, work in found.items() if work.macs}),
            "uncounted_operators": listed(total.uncounted),
            "weight_moved_bytes": total.weight_bytes,
            "activation_moved_bytes": total.activation_bytes,
            "flops_per_byte": 2 * total.macs / moved if moved else None,
        }

    def layers(self, subject: Graph, at: Mapping[str, Any]) -> Layers:
        """The work of one pass in all and by operator kind: a graph has no modules."""
        rows = {
            ("", name): {
                "calls": work.calls,
                "macs": work.macs,
                "flops": 2 * work.macs,
                "weight_moved_bytes": work.weight_bytes,
                "activation_moved_bytes": work.activation_bytes,
            }
            for name, work in _work(subject, at).items()
        }
        rows[("", ALL)] |= {"calls": 1, "params": _onnx_weights.count(subject.model)["params"]}
        return rows


@dataclass
class _Work:
    calls: int = 0
    macs: int = 0
    weight_bytes: int = 0
    activation_bytes: int = 0
    uncounted: collections.Counter[str] = field(default_factory=collections.Counter)


def _work(subject: Graph, at: Mapping[str, Any]) -> dict[str, _Work]:
    """What each operator kind does in a pass, and all of them together."""
    model, stored = with_shapes(subject, at)
    known = {value.name: value for value in (*model.graph.value_info, *model.graph.input, *model.graph.output)}
    shapes = {name: shape(value) for name, value in known.items()}
    widths = {name: graphs.width(value.type.tensor_type.elem_type) for name, value in known.items()}
    for name, tensor in graphs.stored(model.graph).items():  # the small ones; large ones are inputs
        shapes[name], widths[name] = tuple(tensor.dims), graphs.width(tensor.data_type)
    found: dict[str, _Work] = {ALL: _Work()}
    for node in model.graph.node:
        if node.op_type in _NOTHING:
            continue
        macs, uncounted = _macs(node, shapes)
        sizes = {
            name: math.ceil(math.prod(lengths) * widths[name])
            for name in (*node.input, *node.output)
            if (lengths := shapes.get(name)) is not None
        }
        weights = sum(sizes[name] for name in node.input if name in stored and name in sizes)
        out = sum(sizes.get(name, 0) for name in node.output)
        if node.op_type == "Gather" and weights:  # of a table a lookup reads the rows that it returns
            weights = out
        read = sum(sizes.get(name, 0) for name in node.input if name not in stored)
        for work in (found[ALL], found.setdefault(node.op_type, _Work())):
            work.calls += 1
            work.macs += macs
            work.weight_bytes += weights
            work.activation_bytes += read + out
            work.uncounted.update(uncounted)
    return found


def _macs(node: NodeProto, shapes: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Multiply-adds of a node, and its name where it does arithmetic that is not in them."""
    formula = FORMULAS.get(f"{node.domain}.{node.op_type}") or FORMULAS.get(node.op_type)
    if formula is None:
        return 0, [] if node.op_type in _MOVES else [node.op_type]
    try:
        given, made = ([shapes.get(name) for name in names] for names in (node.input, node.output))
        return formula(node, given, made), []
    except (TypeError, IndexError, ValueError):
        return 0, [f"{node.op_type}_of_unknown_shape"]
