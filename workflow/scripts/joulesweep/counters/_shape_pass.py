"""A pass that computes shapes and no numbers, so that a model of any size costs no memory and no operator is fused.

Inputs are fake tensors on the meta device: libraries that look at the numbers of a mask, to leave it out where it hides
nothing, do not look at fake ones. A module that looks at numbers nevertheless runs with real ones, on the CPU, attention
and recurrence taken apart: their fused forms there have no FLOP formula (pytorch issue 195460).
"""

import contextlib
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
    UnsupportedOperatorException,
)
from torch.nn.attention import SDPBackend, sdpa_kernel

from joulesweep.counters.base import Subject
from joulesweep.model import call_arguments, inputs


def is_dry(subject: Subject) -> bool:
    """Whether the module is on the meta device, or has nothing that would tell."""
    tensors = [*subject.module.parameters(), *subject.module.buffers()]
    return all(tensor.device.type == "meta" for tensor in tensors)


@contextlib.contextmanager
def ready(subject: Subject, at: Mapping[str, Any]) -> Iterator[dict[str, torch.Tensor]]:
    """Inside, the subject's module can be called with these inputs, by name; nothing is fused, nothing has gradients."""
    if not is_dry(subject):
        given = {name: torch.from_numpy(array) for name, array in inputs.make(subject.spec, at).items()}
        fast = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            with warnings.catch_warnings(), torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
                warnings.simplefilter("ignore")  # about graphics cards that are not there
                with torch.backends.mkldnn.flags(enabled=False):
                    yield given
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)
        return
    types = {one["name"]: getattr(torch, one["dtype"]) for one in subject.spec["inputs"]}
    with torch.no_grad(), FakeTensorMode(allow_non_fake_inputs=True) as fake:
        yield {
            name: fake.from_tensor(torch.empty(shape, dtype=types[name], device="meta"))
            for name, shape in inputs.shapes(subject.spec, at).items()
        }


def suffices(subject: Subject, at: Mapping[str, Any]) -> bool:
    """Whether the module runs without numbers, as far as it is numbers that it would miss."""
    try:
        with ready(subject, at) as given:
            call_arguments.call(subject.module, list(given), list(given.values()))
    except (DataDependentOutputException, DynamicOutputShapeException, UnsupportedOperatorException):
        return False
    except Exception:  # it would fail with numbers too, and say why where it is counted
        return True
    return True
