"""The tensors in what a torch module returns."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import torch


def tensors(outputs: Any) -> Iterator[torch.Tensor]:
    """The tensors in a model's outputs, in order, whatever tuples, dictionaries and dataclasses hold them."""
    if isinstance(outputs, torch.Tensor):
        yield outputs
    elif isinstance(outputs, Mapping):
        for value in outputs.values():
            yield from tensors(value)
    elif is_dataclass(outputs) and not isinstance(outputs, type):
        for each in fields(outputs):
            yield from tensors(getattr(outputs, each.name))
    elif isinstance(outputs, list | tuple):
        for value in outputs:
            yield from tensors(value)
