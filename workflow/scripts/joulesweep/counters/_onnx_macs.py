"""Multiply-adds of ONNX operators, from the shapes of what goes in and what comes out.

Each formula takes the node, the shapes of its inputs and those of its outputs (None where unknown) and fails with a
`TypeError` where it needs one that is unknown.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from onnx import NodeProto, helper

Shape = tuple[int, ...]
Formula = Callable[[NodeProto, Sequence[Any], Sequence[Any]], int]


def attribute(node: NodeProto, name: str, default: Any = None) -> Any:
    """The value of a node's attribute."""
    return next((helper.get_attribute_value(one) for one in node.attribute if one.name == name), default)


def _convolution(weight: int) -> Formula:
    """Every output element needs one kernel: out x (channels in a group x kernel)."""
    return lambda node, given, made: math.prod(made[0]) * math.prod(given[weight][1:])


def _transposed(node: NodeProto, given: Sequence[Any], made: Sequence[Any]) -> int:
    return math.prod(given[0]) * math.prod(given[1][1:])


def _product(node: NodeProto, given: Sequence[Any], made: Sequence[Any]) -> int:
    """Every output element needs one row: out x inner length."""
    turned = attribute(node, "transA", 0)
    return math.prod(made[0]) * given[0][-2 if turned else -1]


def _packed_product(node: NodeProto, given: Sequence[Any], made: Sequence[Any]) -> int:
    return math.prod(made[0]) * attribute(node, "K")


def _recurrent(node: NodeProto, given: Sequence[Any], made: Sequence[Any]) -> int:
    """Every step multiplies by the weights of its input and of the state, of all gates and directions."""
    steps_and_batch = given[0][:2]
    return math.prod(steps_and_batch) * (math.prod(given[1]) + math.prod(given[2]))


def _attention(node: NodeProto, given: Sequence[Any], made: Sequence[Any]) -> int:
    """Scores and their use: queries x keys x (width of a query + width of a value), for every head."""
    query, key, value = given[:3]
    if len(query) == 4:
        batch, heads, rows, width = query
        return batch * heads * rows * key[2] * (width + value[3])
    heads = attribute(node, "q_num_heads") or attribute(node, "num_heads")
    keys_heads = attribute(node, "kv_num_heads") or heads
    return query[0] * query[1] * key[1] * (query[2] + heads * value[2] // keys_heads)


def _attention_with_projection(node: NodeProto, given: Sequence[Any], made: Sequence[Any]) -> int:
    (batch, rows, _), weight = given[0], given[1]
    return batch * rows * math.prod(weight) + 2 * batch * rows * rows * (weight[1] // 3)


def _einsum(node: NodeProto, given: Sequence[Any], made: Sequence[Any]) -> int:
    """Of two operands: the product of the lengths of all indices."""
    terms = attribute(node, "equation").decode().replace(" ", "").partition("->")[0].split(",")
    if len(terms) != 2 or "." in "".join(terms):
        raise TypeError("no formula for this equation")
    lengths = {index: n for term, shape in zip(terms, given, strict=True) for index, n in zip(term, shape, strict=True)}
    return math.prod(lengths.values())


FORMULAS: dict[str, Formula] = {
    "Conv": _convolution(1),
    "FusedConv": _convolution(1),
    "ConvInteger": _convolution(1),
    "QLinearConv": _convolution(3),
    "ConvTranspose": _transposed,
    "Gemm": _product,
    "QGemm": _product,
    "MatMul": _product,
    "FusedMatMul": _product,
    "FusedGemm": _product,
    "MatMulInteger": _product,
    "QLinearMatMul": _product,
    "DynamicQuantizeMatMul": _product,
    "MatMulIntegerToFloat": _product,
    "MatMulNBits": _packed_product,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "RNN": _recurrent,
    "Attention": _attention,
    "MultiHeadAttention": _attention,
    "com.microsoft.Attention": _attention_with_projection,
    "Einsum": _einsum,
}
