"""A pass that computes shapes and no numbers, so that a model of any size costs no memory and no operator is fused.

Inputs are fake tensors on the meta device: libraries that look at the numbers of a mask, to leave it out where it hides
nothing, do not look at fake ones. A module that looks at numbers nevertheless, or that makes tensors on the CPU, runs with
real ones, attention and recurrence taken apart: their fused forms there have no formula (pytorch issue 195460).
"""

import contextlib
import logging
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import psutil
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.attention import SDPBackend, sdpa_kernel

from joulesweep.counters._as_built import as_built
from joulesweep.counters._reachable import stored, unregistered
from joulesweep.counters.base import Subject
from joulesweep.model import call_arguments, inputs

log = logging.getLogger("joulesweep")


@contextlib.contextmanager
def prepared(subject: Subject, point: Mapping[str, Any]) -> Iterator[dict[str, torch.Tensor]]:
    """Inside, the subject's module can be called with these inputs, by name; nothing is fused, nothing has gradients.

    Afterwards the module is as it was built.
    """
    inputs_of = _with_numbers if subject.has_numbers else _without_numbers
    with as_built(subject.module), torch.no_grad(), inputs_of(subject, point) as tensors:
        yield tensors


def call(module: nn.Module, tensors: Mapping[str, torch.Tensor]) -> Any:
    """The outputs of one pass.

    Raises:
        RuntimeError: the model tried to end the program.
    """
    try:
        return call_arguments.call(module, list(tensors), list(tensors.values()))
    except SystemExit as error:
        raise RuntimeError(f"the model calls sys.exit({error.code!r}) in its forward pass") from None


def suffices(subject: Subject, point: Mapping[str, Any]) -> bool:
    """Whether the module runs without numbers at a point."""
    try:
        with prepared(subject, point) as tensors:
            call(subject.module, tensors)
    except Exception:
        log.debug("count %s: does not run without numbers", subject.spec["name"], exc_info=True)
        return False
    return True


def size(module: nn.Module) -> int:
    """Bytes of all tensors that a module keeps."""
    tensors = (*module.parameters(), *module.buffers(), *unregistered(module).values())
    return sum(part.nbytes for tensor in tensors for part in stored(tensor))


def fits(subject: Subject) -> bool:
    """Whether the module can be built with its numbers and copied here: twice its bytes are free."""
    return 2 * size(subject.module) < psutil.virtual_memory().available


@contextlib.contextmanager
def _with_numbers(subject: Subject, point: Mapping[str, Any]) -> Iterator[dict[str, torch.Tensor]]:
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with warnings.catch_warnings(), sdpa_kernel(SDPBackend.MATH), torch.backends.mkldnn.flags(enabled=False):
            warnings.simplefilter("ignore")  # about graphics cards that are not there
            yield {name: torch.from_numpy(array) for name, array in inputs.make(subject.spec, point).items()}
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


@contextlib.contextmanager
def _without_numbers(subject: Subject, point: Mapping[str, Any]) -> Iterator[dict[str, torch.Tensor]]:
    types = {declared["name"]: getattr(torch, declared["dtype"]) for declared in subject.spec["inputs"]}
    torch_log = logging.getLogger("torch._subclasses.fake_tensor")
    level = torch_log.level
    torch_log.setLevel(logging.CRITICAL)  # it writes the traceback of what the row or the numbers explain
    try:
        with FakeTensorMode(allow_non_fake_inputs=True) as fake:
            yield {
                name: fake.from_tensor(torch.empty(shape, dtype=types[name], device="meta"))
                for name, shape in inputs.shapes(subject.spec, point).items()
            }
    finally:
        torch_log.setLevel(level)
