"""ONNX files as graphs: what they hold, without anything of the machine that made them."""

import math
from pathlib import Path
from typing import Any

import onnx


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


def name_axes(model: onnx.ModelProto, names: list[str]) -> None:
    """Give the free dimensions of the only input, in order, names that a person understands."""
    dimensions = model.graph.input[0].type.tensor_type.shape.dim
    new = {dimension.dim_param: name for dimension, name in zip(dimensions, names, strict=True) if dimension.dim_param}
    for value in (*model.graph.input, *model.graph.output):
        for dimension in value.type.tensor_type.shape.dim:
            if dimension.dim_param:
                dimension.dim_param = new.get(dimension.dim_param, dimension.dim_param)


def fixed(model: onnx.ModelProto) -> bool:
    """Whether every dimension of the input but the batch is a number, so that the file serves one size alone."""
    dimensions = model.graph.input[0].type.tensor_type.shape.dim
    return all(dimension.HasField("dim_value") for dimension in dimensions[1:])


def weight_bytes(model: onnx.ModelProto) -> int:
    """Bytes of the tensors that the file holds."""
    return sum(
        math.prod(tensor.dims) * onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
        for tensor in model.graph.initializer
    )


def operators(model: onnx.ModelProto) -> set[str]:
    """Types of the operators in the graph."""
    return {node.op_type for node in model.graph.node}


def parameters(model: onnx.ModelProto) -> int:
    """Elements of the floating-point tensors that the file holds, scalars aside: those are constants of the graph."""
    kinds = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16, onnx.TensorProto.DOUBLE)
    return sum(
        math.prod(tensor.dims) for tensor in model.graph.initializer if tensor.data_type in kinds and tensor.dims
    )
