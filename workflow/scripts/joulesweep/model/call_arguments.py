"""How a module is handed several named inputs: by name where its `forward` has parameters of these names, else in order."""

import inspect
from collections.abc import Sequence
from typing import Any

from torch import nn


def call(module: nn.Module, names: Sequence[str], values: Sequence[Any]) -> Any:
    """The outputs of one pass, the inputs handed over as `bind_inputs` says."""
    positional, keywords = bind_inputs(module, names)
    given = dict(zip(names, values, strict=True))
    return module(*(given[name] for name in positional), **{name: given[name] for name in keywords})


def bind_inputs(module: nn.Module, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Which inputs are given by position, in which order, and which by keyword.

    Where `forward` has a parameter named as one of them, all are taken as its parameters, by position as far as they
    are its first ones (a module that knows better than its `forward` says so by `__signature__`). Else, as with `forward(self, x)` and one input, they are given in the order of the specification.

    Raises:
        TypeError: some inputs are parameters and another is not.
    """
    try:
        signature = inspect.signature(module if hasattr(module, "__signature__") else module.forward)
    except (TypeError, ValueError):  # a script module's forward is no Python function
        return list(names), []
    if signature.parameters.keys().isdisjoint(names):
        return list(names), []
    bound = signature.bind_partial(**{name: name for name in names})
    return list(bound.args), list(bound.kwargs)
