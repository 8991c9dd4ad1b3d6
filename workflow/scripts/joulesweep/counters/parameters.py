"""Parameters, counted three ways, so that a reader can tell what sharing does to the number; and bytes by type."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from joulesweep.counters import base
from joulesweep.counters._reachable import storage, stored, unregistered
from joulesweep.counters.base import ALL, Layers, Subject
from joulesweep.launches.columns import listed


class Counter(base.Counter):
    """Counts parameters and buffers."""

    libraries = ("torch",)
    counts = "module"
    check = False

    def point(self, subject: Subject, point: Mapping[str, Any]) -> dict[str, Any]:
        """Elements of the parameters: each once, at every use, by storage, and of those that can be trained; and what else."""
        return count(subject.module)

    def layers(self, subject: Subject, point: Mapping[str, Any]) -> Layers:
        """Elements of the parameters in each module, those of the modules inside it included."""
        return {
            (name, ALL): {"params": sum(parameter.numel() for parameter in module.parameters())}
            for name, module in subject.module.named_modules()
        }


def count(module: nn.Module) -> dict[str, Any]:
    """The counts of a module."""
    parameters: list[torch.Tensor] = list(module.parameters())
    packed = [tensor for part in module.modules() for tensor in _packed(part)]
    others = unregistered(module)
    kept = [*parameters, *packed, *module.buffers(), *others.values()]
    return {
        "params": sum(parameter.numel() for parameter in parameters),
        "params_every_use": sum(parameter.numel() for _, parameter in module.named_parameters(remove_duplicate=False)),
        "params_by_storage": _elements([*parameters, *packed]),
        "params_trainable": sum(parameter.numel() for parameter in parameters if parameter.requires_grad),
        "params_unregistered": _elements(list(others.values())),
        "buffers": sum(part.numel() for buffer in module.buffers() for part in _values(buffer)),
        "bytes_by_type": _by_type([part for tensor in kept for part in stored(tensor)]),
        "shared": "; ".join(shared(module)),
        "unregistered": "; ".join(f"{name} ({_elements([tensor])})" for name, tensor in others.items()),
    }


def shared(module: nn.Module) -> Iterator[str]:
    """Each group of names under which one parameter, or one storage, is known, with its elements."""
    names: dict[int, list[str]] = {}
    first: dict[int, nn.Parameter] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
        first.setdefault(id(parameter), parameter)
    for key, group in names.items():
        if len(group) > 1:
            yield f"{' = '.join(group)} ({first[key].numel()})"
    storages: dict[int, list[int]] = {}
    for key, parameter in first.items():
        for part in stored(parameter):
            storages.setdefault(storage(part), []).append(key)
    for keys in storages.values():
        if len(keys) > 1:
            sizes = [first[key].numel() for key in keys]
            yield f"{' ~ '.join(names[key][0] for key in keys)} ({min(sizes)}, one storage)"


def _elements(tensors: list[torch.Tensor]) -> int:
    """Distinct stored elements behind tensors."""
    return sum(elements for elements, _ in _distinct([part for tensor in tensors for part in _values(tensor)]).values())


def _values(tensor: torch.Tensor) -> list[torch.Tensor]:
    """The plain tensors that hold the elements of a tensor; the places of a sparse one's are not among them."""
    parts = list(stored(tensor))
    return parts if tensor.layout is torch.strided else parts[:1]


def _packed(module: nn.Module) -> list[torch.Tensor]:
    """Weights that a quantised module of torch.ao keeps where `parameters()` does not look."""
    unpack = getattr(module, "_weight_bias", None)
    if any(hasattr(part, "_weight_bias") for part in module.children()):
        return []  # what is in there is counted there
    return [tensor for tensor in unpack() if tensor is not None] if callable(unpack) else []


def _distinct(tensors: list[torch.Tensor]) -> dict[int, tuple[int, int]]:
    """For each storage: the elements of these tensors in it, and their bytes, what several of them hold once.

    On the meta device every data pointer is 0; the storage object itself tells storages apart.
    """
    placed: dict[int, dict[tuple, torch.Tensor]] = {}
    for tensor in tensors:
        layout = (tensor.storage_offset(), tuple(tensor.shape), tensor.stride(), tensor.dtype)
        placed.setdefault(storage(tensor), {})[layout] = tensor
    result = {}
    for key, layouts in placed.items():
        first = next(iter(layouts.values()))
        if len(layouts) == 1 and first.is_contiguous():
            result[key] = (first.numel(), first.nbytes)
            continue
        starts = np.zeros(first.untyped_storage().nbytes(), dtype=bool)  # true where an element begins
        for (offset, shape, strides, _), tensor in layouts.items():
            size = tensor.element_size()
            steps = [stride * size for stride in strides]
            if tensor.numel():
                np.lib.stride_tricks.as_strided(starts[offset * size :], shape, steps)[...] = True
        elements = int(starts.sum())
        result[key] = (elements, elements * min(tensor.element_size() for tensor in layouts.values()))
    return result


def _by_type(tensors: list[torch.Tensor]) -> str:
    """Bytes of the distinct elements, as type=bytes separated by spaces."""
    types: dict[str, list[torch.Tensor]] = {}
    for tensor in tensors:
        types.setdefault(str(tensor.dtype).removeprefix("torch."), []).append(tensor)
    return listed({name: sum(size for _, size in _distinct(group).values()) for name, group in types.items()})
