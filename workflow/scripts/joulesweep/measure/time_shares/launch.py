"""One launch that tells where the time of a pass goes: plain passes, then passes whose parts are timed.

Runs in the forked child; part of every launch's key. It is no launch of latency: what it times is slowed by the timing itself.
"""

import gc
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from statistics import fmean
from typing import Any

from joulesweep import plugins
from joulesweep.launches.time_shares.launch import Profile
from joulesweep.measure.processes.passes import passes_for
from joulesweep.model import inputs
from joulesweep.profilers.base import Runs

_WINDOW_S = 0.1  # of plain passes, and again of profiled ones


def run(argument: Mapping[str, Any]) -> dict[str, Any]:
    """Profile one variant once; returns a `Profile` as a mapping.

    The argument holds `artefact`, `runtime` and `point` with its number of threads.
    """
    name, point, artefact = argument["runtime"], argument["point"], argument["artefact"]
    make = plugins.load("runtimes", name)
    profiler = plugins.load("profilers", plugins.declared("runtimes", name, "profiler"))()
    arrays = inputs.make(artefact.spec, point)
    plain: list[float] = []
    profiled: list[float] = []
    gc.disable()
    runs = Runs(partial(_repeat, plain), partial(_repeat, profiled))
    parts = profiler.parts(make, artefact, point["threads"], arrays, runs)
    return asdict(Profile(len(profiled), fmean(profiled), fmean(plain), tuple(parts)))


def _repeat(times: list[float], one_pass: Callable[[], float]) -> int:
    """Do passes for a window; their seconds are added to `times`."""
    times.extend(passes_for(one_pass, _WINDOW_S))
    return len(times)
