"""ONNX files as graphs: what they hold, without anything of the machine that made them."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import onnx

from joulesweep.model import inputs

Around = tuple[str, ...]


def load(file: Path) -> onnx.ModelProto:
    """The graph in a file."""
    return onnx.load(file)


def save(model: onnx.ModelProto, file: Path) -> None:
    """Write a graph so that the same graph gives the same bytes."""
    file.write_bytes(model.SerializeToString(deterministic=True))


def strip(model: onnx.ModelProto) -> None:
    """Remove what no runtime needs and what names the machine: stack traces, documentation, producer, paths."""
    for name in ("producer_name", "producer_version", "doc_string", "domain"):
        model.ClearField(name)
    del model.metadata_props[:]
    # Shapes between operators; every runtime infers them itself, and exporters name them differently.
    del model.graph.value_info[:]
    _strip(model.graph)
    for function in model.functions:
        _strip(function)
    # Which operator sets an exporter knows, and in what order it lists them, is its own affair.
    used = {node.domain for part in (model.graph, *model.functions) for node in part.node}
    kept = sorted((item for item in model.opset_import if item.domain in used | {""}), key=lambda item: item.domain)
    found = [(item.domain, item.version) for item in kept]
    del model.opset_import[:]
    model.opset_import.extend(onnx.helper.make_opsetid(*item) for item in found)


def _strip(part: Any) -> None:
    """Clear documentation and metadata in a message and in all that it holds."""
    for descriptor, value in part.ListFields():
        if descriptor.name in ("doc_string", "metadata_props"):
            part.ClearField(descriptor.name)
        elif descriptor.type == descriptor.TYPE_MESSAGE and descriptor.name != "raw_data":
            for message in value if hasattr(value, "__len__") else (value,):
                _strip(message)


def name_axes(model: onnx.ModelProto, spec: Mapping[str, Any]) -> None:
    """Give the free dimensions of the inputs, and those of the outputs that depend on them, the names of their axes."""
    new: dict[str, str] = {}
    for dimensions, lengths in _declared(model, spec):
        axes = [length if isinstance(length, str) else f"axis{place}" for place, length in enumerate(lengths)]
        if axes.count("size") == 2:
            axes[axes.index("size")], axes[len(axes) - 1 - axes[::-1].index("size")] = "height", "width"
        new |= {dimension.dim_param: name for dimension, name in zip(dimensions, axes, strict=True)}
    for value in (*model.graph.input, *model.graph.output):
        for dimension in value.type.tensor_type.shape.dim:
            if dimension.dim_param:
                dimension.dim_param = new.get(dimension.dim_param, dimension.dim_param)


def _declared(model: onnx.ModelProto, spec: Mapping[str, Any]) -> Iterator[tuple[Any, list[int | str]]]:
    """For each input of the file its dimensions there and its declared lengths."""
    given = fed_inputs(model)
    lengths = {one["name"]: inputs.dimensions(one) for one in spec["inputs"]}
    for value, declared in zip(given, inputs.match_inputs(spec, [value.name for value in given]).values(), strict=True):
        yield value.type.tensor_type.shape.dim, lengths[declared]


def fixed_batch(model: onnx.ModelProto, spec: Mapping[str, Any]) -> int | None:
    """The only batch that a graph takes; None where it takes any."""
    return next(
        (
            dimension.dim_value
            for dimensions, lengths in _declared(model, spec)
            for dimension, length in zip(dimensions, lengths, strict=False)
            if length == "batch" and dimension.HasField("dim_value")
        ),
        None,
    )


def opset(model: onnx.ModelProto) -> int:
    """Version of the operators of ONNX itself that a graph uses."""
    return max((item.version for item in model.opset_import if item.domain in ("", "ai.onnx")), default=1)


def unlist_weights(model: onnx.ModelProto) -> None:
    """Leave the inputs that a pass must be given; old files list their weights among the inputs."""
    fed = list(fed_inputs(model))
    del model.graph.input[:]
    model.graph.input.extend(fed)


def half_precision(model: onnx.ModelProto) -> str:
    """A tensor or input of half precision, by name; empty where there is none."""
    half = (onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16)
    values = [(value.name, value.type.tensor_type.elem_type) for value in model.graph.input]
    tensors = [(name, tensor.data_type) for _, part in parts(model.graph) for name, tensor in stored(part).items()]
    return next((name for name, kind in (*values, *tensors) if kind in half), "")


def fed_inputs(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """The inputs that a pass must be given; old files list their weights among the inputs too."""
    stored = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in stored]


def weight_bytes(model: onnx.ModelProto) -> int:
    """Bytes of the tensors that the file holds."""
    tensors = [tensor for _, part in parts(model.graph) for tensor in stored(part).values()]
    return sum(math.ceil(math.prod(tensor.dims) * width(tensor.data_type)) for tensor in tensors)


def parts(graph: onnx.GraphProto, path: Around = ()) -> Iterator[tuple[Around, onnx.GraphProto]]:
    """A graph and those that its operators hold (branches, loops), each with the operators around it, outermost first."""
    yield path, graph
    for place, node in enumerate(graph.node):
        for one in node.attribute:
            for index, inner in enumerate([one.g] if one.HasField("g") else one.graphs):
                yield from parts(inner, (*path, f"{place} {one.name} {index}"))


def stored(graph: onnx.GraphProto) -> dict[str, onnx.TensorProto]:
    """The tensors of one graph by name: initialisers, and constants among the nodes."""
    constants = {
        node.output[0]: one.t
        for node in graph.node
        for one in node.attribute
        if node.op_type == "Constant" and one.HasField("t")
    }
    return {tensor.name: tensor for tensor in graph.initializer} | constants


def width(kind: int) -> float:
    """Bytes of an element; those of four bits lie two in a byte."""
    if kind in (onnx.TensorProto.INT4, onnx.TensorProto.UINT4):
        return 0.5
    return onnx.helper.tensor_dtype_to_np_dtype(kind).itemsize if kind else 0


def operators(model: onnx.ModelProto) -> set[str]:
    """Types of the operators in the graph."""
    return {node.op_type for node in model.graph.node}
