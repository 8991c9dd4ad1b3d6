"""The weights of a model: drawn by name; kept in a safetensors file; and the model's identity.

Every tensor is copied into the storage that the module already has, so that tied parameters and views stay tied. A sparse
tensor is kept as its parts, a complex one as pairs of real numbers.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save as to_bytes
from torch import nn
from torch.overrides import TorchFunctionMode

from joulesweep.errors import UserError, one_line
from joulesweep.model import rng

_EMBEDDINGS = (nn.Embedding, nn.EmbeddingBag)
_PRODUCTS = (nn.Linear, nn.modules.conv._ConvNd)
_FILLS = {"normal_", "uniform_", "trunc_normal_", "kaiming_uniform_", "kaiming_normal_", "erfinv_", "bernoulli_"}


class Uninitialised(TorchFunctionMode):
    """A context that fills no tensor with random numbers: a module whose weights come later is built quickly."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") in _FILLS:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def draw(module: nn.Module) -> None:
    """Fill every parameter with values that its name and shape alone decide.

    Matrices and kernels are uniform with the variance of He et al. (2015), 2 / fan-in, so that activations neither
    vanish (denormal numbers are slow) nor overflow; embeddings and tokens have a standard deviation of 0.02, biases of 0.01
    (exporters remove those that are all zero); scales are 1. A complex number has half of the variance in each of its
    parts. Whole numbers and buffers stay as the module made them.
    """
    owners = dict(module.named_modules())
    for name, parameter in module.named_parameters():
        owner, _, leaf = name.rpartition(".")
        of = owners.get(owner, module)
        if parameter.is_complex():
            parts = [_values(f"{name}.{part}", leaf, parameter.shape, of) for part in ("real", "imaginary")]
            _copy(parameter, torch.complex(*parts) / math.sqrt(2))
        elif parameter.is_floating_point() and parameter.layout == torch.strided:
            _copy(parameter, _values(name, leaf, parameter.shape, of))
        elif parameter.is_floating_point():
            values = dict(_dense_parts(name, parameter.detach()))[f"{name}.values"]
            _copy(values, _values(name, leaf, values.shape, of))


def _values(name: str, leaf: str, shape: torch.Size, owner: nn.Module) -> torch.Tensor:
    product = isinstance(owner, _PRODUCTS) and leaf == "weight"
    if (
        not product
        and math.prod(shape) == max(shape, default=1)
        and not any(part in name for part in ("token", "embed"))
    ):
        if not (leaf.endswith("bias") or "bias_" in leaf):
            return torch.ones(shape)
        deviation = 0.01
    elif isinstance(owner, _EMBEDDINGS) or "weight" not in leaf:
        deviation = 0.02
    else:
        inputs = (shape[0], *shape[2:]) if getattr(owner, "transposed", False) else shape[1:]
        deviation = math.sqrt(2 / max(1, math.prod(inputs)))
    bound = math.sqrt(3) * deviation
    return torch.from_numpy(rng.uniform(name, shape, -bound, bound))


def save(module: nn.Module, file: Path) -> int:
    """Write every parameter and buffer once to a safetensors file; returns the bytes of the tensors alone.

    Raises:
        UserError: a tensor is of a layout or type that cannot be kept.
    """
    stored = {name: tensor.clone().contiguous() for name, tensor in tensors(module)}
    try:
        content = to_bytes(stored)
    except Exception as error:  # the library's errors are as many as the kinds of tensors it does not know
        raise UserError(f"the weights cannot be kept in a file: {one_line(error, 200)}") from error
    file.write_bytes(content)
    return sum(tensor.nbytes for tensor in stored.values())


