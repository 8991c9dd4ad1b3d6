"""Times the operators of ONNX Runtime with its own profiler: those of the graph as the runtime has optimised it."""

import json
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from joulesweep import operator_kinds
from joulesweep.launches.time_shares.launch import Part
from joulesweep.model import onnx_header
from joulesweep.model.manifest import Artefact
from joulesweep.profilers import base

_RUN, _OPERATOR = "model_run", "_kernel_time"
_REWRITTEN = re.compile(r"(_nchwc|_quant|_token_\d+)+$")  # what the runtime adds to the name of a node that it rewrites


class Profiler(base.Profiler):
    """The parts are operators, and what the runtime does between them."""

    splits_by = "operator"

    def parts(
        self,
        make: Callable[[], Any],
        artefact: Artefact,
        threads: int,
        inputs: Mapping[str, np.ndarray],
        runs: base.Runs,
    ) -> list[Part]:
        """The operators of a pass in the order in which they run; the runtime's own work last."""
        _repeated(make(), artefact, threads, inputs, runs.plain)
        with tempfile.TemporaryDirectory(prefix="joulesweep-") as folder:
            runtime = make()
            runtime.profile_prefix = str(Path(folder) / "profile")
            passes = _repeated(runtime, artefact, threads, inputs, runs.profiled)
            events = json.loads(Path(runtime.session.end_profiling()).read_text(encoding="utf-8"))
        return parts(events, passes, onnx_header.depthwise(artefact.file))


def _repeated(
    runtime: Any, artefact: Artefact, threads: int, inputs: Mapping[str, np.ndarray], repeat: base.Repeat
) -> int:
    """Load the artefact and, after a first pass, do passes; returns how many. A session that nobody else has is gone then."""
    forward = runtime.load(artefact, threads)
    prepared = runtime.prepare(dict(inputs))
    runtime.pass_s(forward, prepared)
    return repeat(lambda: runtime.pass_s(forward, prepared))


@dataclass
class _Operator:
    """An operator in the last passes: its type and kind, how often it ran, and its own time in microseconds."""

    type: str
    kind: str
    calls: int = 0
    own_us: float = 0.0


@dataclass
class _Event:
    """An event of the profile in microseconds; `inner_us` is the time of the operators inside it."""

    start_us: float
    end_us: float
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    inner_us: float = 0.0

    @property
    def own_us(self) -> float:
        return max(0.0, self.end_us - self.start_us - self.inner_us)


def parts(events: Sequence[Mapping[str, Any]], passes: int, depthwise: Mapping[str, bool]) -> list[Part]:
    """The operators in the last `passes` passes of a profile; `depthwise` says of convolutions, by the name of node or output, what they are.

    An operator that holds a graph (If, Loop, Scan) is left with the time that the operators in that graph do not have.
    """
    runs = sorted((event for event in map(_event, events) if event.name == _RUN), key=lambda run: run.start_us)[
        -passes:
    ]
    inside = _nested([*runs, *_operators(events, runs[0].start_us)])
    found: dict[str, _Operator] = {}
    for event in inside:
        if event.name != _RUN:
            name = event.name.removesuffix(_OPERATOR)
            type_ = str(event.arguments.get("op_name", ""))
            operator = found.setdefault(name, _Operator(type_, _kind(name, type_, event.arguments, depthwise)))
            operator.calls += 1
            operator.own_us += event.own_us
    found["(between operators)"] = _Operator(
        "", operator_kinds.BETWEEN, len(runs), sum(event.own_us for event in inside if event.name == _RUN)
    )
    return [
        Part(name, operator.type, operator.kind, operator.calls / len(runs), operator.own_us * 1e-6 / len(runs))
        for name, operator in found.items()
    ]


def _event(event: Mapping[str, Any]) -> _Event:
    start_us = float(event.get("ts", 0))
    arguments = event.get("args") or {}
    return _Event(start_us, start_us + float(event.get("dur", 0)), str(event.get("name", "")), arguments)


def _operators(events: Iterable[Mapping[str, Any]], start_us: float) -> list[_Event]:
    timed = (_event(event) for event in events if str(event.get("name", "")).endswith(_OPERATOR))
    return [event for event in timed if event.start_us >= start_us]


def _nested(events: Sequence[_Event]) -> list[_Event]:
    """The events by their start, each with the time of those directly inside it."""
    ordered = sorted(events, key=lambda event: (event.start_us, -event.end_us))
    open_: list[_Event] = []
    for event in ordered:
        while open_ and event.start_us >= open_[-1].end_us:
            open_.pop()
        if open_:
            open_[-1].inner_us += event.end_us - event.start_us
        open_.append(event)
    return ordered


def _kind(name: str, type_: str, arguments: Mapping[str, Any], depthwise: Mapping[str, bool]) -> str:
    """The kind of an operator: of a convolution as the file says, or where it has no name there, as the shape of its weight does."""
    kind = operator_kinds.of_operator(type_)
    if kind != operator_kinds.CONVOLUTION:
        return kind
    known = depthwise.get(name, depthwise.get(_REWRITTEN.sub("", name)))
    return operator_kinds.DEPTHWISE if (_has_filter_per_channel(arguments) if known is None else known) else kind


def _has_filter_per_channel(arguments: Mapping[str, Any]) -> bool:
    """Whether the weight of a convolution in 32 bits has one input channel, and its input several."""
    shapes: list[Sequence[int]] = [next(iter(each.values()), []) for each in arguments.get("input_type_shape") or []]
    return len(shapes) > 1 and len(shapes[1]) > 2 and shapes[1][1] == 1 and shapes[0][1] > 1
