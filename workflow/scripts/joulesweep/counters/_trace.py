"""What one pass of a module does: every operator that runs, in which module, its work and the bytes it moves."""

import contextlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from joulesweep import operator_kinds
from joulesweep.counters import _memory, _products, _shape_pass
from joulesweep.counters._reachable import storage, stored, unregistered
from joulesweep.counters.base import ALL, Subject

# Operators without arithmetic, beside views, which torch itself marks as such.
_MOVES = {
    "_to_copy", "_unsafe_view", "bernoulli_", "cat", "clone", "constant_pad_nd", "copy", "copy_", "embedding", "flip",
    "_unsafe_index", "complex", "gather", "index", "index_copy", "index_copy_", "index_put", "index_put_", "index_select",
    "masked_fill", "masked_fill_", "masked_scatter", "masked_select", "pixel_shuffle", "pixel_unshuffle",
    "reflection_pad1d", "reflection_pad2d", "repeat", "replication_pad2d", "roll", "scatter", "scatter_",
    "slice_scatter", "stack", "take", "tril", "triu", "unsafe_split", "upsample_nearest2d", "where",
}  # fmt: skip
_CREATES = {
    "arange", "empty", "empty_like", "empty_strided", "fill", "fill_", "full", "full_like", "new_empty",
    "hamming_window", "hann_window", "new_empty_strided", "new_full", "new_ones", "new_zeros", "ones", "ones_like", "scalar_tensor", "zero_", "zeros",
    "zeros_like",
}  # fmt: skip
_NOTHING = {
    "_assert_async", "_local_scalar_dense", "alias", "detach", "lift_fresh", "lift_fresh_copy", "resolve_conj",
    "resolve_neg", "squeeze_", "t_", "transpose_", "unsqueeze_",
}  # fmt: skip


@dataclass
class Work:
    """What an operator did in all its calls: multiply-adds, FLOPs, bytes of weights read, of activations read and written."""

    calls: int = 0
    macs: int = 0
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

    def add(self, modules: Sequence[str | None], operator: str, work: Work) -> None:
        """Add a call of an operator to the model, and to each of these modules."""
        for module in {*modules, ""} - {None}:
            for name in (ALL, operator):
                total = self.work[(str(module), name)]
                for key, value in vars(work).items():
                    setattr(total, key, getattr(total, key) + value)


def trace(subject: Subject, point: Mapping[str, Any]) -> Trace:
    """One pass at a point, without numbers where the model can do without them."""
    result = Trace()
    with (
        _shape_pass.prepared(subject, point) as tensors,
        _entered(subject.module, result) as inside,
        _Operators(subject.module, result, inside) as operators,
        _Functions(operators),
    ):
        _shape_pass.call(subject.module, tensors)
    return result


@contextlib.contextmanager
def _entered(root: nn.Module, result: Trace) -> Iterator[list[str | None]]:
    """The names of the modules that are being called, outermost first; None for one that is no part of the root."""
    names = {id(module): name for name, module in root.named_modules()}
    inside: list[str | None] = []

    def enter(module: nn.Module, *_: Any) -> None:
        name = names.get(id(module))
        inside.append(name)
        if name is not None:
            result.calls[name] += 1

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

    def __init__(self, root: nn.Module, result: Trace, inside: list[str | None]) -> None:
        super().__init__()
        self.result, self.inside = result, inside
        self.paused = False
        tensors = (*root.parameters(), *root.buffers(), *unregistered(root).values())
        # Objects are kept, so that no other storage can take the place of one that is gone.
        self.kept: list[Any] = [part.untyped_storage() for tensor in tensors for part in stored(tensor)]
        self.weights = {memory._cdata for memory in self.kept}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        packet = func._overloadpacket
        if self.paused:
            return func(*args, **kwargs)
        if packet not in flop_registry and func is not torch.ops.prim.device.default:
            with self:
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        result = func(*args, **kwargs)
        if func.is_view:
            self._see_view(args, kwargs, result)
        else:
            name = packet.__name__ if func.namespace == "aten" else f"{func.namespace}.{packet.__name__}"
            if name == "convolution" and operator_kinds.is_depthwise(args[8], args[0].shape[1]):  # groups, channels
                name = operator_kinds.DEPTHWISE_PREFIX + name
            if name not in _NOTHING and func.namespace not in ("prim", "profiler"):
                self.record(name, _products.work(packet, name, args, kwargs, result), args, kwargs, result)
        return result

    def record(self, name: str, product: tuple[int, int] | None, args: Any, kwargs: Any, result: Any) -> None:
        """Add a call of an operator with its multiply-adds and FLOPs; None where it has no formula."""
        if product is None and name not in _MOVES | _CREATES:
            self.result.uncounted[name] += 1
        macs, flops = product or (0, 0)
        reads, written = _memory.moved(name, args, kwargs, result)
        work = Work(1, macs, flops, 0, written)
        for read in reads:
            if read.is_packed or self._is_weight(read.tensor):
                work.weight_bytes += read.bytes
            elif name not in _CREATES:
                work.activation_bytes += read.bytes
        self.result.add(self.inside, name, work)

    def _see_view(self, args: Any, kwargs: Any, result: Any) -> None:
        """A view of a weight is a weight; a fake one has another storage."""
        if any(map(self._is_weight, _memory.tensors(args, kwargs))):
            for tensor in _memory.tensors(result):
                self.kept.append(tensor.untyped_storage())
                self.weights.add(storage(tensor))

    def _is_weight(self, tensor: torch.Tensor) -> bool:
        return storage(tensor) in self.weights


class _Functions(TorchFunctionMode):
    """Sees the functions whose operators do not show what they compute.

    A convolution of complex numbers runs as three real ones and sums; its product is that of four. An einsum that sums
    over no index runs as an element-wise multiplication.
    """

    def __init__(self, operators: _Operators) -> None:
        super().__init__()
        self.operators = operators

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        macs = _FUNCTIONS.get(func)
        if macs is None or self.operators.paused:
            return func(*args, **kwargs)
        tensors = [part for part in tree_leaves((args, kwargs)) if isinstance(part, torch.Tensor)]
        if not _is_hidden(func, tensors, args):
            return func(*args, **kwargs)
        self.operators.paused = True
        try:
            result = func(*args, **kwargs)
        finally:
            self.operators.paused = False
        product = _products.real(macs(tensors, result), tensors)
        self.operators.record(func.__name__, product, args, kwargs, result)
        return result


def _is_hidden(func: Any, tensors: Sequence[torch.Tensor], args: Sequence[Any]) -> bool:
    """Whether a call is one of those whose operators do not show its product."""
    if func is torch.einsum:
        equation = args[0].replace(" ", "") if isinstance(args[0], str) else ""
        terms, arrow, kept = equation.partition("->")
        return bool(arrow) and len(tensors) == 2 and set(terms) - {","} <= set(kept)
    return any(tensor.is_complex() for tensor in tensors)


def _convolution(tensors: Sequence[torch.Tensor], result: torch.Tensor) -> int:
    return result.numel() * math.prod(tensors[1].shape[1:])


def _transposed(tensors: Sequence[torch.Tensor], result: torch.Tensor) -> int:
    return tensors[0].numel() * math.prod(tensors[1].shape[1:])


_FUNCTIONS: dict[Any, Any] = {
    **dict.fromkeys((functional.conv1d, functional.conv2d, functional.conv3d), _convolution),
    **dict.fromkeys(
        (functional.conv_transpose1d, functional.conv_transpose2d, functional.conv_transpose3d), _transposed
    ),
    torch.einsum: lambda tensors, result: result.numel(),
}
