"""One launch that tells where the time of a pass goes: plain passes, then passes whose parts are timed.

Runs in the forked child; part of every launch's key. It is no launch of latency: what it times is slowed by the timing itself.
"""

import gc
from collections.abc import Callable, Mapping
from dataclasses import asdict
from statistics import fmean
from typing import Any

from joulesweep import plugins
from joulesweep.launches.time_shares.launch import Profile
from joulesweep.measure.processes.passes import passes_for
from joulesweep.measure.processes.prepare import prepare_pass
from joulesweep.model import inputs

_WINDOW_S = 0.15  # of plain passes, and again of profiled ones


def run(argument: Mapping[str, Any]) -> dict[str, Any]:
    """Profile one variant once; returns a `Profile` as a mapping.

    The argument holds `artefact`, `runtime` and `point` with its number of threads.
    """
    name, point = argument["runtime"], argument["point"]
    plain = _plain_passes(argument)
    profiled: list[float] = []

    def repeat(profiled_pass: Callable[[], float]) -> int:
        profiled.extend(passes_for(profiled_pass, _WINDOW_S))
        return len(profiled)

    gc.unfreeze()
    gc.collect()
    profiler = plugins.load("profilers", plugins.declared("runtimes", name, "profiler"))()
    runtime, artefact = plugins.load("runtimes", name)(), argument["artefact"]
    parts = profiler.parts(runtime, artefact, point["threads"], inputs.make(artefact.spec, point), repeat)
    return asdict(Profile(len(profiled), fmean(profiled), fmean(plain), tuple(parts)))


def _plain_passes(argument: Mapping[str, Any]) -> list[float]:
    """Seconds of passes without a profiler. The model is gone when this returns: a profiler loads it for itself."""
    one_pass = prepare_pass(argument).one_pass
    one_pass()
    return passes_for(one_pass, _WINDOW_S)
