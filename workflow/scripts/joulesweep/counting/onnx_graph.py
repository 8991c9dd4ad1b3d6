"""An ONNX file without a torch original, counted from its graph: shapes are inferred for the lengths of a point.

Parameters are the stored numbers that operators compute with: of a quantised model the whole numbers, without the scales
and zero points that belong to them. An operator with a formula whose shapes cannot be inferred is listed as such, and so
is one that holds graphs of its own (If, Loop, Scan): what is in those is not counted.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import onnx
import onnx.inliner
from onnx import NodeProto, TensorProto, helper

from joulesweep import inputs
from joulesweep.counting._onnx_macs import FORMULAS, attribute
from joulesweep.counting.base import ALL, Graph, Layers, listed
from joulesweep.export import graph as graphs

libraries = ("onnx",)
subject = "graph"
check = False

_NOTHING = {"Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Shape", "Size", "Constant", "Dropout"}
_MOVES = _NOTHING | {
    "Cast", "CastLike", "Compress", "Concat", "ConstantOfShape", "DepthToSpace", "Expand", "EyeLike", "Gather",
    "GatherElements", "GatherND", "OneHot", "Pad", "Range", "ScatterElements", "ScatterND", "Slice", "SpaceToDepth",
    "Split", "Tile", "Transpose", "Trilu", "Where",
}  # fmt: skip
_FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE)
# Which inputs of an operator are whole numbers that stand for weights, and which are scales, zero points and statistics.
_WHOLE = {
    "DequantizeLinear": (0,), "QLinearConv": (3, 8), "QLinearMatMul": (3,), "ConvInteger": (1,), "MatMulInteger": (1,),
    "QGemm": (3, 6), "DynamicQuantizeMatMul": (1,), "MatMulIntegerToFloat": (1,), "MatMulNBits": (1,),
}  # fmt: skip
_BESIDE = {
    "DequantizeLinear": (1, 2), "QuantizeLinear": (1, 2), "QLinearConv": (1, 2, 4, 5, 6, 7), "ConvInteger": (2, 3),
    "QLinearMatMul": (1, 2, 4, 5, 6, 7), "MatMulInteger": (2, 3), "QGemm": (1, 2, 4, 5, 7, 8),
    "DynamicQuantizeMatMul": (2, 3), "MatMulIntegerToFloat": (2, 3, 4, 5), "MatMulNBits": (2, 3),
    "BatchNormalization": (3, 4),
}  # fmt: skip


def point(subject: Graph, at: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of the file, and multiply-adds and bytes of one pass at a point."""
    found = _work(subject, at)
    total = found.pop(ALL)
    moved = total.weight_bytes + total.activation_bytes
    return _parameters(subject.model) | {
        "macs": total.macs,
        "flops": 2 * total.macs,
        "macs_by_operator": listed({name: work.macs for name, work in found.items() if work.macs}),
        "uncounted_operators": listed(total.uncounted),
        "weight_moved_bytes": total.weight_bytes,
        "activation_moved_bytes": total.activation_bytes,
        "flops_per_byte": 2 * total.macs / moved if moved else None,
    }


def layers(subject: Graph, at: Mapping[str, Any]) -> Layers:
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
    rows[("", ALL)] |= {"calls": 1, "params": _parameters(subject.model)["params"]}
    return rows


@dataclass
class _Work:
    calls: int = 0
    macs: int = 0
    weight_bytes: int = 0
    activation_bytes: int = 0
    uncounted: Counter[str] = field(default_factory=Counter)


