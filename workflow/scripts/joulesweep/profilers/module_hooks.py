"""Times the modules of a torch model with hooks on every call of a module.

Hooks are global: hooks on modules of their own would switch off torch's fast path for transformers. A module's time is
its own: that of the modules called inside it is left out, and so is what the hooks themselves take. On a GPU every hook waits for
the device, so the time between the modules grows there; the mean pass with and without hooks shows by how much.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from joulesweep import operator_kinds
from joulesweep.errors import Unsupported
from joulesweep.launches.time_shares.launch import Part
from joulesweep.model.manifest import Artefact
from joulesweep.profilers import base

WHOLE = "(model)"  # the outermost module
_ELSEWHERE = "(outside the model)"  # a module that is no part of the outermost one


class Profiler(base.Profiler):
    """The parts are modules, those with parts of their own too."""

    splits_by = "module"

    def parts(
        self,
        make: Callable[[], Any],
        artefact: Artefact,
        threads: int,
        inputs: Mapping[str, np.ndarray],
        runs: base.Runs,
    ) -> list[Part]:
        """The modules that a pass calls, in the order of their first call.

        Raises:
            Unsupported: a pass calls one module only, as that of a TorchScript file or an exported program.
        """
        runtime = make()
        forward = runtime.load(artefact, threads)
        prepared = runtime.prepare(dict(inputs))
        runtime.pass_s(forward, prepared)
        runs.plain(lambda: runtime.pass_s(forward, prepared))
        clock = _Clock(runtime.synchronize)
        with _hooked(clock):
            runtime.pass_s(forward, prepared)  # the first pass with hooks
            clock.clear()
            passes = runs.profiled(lambda: runtime.pass_s(forward, prepared))
        if len(clock.modules) <= 1:
            raise Unsupported("torch sees the whole model as one module, so its parts cannot be timed")
        names = {id(module): name or WHOLE for name, module in clock.root.named_modules()} if clock.root else {}
        return [
            Part(
                names.get(key, _ELSEWHERE),
                type(module).__name__,
                _kind(module),
                clock.calls[key] / passes,
                clock.own_ns[key] * 1e-9 / passes,
            )
            for key, module in clock.modules.items()
        ]


class _Clock:
    """The time that each module had for itself, by the module's id. Modules are kept, so that no id is used twice."""

    def __init__(self, synchronize: Callable[[], None]) -> None:
        self._synchronize = synchronize
        # Of each module that is being called: when it began, and the time that is not its own.
        self._inside: list[list[int]] = []
        self.root: nn.Module | None = None
        self.clear()

    def clear(self) -> None:
        """Forget all times."""
        self.modules: dict[int, nn.Module] = {}
        self.own_ns: Counter[int] = Counter()
        self.calls: Counter[int] = Counter()

    def enter(self, module: nn.Module, *_: Any) -> None:
        """A module begins."""
        before = self._now_ns()
        if self.root is None:
            self.root = module
        self.modules.setdefault(id(module), module)
        if self._inside:
            self._inside[-1][1] -= before  # until `leave` adds when it ended
        self._inside.append([time.perf_counter_ns(), 0])

    def leave(self, module: nn.Module, *_: Any) -> None:
        """A module ends, by an exception too."""
        now = self._now_ns()
        began, others = self._inside.pop()
        self.own_ns[id(module)] += now - began - others
        self.calls[id(module)] += 1
        if self._inside:
            self._inside[-1][1] += time.perf_counter_ns()

    def _now_ns(self) -> int:
        self._synchronize()
        return time.perf_counter_ns()


@contextmanager
def _hooked(clock: _Clock) -> Iterator[None]:
    """Inside, every call of a module is timed."""
    hooks = [
        register_module_forward_pre_hook(clock.enter),
        register_module_forward_hook(clock.leave, always_call=True),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _kind(module: nn.Module) -> str:
    kind = operator_kinds.of_class(type(module).__mro__)
    if kind == operator_kinds.CONVOLUTION:
        groups, channels = getattr(module, "groups", 1), getattr(module, "in_channels", 0)
        return operator_kinds.DEPTHWISE if operator_kinds.is_depthwise(groups, channels) else kind
    return kind
