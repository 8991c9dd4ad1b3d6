"""What one pass of a module does: every operator that runs, in which module, its work and the bytes it moves."""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from joulesweep.counters import _shape_pass
from joulesweep.counters.base import ALL, Subject
from joulesweep.model import call_arguments

# Operators without arithmetic, beside views, which torch itself marks as such.
_MOVES = {
    "_to_copy", "_unsafe_view", "bernoulli_", "cat", "clone", "constant_pad_nd", "copy", "copy_", "embedding", "flip",
    "gather", "index", "index_put", "index_put_", "index_select", "masked_fill", "masked_fill_", "pixel_shuffle",
    "pixel_unshuffle", "reflection_pad2d", "repeat", "replication_pad2d", "roll", "scatter", "slice_scatter", "stack",
    "upsample_nearest2d", "where",
}  # fmt: skip
_CREATES = {
    "arange", "empty", "empty_like", "empty_strided", "fill", "fill_", "full", "full_like", "new_empty",
    "new_empty_strided", "new_full", "new_ones", "new_zeros", "ones", "ones_like", "scalar_tensor", "zero_", "zeros",
    "zeros_like",
}  # fmt: skip
_NOTHING = {"alias", "detach", "lift_fresh", "lift_fresh_copy", "_local_scalar_dense", "_assert_async"}


@dataclass
class Work:
    """What an operator did in all its calls: FLOPs, and bytes of weights read, and of activations read and written."""

    calls: int = 0
    flops: int = 0
    weight_bytes: int = 0
    activation_bytes: int = 0


@dataclass
class Trace:
    """What a pass did, by (module, operator), a module's parts inside it included; the module itself is ''.

    `uncounted` are the calls of operators that do arithmetic and have no formula; `calls` those of each module.
    """

    work: dict[tuple[str, str], Work] = field(default_factory=lambda: defaultdict(Work))
    uncounted: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> Work:
        """The pass as a whole."""
        return self.work[("", ALL)]


def trace(subject: Subject, at: Mapping[str, Any]) -> Trace:
    """One pass at a point, without numbers."""
    found = Trace()
    with (
        _shape_pass.ready(subject, at) as given,
        _entered(subject.module, found) as inside,
        _Operators(subject.module, found, inside),
    ):
        call_arguments.call(subject.module, list(given), list(given.values()))
    return found


@contextlib.contextmanager
def _entered(root: nn.Module, found: Trace) -> Iterator[list[str | None]]:
    """The names of the modules that are being called, outermost first; None for one that is no part of the root."""
    names = {id(module): name for name, module in root.named_modules()}
    inside: list[str | None] = []

    def enter(module: nn.Module, *_: Any) -> None:
        name = names.get(id(module))
        inside.append(name)
        if name is not None:
            found.calls[name] += 1

    def leave(*_: Any) -> None:
        inside.pop()

    hooks = [register_module_forward_pre_hook(enter), register_module_forward_hook(leave, always_call=True)]
    try:
        yield inside
    finally:
        for hook in hooks:
            hook.remove()


class _Operators(TorchDispatchMode):
    """Sees every operator that runs, composite ones taken apart unless they have a formula of their own."""

    def __init__(self, root: nn.Module, found: Trace, inside: Iterable[str | None]) -> None:
        super().__init__()
        self.found, self.inside = found, inside
        # Objects are kept, so that no other storage can take the place of one that is gone.
        self.kept: list[Any] = [tensor.untyped_storage() for tensor in (*root.parameters(), *root.buffers())]
        self.weights = {storage._cdata for storage in self.kept}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        packet = func._overloadpacket
        if packet not in flop_registry and func is not torch.ops.prim.device.default:
            with self:
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        result = func(*args, **kwargs)
        self._record(func, packet, args, kwargs, result)
        return result

    def _record(self, func: Any, packet: Any, args: Any, kwargs: Any, result: Any) -> None:
        read, written = _tensors((args, kwargs)), _tensors(result)
        weights = [tensor for tensor in read if tensor.untyped_storage()._cdata in self.weights]
        if func.is_view:
            for tensor in written if weights else []:  # a view of a weight, a fake one has another storage
                self.kept.append(tensor.untyped_storage())
                self.weights.add(tensor.untyped_storage()._cdata)
            return
        name = packet.__name__ if func.namespace == "aten" else f"{func.namespace}.{packet.__name__}"
        if name in _NOTHING or func.namespace in ("prim", "profiler"):
            return
        work = Work(1)
        if packet in flop_registry:
            work.flops = flop_registry[packet](*args, **kwargs, out_val=result)
        elif name not in _MOVES | _CREATES:
            self.found.uncounted[name] += 1
        out = sum(map(_bytes, written))
        # Of a table a lookup reads the rows that it returns.
        work.weight_bytes = out if name == "embedding" and weights else sum(map(_bytes, weights))
        others = sum(map(_bytes, read)) - sum(map(_bytes, weights))
        work.activation_bytes = out + (0 if name in _CREATES else others)
        for module in {*self.inside, ""} - {None}:
            for operator in (ALL, name):
                part = self.found.work[(str(module), operator)]
                for key, value in vars(work).items():
                    setattr(part, key, getattr(part, key) + value)


def _tensors(values: Any) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(values) if isinstance(leaf, torch.Tensor)]


def _bytes(tensor: torch.Tensor) -> int:
    """Bytes of the distinct elements: an expanded dimension is read once."""
    count = 1
    for length, stride in zip(tensor.shape, tensor.stride(), strict=True):
        count *= length if stride else min(length, 1)
    return count * tensor.element_size()
