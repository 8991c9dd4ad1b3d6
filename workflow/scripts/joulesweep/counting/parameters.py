"""Parameters, counted three ways, so that a reader can tell what sharing does to the number."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from joulesweep.counting.base import Subject


def point(subject: Subject, at: Mapping[str, Any]) -> dict[str, int]:
    """Elements of the parameters: each once, at every use, by storage, and of those that can be trained."""
    return count(subject.module)


def layers(subject: Subject, at: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Elements of the parameters in each module, those of the modules inside it included."""
    return {
        name: {"params": sum(parameter.numel() for parameter in module.parameters())}
        for name, module in subject.module.named_modules()
    }


def count(module: nn.Module) -> dict[str, int]:
    """The four counts of a module."""
    parameters = list(module.parameters())
    uses = [parameter for _, parameter in module.named_parameters(remove_duplicate=False)]
    # On the meta device every data pointer is 0; the storage object itself tells storages apart.
    storages = {
        parameter.untyped_storage()._cdata: parameter.untyped_storage().nbytes() // parameter.element_size()
        for parameter in parameters
    }
    return {
        "params": sum(parameter.numel() for parameter in parameters),
        "params_every_use": sum(parameter.numel() for parameter in uses),
        "params_by_storage": sum(storages.values()),
        "params_trainable": sum(parameter.numel() for parameter in parameters if parameter.requires_grad),
    }
