"""The weights of a model: drawn by name, or the user's own; kept in a safetensors file; and the model's identity.

Every tensor is copied into the storage that the module already has, so that tied parameters and views stay tied.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file
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
    vanish (denormal numbers are slow) nor overflow; embeddings and tokens have a standard deviation of 0.02; scales
    are 1 and biases 0. Buffers stay as the module made them.
    """
    owners = dict(module.named_modules())
    for name, parameter in module.named_parameters():
        if parameter.is_floating_point():
            owner, _, leaf = name.rpartition(".")
            _copy(parameter, _values(name, leaf, parameter.shape, owners.get(owner, module)))


def _values(name: str, leaf: str, shape: torch.Size, owner: nn.Module) -> torch.Tensor:
    product = isinstance(owner, _PRODUCTS) and leaf == "weight"
    if (
        not product
        and math.prod(shape) == max(shape, default=1)
        and not any(part in name for part in ("token", "embed"))
    ):
        return torch.full(shape, 0.0 if leaf.endswith("bias") or "bias_" in leaf else 1.0)
    if isinstance(owner, _EMBEDDINGS) or "weight" not in leaf:
        deviation = 0.02
    else:
        inputs = (shape[0], *shape[2:]) if getattr(owner, "transposed", False) else shape[1:]
        deviation = math.sqrt(2 / max(1, math.prod(inputs)))
    bound = math.sqrt(3) * deviation
    return torch.from_numpy(rng.uniform(name, shape, -bound, bound))


def read(module: nn.Module, file: Path) -> None:
    """Copy the user's own weights into a module: a safetensors file, or one of torch, read without running its code.

    Raises:
        UserError: the file cannot be read, or its tensors are not those of the module.
    """
    try:
        if file.suffix == ".safetensors":
            found = load_file(file)
        else:
            found = torch.load(file, map_location="cpu", weights_only=True)
            found = next((found[key] for key in ("state_dict", "model") if isinstance(found.get(key), dict)), found)
    except Exception as error:
        raise UserError(f"weights: {file}: cannot be read: {one_line(error, 200)}") from error
    wanted = module.state_dict()
    tied = {name for names in _tied(module) if any(name in found for name in names) for name in names}
    missing = [name for name in wanted if name not in found and name not in tied]
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    unknown = [name for name in found if name not in wanted]
    wrong = [name for name in found if name in wanted and found[name].shape != wanted[name].shape]
    for problem, names in (("lacks", missing), ("has besides", unknown), ("has another shape of", wrong)):
        if names:
            raise UserError(
                f"weights: {file}: {problem} {', '.join(names[:3])}{' and others' if len(names) > 3 else ''}"
            )
    for name, tensor in found.items():
        _copy(wanted[name], tensor)


def save(module: nn.Module, file: Path) -> int:
    """Write every parameter and buffer once to a safetensors file; returns the bytes of the tensors alone."""
    found = {name: tensor.detach().clone().contiguous() for name, tensor in tensors(module)}
    file.write_bytes(to_bytes(found))
    return sum(tensor.nbytes for tensor in found.values())


def load(module: nn.Module, file: Path) -> None:
    """Copy what `save` wrote back into a module built from the same source."""
    wanted = dict(tensors(module))
    with safe_open(file, framework="pt") as stored:
        if set(stored.keys()) != set(wanted):
            raise UserError(
                f"{file}: holds the weights of another model than the source builds now; run the export again"
            )
        for name, tensor in wanted.items():
            _copy(tensor, stored.get_tensor(name))


def tensors(module: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Names and tensors of all parameters and buffers; one that has two names comes once."""
    yield from module.named_parameters()
    yield from module.named_buffers()


def digest(module: nn.Module, spec: Mapping[str, Any]) -> str:
    """Identity of the model across devices: source, inputs, and name, shape, type and bytes of every tensor.

    The bytes of a buffer of floats count only where they are the user's: saved with the weights, and not random. What the
    source's code computes (frequencies, tables of logarithms) differs in the last bit between processors and versions.
    """
    found = sorted(tensors(module))
    given = {name for name, _ in module.named_parameters()}
    if spec["weights"] != "random":
        given |= module.state_dict().keys()
    described = [[name, list(tensor.shape), str(tensor.dtype)] for name, tensor in found]
    text = {key: spec[key] for key in ("source", "inputs", "axes", "content")} | {"tensors": described}
    total = hashlib.sha256(json.dumps(text, sort_keys=True).encode())
    for name, tensor in found:
        if tensor.is_floating_point() and name not in given:
            continue
        total.update(tensor.detach().contiguous().flatten().view(torch.uint8).numpy().data)
    return total.hexdigest()[:16]


def _tied(module: nn.Module) -> list[list[str]]:
    names: dict[int, list[str]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    return [group for group in names.values() if len(group) > 1]


@torch.no_grad()
def _copy(target: torch.Tensor, values: torch.Tensor) -> None:
    target.copy_(values)
