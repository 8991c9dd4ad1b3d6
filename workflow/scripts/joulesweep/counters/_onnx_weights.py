"""The parameters of an ONNX file: the stored numbers that operators compute with, in branches and loops too.

Of a quantised model these are the whole numbers; the scales and zero points that belong to them are not. What a batch
normalisation keeps as mean and variance are buffers, as they are in torch.
"""

import math
from collections import Counter
from typing import Any

import onnx
import onnx.inliner
from onnx import ModelProto, TensorProto

from joulesweep.launches.columns import listed
from joulesweep.model import graph as graphs

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

Place = tuple[graphs.Around, str]  # the operators around a graph, and the name of a tensor in it


def count(model: ModelProto) -> dict[str, Any]:
    """The columns that a row of counts has about parameters."""
    model = onnx.inliner.inline_local_functions(model) if model.functions else model
    tensors = {
        (path, name): tensor
        for path, graph in graphs.parts(model.graph)
        for name, tensor in graphs.stored(graph).items()
    }
    whole, beside = set(), set()
    uses: Counter[Place] = Counter()
    for path, graph in graphs.parts(model.graph):
        for node in graph.node:
            for index, name in enumerate(node.input):
                place = _resolved(path, name, tensors)
                uses[place] += 1
                whole |= {place} if index in _WHOLE.get(node.op_type, ()) else set()
                beside |= {place} if index in _BESIDE.get(node.op_type, ()) else set()
    weights = {
        place: math.prod(tensor.dims)
        for place, tensor in tensors.items()
        if place in whole or (tensor.data_type in _FLOATS and tensor.dims and place not in beside)
    }
    sizes: Counter[str] = Counter()
    for tensor in tensors.values():
        sizes[TensorProto.DataType.Name(tensor.data_type).lower()] += math.ceil(
            math.prod(tensor.dims) * graphs.width(tensor.data_type)
        )
    often = {place: number for place, number in weights.items() if uses[place] > 1}
    return {
        "params": sum(weights.values()),
        "params_every_use": sum(number * max(1, uses[place]) for place, number in weights.items()),
        "params_by_storage": sum(weights.values()),
        "buffers": sum(math.prod(tensors[place].dims) for place in beside & tensors.keys()),
        "bytes_by_type": listed(sizes),
        "shared": "; ".join(f"{place[1]} in {uses[place]} operators ({number})" for place, number in often.items()),
    }


def _resolved(path: graphs.Around, name: str, tensors: dict[Place, TensorProto]) -> Place:
    """Where a name that is used in a graph is stored: there, or in one of the graphs around it."""
    while path and (path, name) not in tensors:
        path = path[:-1]
    return path, name
