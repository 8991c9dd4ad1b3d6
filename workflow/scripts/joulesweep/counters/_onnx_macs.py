"""Multiply-adds of ONNX operators, and FLOPs of Fourier transforms, from the shapes of what goes in and comes out.

Each formula takes the node, the shapes of its inputs and those of its outputs (None where unknown) and fails with a
`TypeError` where it needs one that is unknown. The conventions are those of torch's operators (`_products.py`).
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from onnx import NodeProto, helper

from joulesweep.counters._conventions import fft_flops, is_outer

Shape = tuple[int, ...]
Formula = Callable[[NodeProto, Sequence[Any], Sequence[Any]], int | None]


def attribute(node: NodeProto, name: str, default: Any = None) -> Any:
    """The value of a node's attribute."""
    return next((helper.get_attribute_value(item) for item in node.attribute if item.name == name), default)


def _convolution(weight: int) -> Formula:
    """Every output element needs one kernel: out x (channels in a group x kernel)."""
    return lambda node, read, made: math.prod(made[0]) * math.prod(read[weight][1:])


def _transposed(node: NodeProto, read: Sequence[Any], made: Sequence[Any]) -> int:
    return math.prod(read[0]) * math.prod(read[1][1:])


def _product(node: NodeProto, read: Sequence[Any], made: Sequence[Any]) -> int:
    """Every output element needs one row: out x inner length."""
    is_transposed = attribute(node, "transA", 0)
    return math.prod(made[0]) * read[0][-2 if is_transposed else -1]


def _packed_product(node: NodeProto, read: Sequence[Any], made: Sequence[Any]) -> int:
    return math.prod(made[0]) * attribute(node, "K")


def _outer(node: NodeProto, read: Sequence[Any], made: Sequence[Any]) -> int | None:
    """An element-wise product that is an outer product; None where it is none."""
    return math.prod(made[0]) if is_outer(*read) or is_outer(*reversed(read)) else None


def _recurrent(node: NodeProto, read: Sequence[Any], made: Sequence[Any]) -> int:
    """Every step multiplies by the weights of its input and of the state, of all gates and directions."""
    steps_and_batch = read[0][:2]
    return math.prod(steps_and_batch) * (math.prod(read[1]) + math.prod(read[2]))


def _attention(node: NodeProto, read: Sequence[Any], made: Sequence[Any]) -> int:
    """Scores and their use: queries x keys x (width of a query + width of a value), for every head."""
    query, key, value = read[:3]
    if len(query) == 4:
        batch, heads, rows, width = query
        return batch * heads * rows * key[2] * (width + value[3])
    heads = attribute(node, "q_num_heads") or attribute(node, "num_heads")
    keys_heads = attribute(node, "kv_num_heads") or heads
    return query[0] * query[1] * key[1] * (query[2] + heads * value[2] // keys_heads)


def _attention_with_projection(node: NodeProto, read: Sequence[Any], made: Sequence[Any]) -> int:
    (batch, rows, _), weight = read[0], read[1]
    return batch * rows * math.prod(weight) + 2 * batch * rows * rows * (weight[1] // 3)


def _einsum(node: NodeProto, read: Sequence[Any], made: Sequence[Any]) -> int:
    """Pair by pair from the left: the product of the lengths of all indices of a pair."""
    terms, _, kept = attribute(node, "equation").decode().replace(" ", "").partition("->")
    factors = []
    for term, shape in zip(terms.split(","), read, strict=True):
        spread = len(shape) - len(term.replace("...", ""))  # an ellipsis stands for this many indices
        indices = term.replace("...", "".join(f"{place}" for place in reversed(range(spread))))
        factors.append(dict(zip(indices, shape, strict=True)))
    macs, product = 0, factors[0]
    for place, factor in enumerate(factors[1:], 1):
        lengths = {index: max(product.get(index, 1), factor.get(index, 1)) for index in (*product, *factor)}
        macs += math.prod(lengths.values())
        needed = {*kept, *(index for later in factors[place + 1 :] for index in later)}
        product = {index: n for index, n in lengths.items() if index in needed or index.isdigit()}
    return macs


def _dft(node: NodeProto, read: Sequence[Any], made: Sequence[Any], numbers: Sequence[Any]) -> int:
    """Along one axis; the last one holds real numbers, or real and imaginary parts."""
    axis = int(numbers[2]) if len(read) > 2 and node.input[2] else attribute(node, "axis", -2 if len(read) > 2 else 1)
    backwards = attribute(node, "inverse", 0) and attribute(node, "onesided", 0)
    whole = made[0] if backwards else read[0]  # the side that has every frequency or sample
    length = int(numbers[1]) if len(read) > 1 and node.input[1] else whole[axis]
    transforms = math.prod(whole[:-1]) // whole[axis]
    return fft_flops(transforms * length, length, read[0][-1] == 1 or made[0][-1] == 1)


def _stft(node: NodeProto, read: Sequence[Any], made: Sequence[Any], numbers: Sequence[Any]) -> int:
    """One transform per frame."""
    length = int(numbers[3]) if len(read) > 3 and node.input[3] else read[2][0]
    return fft_flops(math.prod(made[0][:2]) * length, length, len(read[0]) == 2 or read[0][-1] == 1)


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
    "DeformConv": _convolution(1),
    "Mul": _outer,
}

TRANSFORMS = {"DFT": _dft, "STFT": _stft}  # FLOPs and no multiply-adds; they are handed the numbers of known inputs too
