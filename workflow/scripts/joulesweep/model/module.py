"""A torch module as export and counts use it: built with its weights, and run at a point."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from joulesweep import plugins
from joulesweep.model import call_arguments, inputs, weights


def build(spec: Mapping[str, Any]) -> torch.nn.Module:
    """The module of a specification with its weights: random, the source's own, or the user's.

    Raises:
        UserError: the source cannot build the model, or the user's weights do not fit it.
    """
    source = plugins.load("sources", spec["source"].partition(":")[0])()
    torch.manual_seed(0)  # for what is no parameter, such as a buffer of random features
    if spec["weights"] == "pretrained":
        return source.pretrained(spec)
    module = source.build(spec)
    if spec["weights"] == "random":
        weights.draw(module)
    else:
        weights.read(module, Path(spec["weights"]))
    return module


def example(spec: Mapping[str, Any], point: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """The inputs of a model at a point, as tensors."""
    return {name: torch.from_numpy(array) for name, array in inputs.make(spec, point).items()}


def run(module: torch.nn.Module, spec: Mapping[str, Any], point: Mapping[str, Any]) -> Any:
    """The outputs of a module at a point."""
    tensors = example(spec, point)
    with torch.inference_mode():
        return call_arguments.call(module, list(tensors), list(tensors.values()))
