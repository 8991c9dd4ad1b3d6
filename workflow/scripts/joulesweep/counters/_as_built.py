"""A pass that leaves no trace: what it changes in a module is undone, so that every pass begins with the state as built.

A module may keep a state from call to call: a buffer that is replaced or written to, an attribute, an entry of a list.
A cross-check may leave hooks and attributes of its own behind. A deep copy would do, where every object could be copied.
"""

import contextlib
import functools
from collections import deque
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

import torch
from torch import nn

from joulesweep.counters._reachable import REGISTRIES, stored, walk


@contextlib.contextmanager
def as_built(module: nn.Module) -> Iterator[None]:
    """Afterwards, everything that the module keeps is what it was before, however the pass ended."""
    undo = [step for _, value in list(walk(module)) for step in _steps(value)]
    try:
        yield
    finally:
        with torch.no_grad():
            for step in undo:
                step()


def _steps(value: Any) -> Iterator[Callable[[], object]]:
    """How one object gets back what it holds now."""
    if isinstance(value, torch.Tensor):
        yield from _of_tensor(value)
    elif isinstance(value, torch.Generator):
        state = value.get_state()
        yield lambda: value.set_state(state)
    elif isinstance(value, MutableMapping):
        yield _of_collection(value, dict(value), value.update)
    elif isinstance(value, list | deque):
        yield _of_collection(value, list(value), value.extend)
    elif isinstance(value, set):
        yield _of_collection(value, set(value), value.update)
    elif hasattr(value, "__dict__") and not isinstance(value, type):
        attributes = vars(value)
        yield _of_collection(attributes, dict(attributes), attributes.update)
        if isinstance(value, nn.Module):
            for registry in map(attributes.get, REGISTRIES):
                if isinstance(registry, dict):
                    yield _of_collection(registry, dict(registry), registry.update)


def _of_collection(value: Any, content: Any, fill: Callable[[Any], None]) -> Callable[[], None]:
    def step() -> None:
        value.clear()
        fill(content)

    return step


def _of_tensor(tensor: torch.Tensor) -> Iterator[Callable[[], object]]:
    """Numbers that were written over, and the memory and shape that a tensor had."""
    for part in stored(tensor):
        memory, layout = part.untyped_storage(), _layout(part)
        numbers = None if part.device.type == "meta" else memory.clone()
        yield functools.partial(_restore, part, memory, layout, numbers)


def _restore(tensor: torch.Tensor, memory: Any, layout: Any, numbers: Any) -> None:
    if tensor.untyped_storage()._cdata != memory._cdata or _layout(tensor) != layout:
        tensor.set_(memory, *layout)
    if numbers is not None:
        if memory.nbytes() != numbers.nbytes():
            memory.resize_(numbers.nbytes())
        memory.copy_(numbers)


def _layout(tensor: torch.Tensor) -> tuple[Any, ...]:
    return tensor.storage_offset(), tensor.shape, tensor.stride()
