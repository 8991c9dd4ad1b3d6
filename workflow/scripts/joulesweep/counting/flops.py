"""FLOPs of one pass by operator, on the meta device: no memory is used and no fused operator hides work.

`torch.utils.flop_counter` has formulas for matrix products, convolutions and attention, two operations for a
multiply-add. What else does arithmetic is listed by name with how often it ran; operators that only look at, copy,
arrange or create numbers are left out of that list.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from joulesweep import inputs
from joulesweep.counting.base import Subject

# Operators without arithmetic, beside views, which torch itself marks as such.
_MOVES = {
    "_to_copy", "_unsafe_view", "arange", "bernoulli_", "cat", "clone", "constant_pad_nd", "copy", "copy_",
    "detach", "embedding", "empty", "empty_like", "empty_strided", "expand", "fill", "fill_", "flip", "full",
    "full_like", "gather", "index", "index_select", "lift_fresh", "lift_fresh_copy", "masked_fill", "new_empty",
    "new_full", "new_ones", "new_zeros", "ones", "ones_like", "pixel_shuffle", "pixel_unshuffle",
    "reflection_pad2d", "repeat", "replication_pad2d", "roll", "scalar_tensor", "scatter", "slice_scatter", "stack",
    "upsample_nearest2d", "where", "zero_", "zeros", "zeros_like",
}  # fmt: skip


def point(subject: Subject, at: Mapping[str, Any]) -> dict[str, int | str]:
    """FLOPs and multiply-adds of one pass at a point, and the operators without a formula."""
    counter, seen = _run(subject, at)
    flops = counter.get_total_flops()
    uncounted = " ".join(f"{name}={times}" for name, times in sorted(seen.items()))
    return {"flops": flops, "macs": flops // 2, "uncounted_operators": uncounted}


def layers(subject: Subject, at: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """FLOPs of one pass in each module, those of the modules inside it included."""
    counts = _run(subject, at)[0].get_flop_counts()
    root = type(subject.meta).__name__
    names = {"": "Global", **{name: f"{root}.{name}" for name, _ in subject.meta.named_modules() if name}}
    return {name: {"flops": sum(counts.get(key, {}).values())} for name, key in names.items()}


def _run(subject: Subject, at: Mapping[str, Any]) -> tuple[FlopCounterMode, Counter[str]]:
    array = inputs.make(subject.spec, at)[inputs.NAME]
    example = torch.empty(array.shape, dtype=torch.from_numpy(array[:0]).dtype, device="meta")
    seen = _Uncounted()
    # The counter takes composite operators apart first, so that what lies outside it sees what really runs.
    with torch.no_grad(), seen, FlopCounterMode(display=False) as counter:
        subject.meta(example)
    return counter, seen.counts


class _Uncounted(TorchDispatchMode):
    """Counts operators that do arithmetic and have no formula."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        packet = func._overloadpacket
        name = packet.__name__
        if func.namespace == "aten" and packet not in flop_registry and not func.is_view and name not in _MOVES:
            self.counts[name] += 1
        return func(*args, **(kwargs or {}))
