"""Whether a module gives the same outputs twice: what is random in it, and what it keeps from one pass to the next."""

from collections.abc import Mapping
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from joulesweep import plugins
from joulesweep.model.module import fresh, run
from joulesweep.model.outputs import difference
from joulesweep.model.weights import tensors

_SAME = 1e-5  # of the largest output; threads may add numbers in another order


def randomness(module: torch.nn.Module, spec: Mapping[str, Any], point: Mapping[str, Any]) -> str:
    """Why two passes on the same input from the same state differ, in a sentence; empty where they agree."""
    operators = _RandomOperators()
    with operators:
        first = _arrays(fresh(module, spec), spec, point)
    apart = difference(_arrays(fresh(module, spec), spec, point), first)
    if apart <= _SAME:
        return ""
    named = f" (operator {', '.join(sorted(operators.names))})" if operators.names else ""
    return f"the model is random in inference mode{named}: two passes on the same input differ by {apart:.2g} of the largest output"


def keeps_state(module: torch.nn.Module, spec: Mapping[str, Any], point: Mapping[str, Any]) -> bool:
    """Whether a pass changes a buffer, or a second one on the same input gives something else or fails."""
    copy = fresh(module, spec)
    first = [array.copy() for array in _arrays(copy, spec, point)]
    if difference(_buffers(copy), _buffers(module)) > 0:
        return True
    try:
        return difference(_arrays(copy, spec, point), first) > _SAME
    except Exception:
        return True


def training_parts(module: torch.nn.Module) -> list[str]:
    """Parts that stay in training mode after `eval()`, by name and type."""
    return [f"{name or 'the model'} ({type(part).__name__})" for name, part in module.named_modules() if part.training]


def _buffers(module: torch.nn.Module) -> list[Any]:
    return [tensor.numpy() for _, tensor in tensors(module)]


def _arrays(module: torch.nn.Module, spec: Mapping[str, Any], point: Mapping[str, Any]) -> list[Any]:
    return plugins.load("runtimes", "eager")().arrays(run(module, spec, point))


class _RandomOperators(TorchDispatchMode):
    """Notes the operators that draw random numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if torch.Tag.nondeterministic_seeded in func.tags:
            self.names.add(func.overloadpacket.__name__.strip("_"))
        return func(*args, **(kwargs or {}))
