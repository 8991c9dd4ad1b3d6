"""A torch module as export, counts and launches use it: built the same in each of them, and run at a point.

A module is made of its source's constructor, run from fixed seeds, and of weights. So tensors that are neither parameters
nor buffers, which no file of weights holds, have the same values in the export and in every launch.
"""

import copy
import logging
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.parameter import is_lazy

from joulesweep import plugins
from joulesweep.model import call_arguments, checkpoint, inputs, source, weights

log = logging.getLogger("joulesweep")


def build(spec: Mapping[str, Any], notes: list[str] | None = None) -> torch.nn.Module:
    """The module of a specification with its weights: random, the source's own, or the user's.

    What a reader should know of the weights is added to `notes`.

    Raises:
        UserError: the source cannot build the model, or the user's weights do not fit it.
    """
    if spec["weights"] == "pretrained":
        return _construct(spec, pretrained=True)
    module = _construct(spec)
    if spec["weights"] == "random":
        weights.draw(module)
    elif note := checkpoint.read(module, Path(spec["weights"])):
        (notes if notes is not None else []).append(note)
    return module


def rebuild(spec: Mapping[str, Any], file: Path) -> torch.nn.Module:
    """The module that was exported, with the weights that the export wrote to a file.

    Random numbers that the file's replace are not drawn where the source's constructor makes nothing else of them.
    """
    quick = plugins.declared("sources", source.scheme(spec), "random_fills_are_weights")
    module = _construct(spec, weights.Uninitialised() if quick else nullcontext())
    weights.load(module, file)
    return module


def outline(spec: Mapping[str, Any]) -> torch.nn.Module:
    """The module on the meta device: it has shapes and no numbers."""
    with torch.device("meta"):
        return _construct(spec)


def fresh(module: torch.nn.Module, spec: Mapping[str, Any]) -> torch.nn.Module:
    """A module in the state in which `module` was built; a pass may change what it keeps from call to call."""
    try:
        return copy.deepcopy(module)
    except Exception:  # some tensors, and objects of other libraries, cannot be copied
        log.debug("%s: cannot be copied, built again", spec["name"], exc_info=True)
        return build(spec)


def example(spec: Mapping[str, Any], point: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """The inputs of a model at a point, as tensors."""
    return {name: torch.from_numpy(array) for name, array in inputs.make(spec, point).items()}


def run(module: torch.nn.Module, spec: Mapping[str, Any], point: Mapping[str, Any]) -> Any:
    """The outputs of a module at a point; the module itself is changed where it keeps a state."""
    tensors = example(spec, point)
    with torch.inference_mode():
        return call_arguments.call(module, list(tensors), list(tensors.values()))


def _construct(spec: Mapping[str, Any], context: Any = None, pretrained: bool = False) -> torch.nn.Module:
    builder = plugins.load("sources", source.scheme(spec))()
    with _fixed_seeds(), context or nullcontext():
        module = builder.pretrained(spec) if pretrained else builder.build(spec)
        if any(map(is_lazy, (*module.parameters(), *module.buffers()))):
            _materialise(module, spec)
    return module


def _materialise(module: torch.nn.Module, spec: Mapping[str, Any]) -> None:
    """Give lazy parameters their shapes, which follow from the declared input, by one pass."""
    device = torch.get_default_device()
    tensors = {name: tensor.to(device) for name, tensor in example(spec, inputs.base_point(spec)).items()}
    with torch.no_grad():
        call_arguments.call(module, list(tensors), list(tensors.values()))


@contextmanager
def _fixed_seeds() -> Iterator[None]:
    """Inside, all generators that a constructor may use start from the same seeds; afterwards they go on as before.

    Memory that nobody filled is NaN, not what lay there: a tensor without a value shows in the outputs.
    """
    states = random.getstate(), np.random.get_state()
    mode = torch.get_deterministic_debug_mode()
    random.seed(0)
    np.random.seed(0)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            torch.set_deterministic_debug_mode("warn")  # `use_deterministic_algorithms` would import torch's compiler
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_deterministic_debug_mode(mode)
