"""Bytes that an operator reads and writes, where it runs by itself.

A gathering operator reads the rows that it returns and not the table; one that writes into a tensor in place writes what
it is handed. An expanded dimension is read once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from joulesweep.counters._reachable import stored

# The first argument is a table, of which the elements that come out are read.
_GATHERS = {"embedding", "index", "_unsafe_index", "index_select", "gather", "take", "masked_select"}
# Of these, one row is read per index, the second argument.
_BAGS = {"_embedding_bag", "_embedding_bag_forward_only"}
# The first argument is written in place, as many elements of it as this argument has.
_WRITES = {"copy_": 1, "index_put_": 2, "_index_put_impl_": 2, "index_copy_": 3, "scatter_": 3, "masked_scatter_": 2}
# The same, and what was there is read.
_ADDS = {"index_add_": 3, "scatter_add_": 3, "scatter_reduce_": 3, "index_reduce_": 3}


@dataclass
class Read:
    """Bytes that an operator reads of a plain tensor."""

    tensor: torch.Tensor
    bytes: int
    is_packed: bool = False


def moved(name: str, args: Sequence[Any], kwargs: Mapping[str, Any], result: Any) -> tuple[list[Read], int]:
    """What an operator reads from each plain tensor among its arguments, and the bytes that it writes."""
    reads = [Read(tensor, size(tensor)) for tensor in tensors(args, kwargs)]
    reads += [Read(tensor, size(tensor), is_packed=True) for tensor in _packed(args)]
    written = sum(map(size, tensors(result)))
    if not reads or reads[0].tensor is not args[0]:  # no plain tensor comes first
        return reads, written
    if name in _GATHERS:
        reads[0].bytes = written
    elif name in _BAGS:
        reads[0].bytes = args[1].numel() * args[0].shape[1] * args[0].element_size()
    elif name in _WRITES or name in _ADDS:
        values = (*args, *kwargs.values())[_WRITES.get(name) or _ADDS[name]]
        elements = values if isinstance(values, torch.Tensor) else args[2]
        written = elements.numel() * args[0].element_size()
        reads[0].bytes = written if name in _ADDS else 0
    return reads, written


def tensors(*values: Any) -> list[torch.Tensor]:
    """The plain tensors among values, those too in which a sparse or wrapped one is kept."""
    return [part for leaf in tree_leaves(values) if isinstance(leaf, torch.Tensor) for part in stored(leaf)]


def _packed(args: Sequence[Any]) -> list[torch.Tensor]:
    """The weights that a quantised operator is handed in an object of its own."""
    objects = [part for part in args if isinstance(part, torch.ScriptObject) and hasattr(part, "unpack")]
    return tensors([part.unpack() for part in objects])


def size(tensor: torch.Tensor) -> int:
    """Bytes of the distinct elements: an expanded dimension is read once."""
    count = 1
    for length, stride in zip(tensor.shape, tensor.stride(), strict=True):
        count *= length if stride else min(length, 1)
    return count * tensor.element_size()
