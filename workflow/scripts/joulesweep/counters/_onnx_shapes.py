"""The shapes in an ONNX graph where its inputs have the lengths of a point.

ONNX's own inference stops at a reshape whose target other operators compute. Those operators work on a handful of whole
numbers, so they are evaluated here, branches whose condition is then known are taken, and inference begins again, until
nothing new is known.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import onnx
import onnx.inliner
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from joulesweep.counters._onnx_macs import attribute
from joulesweep.counters.base import Graph
from joulesweep.model import graph as graphs
from joulesweep.model import inputs

_FEW = 1024  # elements: what computes a shape is smaller, and only weights are larger
_NOT_EVALUATED = {"If", "Loop", "Scan", "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike"}


def with_shapes(subject: Graph, point: Mapping[str, Any]) -> tuple[ModelProto, set[str]]:
    """The graph with the shapes at a point, functions inlined and known branches taken; and the names of stored tensors.

    Large stored tensors are inputs of this graph, without their numbers.
    """
    model, stored = _light(subject, point)
    while True:
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
        known = dict(_evaluated(inferred))
        kept = [node for node in model.graph.node if known.keys().isdisjoint(node.output)]
        model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in known.items())
        constants = {tensor.name: tensor for tensor in model.graph.initializer}
        taken = [node for node in kept if node.op_type == "If" and node.input[0] in constants]
        if not known and not taken:
            return inferred, stored
        del model.graph.node[:]
        for place, node in enumerate(kept):
            if node in taken:
                chosen = bool(numpy_helper.to_array(constants[node.input[0]]).item())
                _take(model, node, attribute(node, "then_branch" if chosen else "else_branch"), f"{place}/", stored)
            else:
                model.graph.node.append(node)


def shape(value: ValueInfoProto) -> tuple[int, ...] | None:
    """The lengths of a value; None where one of them is not known."""
    tensor = value.type.tensor_type
    if not tensor.HasField("shape") or not all(length.HasField("dim_value") for length in tensor.shape.dim):
        return None
    return tuple(length.dim_value for length in tensor.shape.dim)


def _light(subject: Graph, point: Mapping[str, Any]) -> tuple[ModelProto, set[str]]:
    """The graph at a point without the numbers of its large tensors, and without shapes that an exporter wrote down."""
    graph = subject.model.graph
    fed = graphs.fed_inputs(subject.model)
    names = inputs.match_inputs(subject.spec, [value.name for value in fed])
    lengths = inputs.shapes(subject.spec, point)
    declared = {entry["name"]: entry for entry in subject.spec["inputs"]}
    outputs = [_value(value.name, value.type.tensor_type.elem_type, None) for value in graph.output]
    light = helper.make_model(
        helper.make_graph(_computing(graph), graph.name or "graph", [], outputs),
        opset_imports=subject.model.opset_import,
        functions=subject.model.functions,
        ir_version=subject.model.ir_version,
    )
    for value in fed:
        entry = declared[names[value.name]]
        dtype, fed_shape = value.type.tensor_type.elem_type, lengths[entry["name"]]
        is_constant = entry["high"] - entry["low"] == 1 and not entry["dtype"].startswith("float")
        if is_constant and math.prod(fed_shape) <= _FEW:
            array = np.full(fed_shape, entry["low"], dtype=helper.tensor_dtype_to_np_dtype(dtype))
            light.graph.initializer.append(numpy_helper.from_array(array, value.name))
        else:
            light.graph.input.append(_value(value.name, dtype, fed_shape))
    stored: set[str] = set()
    _store(light, graphs.stored(graph), stored)
    return (onnx.inliner.inline_local_functions(light) if light.functions else light), stored


def _computing(graph: GraphProto) -> list[NodeProto]:
    """The nodes of a graph that are no stored tensors."""
    stored = graphs.stored(graph)
    return [node for node in graph.node if node.op_type != "Constant" or node.output[0] not in stored]


def _store(model: ModelProto, tensors: Mapping[str, TensorProto], stored: set[str]) -> None:
    """Add stored tensors under these names, large ones as inputs; `stored` gets the names."""
    for name, tensor in tensors.items():
        stored.add(name)
        if math.prod(tensor.dims) > _FEW:
            model.graph.input.append(_value(name, tensor.data_type, tensor.dims))
        else:
            model.graph.initializer.append(numpy_helper.from_array(numpy_helper.to_array(tensor), name))


def _value(name: str, dtype: int, lengths: Any) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, lengths)


def _take(model: ModelProto, node: NodeProto, branch: GraphProto, prefix: str, stored: set[str]) -> None:
    """Put the operators of a branch in the place of the node that chooses it."""
    tensors = graphs.stored(branch)
    inside = {*tensors, *(name for inner in branch.node for name in inner.output)}
    new = {name: prefix + name for name in inside if name}
    _store(model, {new[name]: tensor for name, tensor in tensors.items()}, stored)
    model.graph.node.extend(_renamed(inner, new) for inner in _computing(branch))
    for inner, outer in zip(branch.output, node.output, strict=True):
        model.graph.node.append(helper.make_node("Identity", [new.get(inner.name, inner.name)], [outer]))


def _renamed(node: NodeProto, new: Mapping[str, str]) -> NodeProto:
    """The same node with other names for values, in the graphs that it holds too."""
    copy = NodeProto()
    copy.CopyFrom(node)
    for names in (copy.input, copy.output):
        renamed_names = [new.get(name, name) for name in names]
        del names[:]
        names.extend(renamed_names)
    for item in copy.attribute:
        for graph in [item.g] if item.HasField("g") else item.graphs:
            renamed = [_renamed(inner, new) for inner in graph.node]
            del graph.node[:]
            graph.node.extend(renamed)
            for value in graph.output:
                value.name = new.get(value.name, value.name)
    return copy


def _evaluated(model: ModelProto) -> Iterator[tuple[str, np.ndarray]]:
    """What can be computed now: shapes of values whose shape is known, and what follows from known small tensors."""
    known = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    shapes = {value.name: shape(value) for value in (*model.graph.value_info, *model.graph.input)}
    for node in model.graph.node:
        if node.op_type == "Shape" and (lengths := shapes.get(node.input[0])) is not None:
            arrays = {node.input[0]: np.empty(lengths, dtype=np.int8)}  # only its shape is looked at
        elif node.op_type in _NOT_EVALUATED or not all(name in known for name in node.input if name):
            continue
        else:
            arrays = {name: known[name] for name in node.input if name}
        for name, value in _outputs(node, arrays, model):
            if value.size <= _FEW:
                known[name] = value
                yield name, value


def _outputs(node: NodeProto, arrays: Mapping[str, np.ndarray], model: ModelProto) -> list[tuple[str, np.ndarray]]:
    """What a node computes; nothing where the reference implementation cannot."""
    graph = helper.make_graph(
        [node],
        "node",
        [_value(name, helper.np_dtype_to_tensor_dtype(value.dtype), None) for name, value in arrays.items()],
        [helper.make_empty_tensor_value_info(name) for name in node.output if name],
    )
    try:
        evaluator = ReferenceEvaluator(helper.make_model(graph, opset_imports=model.opset_import))
        outputs = evaluator.run(None, dict(arrays))
    except Exception:  # an operator of another domain, or one that needs what is not here
        return []
    return [(name, np.asarray(value)) for name, value in zip(filter(None, node.output), outputs, strict=True)]