def _work(subject: Graph, at: Mapping[str, Any]) -> dict[str, _Work]:
    """What each operator kind does in a pass, and all of them together."""
    model = _with_shapes(subject, at)
    stored = set(_stored(model))
    known = {value.name: value for value in (*model.graph.value_info, *model.graph.input, *model.graph.output)}
    shapes = {name: _shape(value) for name, value in known.items()}
    widths = {name: _width(value.type.tensor_type.elem_type) for name, value in known.items()}
    for name, tensor in _stored(model).items():
        shapes[name], widths[name] = tuple(tensor.dims), _width(tensor.data_type)
    found: dict[str, _Work] = {ALL: _Work()}
    for node in model.graph.node:
        if node.op_type in _NOTHING:
            continue
        macs, uncounted = _macs(node, shapes)
        sizes = {
            name: math.ceil(math.prod(shape) * widths[name])
            for name in (*node.input, *node.output)
            if (shape := shapes.get(name)) is not None
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


def _with_shapes(subject: Graph, at: Mapping[str, Any]) -> onnx.ModelProto:
    """The graph with the lengths of a point and what follows from them."""
    model = onnx.ModelProto()
    model.CopyFrom(onnx.inliner.inline_local_functions(subject.model))
    del model.graph.value_info[:]
    lengths = inputs.shapes(subject.spec, at)
    given = graphs.fed_inputs(model)
    fed = inputs.fed_by(subject.spec, [value.name for value in given])
    for value in given:
        kind = value.type.tensor_type.elem_type
        value.CopyFrom(helper.make_tensor_value_info(value.name, kind, lengths[fed[value.name]]))
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    return onnx.shape_inference.infer_shapes(model, data_prop=True)


def _shape(value: onnx.ValueInfoProto) -> tuple[int, ...] | None:
    kind = value.type.tensor_type
    if not kind.HasField("shape") or not all(length.HasField("dim_value") for length in kind.shape.dim):
        return None
    return tuple(length.dim_value for length in kind.shape.dim)


def _width(kind: int) -> float:
    """Bytes of an element; those of four bits lie two in a byte."""
    if kind in (TensorProto.INT4, TensorProto.UINT4):
        return 0.5
    return helper.tensor_dtype_to_np_dtype(kind).itemsize if kind else 0


def _stored(model: onnx.ModelProto) -> dict[str, TensorProto]:
    """The tensors in the file by name: initialisers, and constants among the nodes."""
    constants = {node.output[0]: attribute(node, "value") for node in model.graph.node if node.op_type == "Constant"}
    return {tensor.name: tensor for tensor in model.graph.initializer} | {
        name: tensor for name, tensor in constants.items() if tensor is not None
    }


def _uses(model: onnx.ModelProto) -> Iterator[tuple[str, bool, bool]]:
    """For each input of each node: its name, and whether it stands for a weight in whole numbers, or beside one."""
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            yield name, place in _WHOLE.get(node.op_type, ()), place in _BESIDE.get(node.op_type, ())


def _parameters(model: onnx.ModelProto) -> dict[str, Any]:
    model = onnx.inliner.inline_local_functions(model)
    stored = _stored(model)
    whole, beside = set(), set()
    uses: Counter[str] = Counter()
    for name, is_whole, is_beside in _uses(model):
        uses[name] += 1
        whole |= {name} if is_whole else set()
        beside |= {name} if is_beside else set()
    weights = {
        name: math.prod(tensor.dims)
        for name, tensor in stored.items()
        if name in whole or (tensor.data_type in _FLOATS and tensor.dims and name not in beside)
    }
    bytes_: Counter[str] = Counter()
    for tensor in stored.values():
        kind = TensorProto.DataType.Name(tensor.data_type).lower()
        bytes_[kind] += math.ceil(math.prod(tensor.dims) * _width(tensor.data_type))
    often = {name: weights[name] for name in weights if uses[name] > 1}
    return {
        "params": sum(weights.values()),
        "params_every_use": sum(count * max(1, uses[name]) for name, count in weights.items()),
        "params_by_storage": sum(weights.values()),
        "buffers": sum(math.prod(stored[name].dims) for name in beside & set(stored)),
        "bytes_by_type": listed(bytes_),
        "shared": "; ".join(f"{name} in {uses[name]} operators ({count})" for name, count in often.items()),
    }
