"""Multiply-adds and FLOPs of torch's operators, in real numbers: products of matrices and vectors, convolutions, FFTs.

The formulas of `torch.utils.flop_counter` hold for products of matrices, convolutions and attention. Those that it lacks
are here: products with a vector, outer products, fused and quantised products. Three rules apply to all of them:

- A product of two complex numbers is four multiplications of real ones, so it counts as four multiply-adds.
- Of a sparse matrix only the stored elements are multiplied.
- A Fourier transform of n numbers is 5 n log2 n floating-point operations, half as many where one side is real (the
  convention of the benchmarks of FFTW). They are FLOPs and no multiply-adds.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.utils.flop_counter import flop_registry, sdpa_flop_count

from joulesweep.counters._conventions import fft_flops, is_outer
from joulesweep.counters._reachable import stored


def work(function: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], out: Any) -> tuple[int, int] | None:
    """Multiply-adds and FLOPs of one call of an operator; None where it is no product."""
    if name in _TRANSFORMS:
        return 0, _TRANSFORMS[name](args, out)
    if name in _FORMULAS:
        macs = _FORMULAS[name](*args, out=out)
    elif function in flop_registry:
        macs = flop_registry[function](*args, **kwargs, out_val=out) // 2
    elif name == "mul" and _is_outer(*args[:2]):
        macs = out.numel()
    else:
        return None
    operands = [part for part in (*args, *kwargs.values()) if isinstance(part, torch.Tensor)]
    for sparse in (part for part in operands if part.layout is not torch.strided and part.numel()):
        macs = macs * next(stored(sparse)).numel() // sparse.numel()
    return real(macs, operands)


def real(macs: int, operands: Sequence[torch.Tensor]) -> tuple[int, int]:
    """Multiply-adds and FLOPs in real numbers of so many multiply-adds of these operands."""
    macs *= 4 if any(part.is_complex() for part in operands) else 1
    return macs, 2 * macs


def _is_outer(first: Any, second: Any) -> bool:
    shapes = [tuple(getattr(part, "shape", ())) for part in (first, second)]
    return is_outer(*shapes) or is_outer(*reversed(shapes))


def _fft(is_real: bool, lengths_of_result: bool) -> Callable[[Sequence[Any], torch.Tensor], int]:
    def flops(args: Sequence[Any], out: torch.Tensor) -> int:
        lengths = (out if lengths_of_result else args[0]).shape
        return fft_flops(math.prod(lengths), math.prod(lengths[place] for place in args[1]), is_real)

    return flops


_TRANSFORMS = {"_fft_c2c": _fft(False, False), "_fft_r2c": _fft(True, False), "_fft_c2r": _fft(True, True)}


def _matrix(first: Any, *_: Any, out: Any) -> int:
    """A matrix by a vector, or two vectors: each element of the first is multiplied once."""
    return first.numel()


def _added_matrix(added: Any, first: Any, *_: Any, out: Any) -> int:
    return first.numel()


def _added_product(added: Any, first: Any, second: Any, *_: Any, out: Any) -> int:
    """Two matrices, or as many pairs of them as there are: each row of the first by each column of the second."""
    return first.numel() * second.shape[-1]


def _rows(x: Any, *_: Any, out: Any) -> int:
    """Every element of the result is a sum over the last dimension of what goes in."""
    return out.numel() * x.shape[-1]


def _kernel(x: Any, weight: Any, *_: Any, out: Any) -> int:
    """Every element of the result needs the weights of one channel; packed weights are unpacked to see their shape."""
    weight = weight if isinstance(weight, torch.Tensor) else weight.unpack()[0]
    return out.numel() * math.prod(weight.shape[1:])


def _attention(query: Any, key: Any, value: Any, *_: Any, out: Any) -> int:
    return sdpa_flop_count(query.shape, key.shape, value.shape) // 2


def _bilinear(first: Any, weight: Any, second: Any, *_: Any, out: Any) -> int:
    """A product with the first vector, outputs x width x width, then one with the second."""
    outputs, _, width = weight.shape
    return first.numel() * outputs * width + out.numel() * width


def _grouped(first: Any, second: Any, *_: Any, out: Any) -> int:
    """Groups of rows by a matrix each; where both are matrices, groups of columns and of rows."""
    return first.numel() * second.shape[-1] if first.dim() == second.dim() == 2 else out.numel() * first.shape[-1]


_FORMULAS: dict[str, Callable[..., int]] = {
    "mv": _matrix,
    "dot": _matrix,
    "vdot": _matrix,
    "addmv": _added_matrix,
    "addmv_": _added_matrix,
    "addr": lambda added, first, second, *_, out: first.numel() * second.numel(),
    "addr_": lambda added, first, second, *_, out: first.numel() * second.numel(),
    "addmm_": _added_product,
    "baddbmm_": _added_product,
    "addbmm": _added_product,
    "addbmm_": _added_product,
    "_addmm_activation": _added_product,
    "_sparse_addmm": _added_product,
    "_trilinear": _bilinear,
    "_euclidean_dist": lambda first, second, *_, out: out.numel() * (first.shape[-1] + 2),
    "_int_mm": _rows,
    "_weight_int8pack_mm": _rows,
    "_weight_int4pack_mm": _rows,
    "_weight_int4pack_mm_for_cpu": _rows,
    "_dyn_quant_matmul_4bit": _rows,
    "_grouped_mm": _grouped,
    "_scaled_grouped_mm": _grouped,
    "conv_tbc": lambda x, weight, *_, out: out.numel() * math.prod(weight.shape[:2]),
    "torchvision.deform_conv2d": _kernel,
    "_scaled_dot_product_flash_attention_for_cpu": lambda *args, out: _attention(*args, out=out[0]),
    "quantized.linear": _rows,
    "quantized.linear_relu": _rows,
    "quantized.linear_dynamic": _rows,
    "quantized.linear_relu_dynamic": _rows,
    "quantized.linear_dynamic_fp16": _rows,
    "quantized.linear_relu_dynamic_fp16": _rows,
    "quantized.conv1d": _kernel,
    "quantized.conv1d_relu": _kernel,
    "quantized.conv2d": _kernel,
    "quantized.conv2d_relu": _kernel,
    "quantized.conv3d": _kernel,
    "quantized.conv3d_relu": _kernel,
    "quantized.matmul": _rows,
}
