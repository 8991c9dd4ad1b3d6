"""A module as exporters take it: tensors in, in the order of the specification, and a tuple of tensors out."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from joulesweep.model import call_arguments, inputs
from joulesweep.model import module as modules
from joulesweep.model.outputs import tensors


class FlatModule(torch.nn.Module):
    """Calls a module as `call_arguments` binds its inputs; dictionaries and nested tuples of outputs become one tuple."""

    def __init__(self, module: torch.nn.Module, names: Sequence[str]) -> None:
        super().__init__()
        self.module, self.names = module, list(names)

    def forward(self, *given: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The outputs in order."""
        return tuple(tensors(call_arguments.call(self.module, self.names, given)))


def stored_bytes(module: torch.nn.Module) -> int:
    """Bytes of the parameters and buffers, each counted once."""
    return sum(tensor.nbytes for tensor in {*module.parameters(), *module.buffers()})


def flat(
    module: torch.nn.Module, spec: Mapping[str, Any], point: Mapping[str, Any]
) -> tuple[FlatModule, tuple[torch.Tensor, ...]]:
    """The module in the state as built, flat and without gradients, and its inputs at a point."""
    wrapped = FlatModule(modules.fresh(module, spec), inputs.names(spec)).eval().requires_grad_(False)
    return wrapped, tuple(modules.example(spec, point).values())