def load(module: nn.Module, file: Path) -> None:
    """Copy what `save` wrote back into a module built from the same source.

    Raises:
        UserError: the file holds the tensors of another model.
    """
    wanted = {name for name, _ in tensors(module)}
    with safe_open(file, framework="pt") as stored:
        if set(stored.keys()) != wanted:
            raise UserError(
                f"{file}: holds the weights of another model than the source builds now; run the export again"
            )
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            values = {part: stored.get_tensor(part) for part, _ in _dense_parts(name, tensor.detach())}
            if tensor.layout == torch.sparse_coo and values[f"{name}.values"].shape != tensor._values().shape:
                indices = values[f"{name}.indices"]
                _copy(
                    tensor, torch.sparse_coo_tensor(indices, values[f"{name}.values"], tensor.shape, is_coalesced=True)
                )
                continue
            for part, dense in _dense_parts(name, tensor.detach()):
                _copy(dense, values[part])


def tensors(module: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Names and tensors of all parameters and buffers as they are kept in a file; one that has two names comes once.

    Raises:
        UserError: a tensor is of a layout or type that cannot be kept.
    """
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        yield from _dense_parts(name, tensor.detach())


def copy_into(target: torch.Tensor, values: torch.Tensor) -> None:
    """Copy the user's values into a parameter or buffer, whatever its layout.

    Raises:
        UserError: they do not fit, as where other elements of a sparse matrix are not zero.
    """
    try:
        _copy(target, values.coalesce() if values.layout == torch.sparse_coo else values)
    except RuntimeError as error:
        raise UserError(f"weights: a tensor cannot be copied: {one_line(error, 200)}") from error


def _dense_parts(name: str, tensor: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
    """The dense tensors of real numbers that a tensor consists of; they share its memory."""
    if tensor.layout == torch.sparse_coo:
        parts = {"indices": tensor._indices(), "values": tensor._values()}
    elif tensor.layout in (torch.sparse_csr, torch.sparse_bsr):
        parts = {"rows": tensor.crow_indices(), "columns": tensor.col_indices(), "values": tensor.values()}
    elif tensor.layout in (torch.sparse_csc, torch.sparse_bsc):
        parts = {"columns": tensor.ccol_indices(), "rows": tensor.row_indices(), "values": tensor.values()}
    elif tensor.layout != torch.strided or tensor.is_quantized or tensor.is_nested:
        kind = [str(word).removeprefix("torch.") for word in (tensor.dtype, tensor.layout)]
        raise UserError(f"{name}: a tensor of {' and '.join(kind)} cannot be kept in a file of weights")
    else:
        yield name, torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor
        return
    for part, dense in parts.items():
        yield from _dense_parts(f"{name}.{part}", dense)


def digest(module: nn.Module, spec: Mapping[str, Any]) -> str:
    """Identity of the model across devices: source, inputs, and name, shape, type and bytes of every tensor.

    The bytes of a buffer of floats count only where they are the user's: saved with the weights, and not random. What the
    source's code computes (frequencies, tables of logarithms) differs in the last bit between processors and versions.
    """
    found = sorted(tensors(module))
    own: dict[str, torch.Tensor] = dict(module.named_parameters())
    if spec["weights"] != "random":
        own |= {name: tensor for name, tensor in module.named_buffers() if name in module.state_dict()}
    given = {part for name, tensor in own.items() for part, _ in _dense_parts(name, tensor.detach())}
    described = [[name, list(tensor.shape), str(tensor.dtype)] for name, tensor in found]
    text = {key: spec[key] for key in ("source", "inputs", "axes", "content")}
    text |= {"tensors": described} | ({"arguments": spec["arguments"]} if spec.get("arguments") else {})
    total = hashlib.sha256(json.dumps(text, sort_keys=True).encode())
    for name, tensor in found:
        if tensor.is_floating_point() and name not in given:
            continue
        total.update(tensor.detach().contiguous().flatten().view(torch.uint8).numpy().data)
    return total.hexdigest()[:16]


@torch.no_grad()
def _copy(target: torch.Tensor, values: torch.Tensor) -> None:
    target.copy_(values)
