"""How fast a model still is after minutes of passes without a rest, when the device is hot, beside how fast it began.

Runs in the forked child; part of every launch's key.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from joulesweep.measure.device import state
from joulesweep.measure.latency.launch import warm_up
from joulesweep.measure.processes.passes import passes_for
from joulesweep.measure.processes.prepare import prepare_pass

BURST_SHARE, SUSTAINED_SHARE = 0.1, 0.2  # of the time: the first tenth against the last fifth
_BLOCK_S = 1.0


def run(argument: Mapping[str, Any]) -> dict[str, Any]:
    """Do passes for `seconds`; the argument also holds `artefact`, `runtime` and `point`.

    Returns `burst_s` and `sustained_s`, seconds of a pass in the first tenth and in the last fifth of that time, and
    `blocks`: for each second, when it ended (seconds since the start), seconds of a pass, clock in Hz, temperature in °C.
    """
    one_pass = prepare_pass(argument).one_pass
    warm_up(one_pass)
    blocks = []
    start = time.perf_counter()
    while time.perf_counter() - start < argument["seconds"]:
        times = passes_for(one_pass, _BLOCK_S)
        at_s = time.perf_counter() - start
        blocks.append([at_s, float(np.median(times)), state.frequency_hertz(), state.hottest_celsius()])
    burst_s, sustained_s = speeds(blocks)
    return {"burst_s": burst_s, "sustained_s": sustained_s, "blocks": blocks}


def speeds(blocks: Sequence[Sequence[Any]]) -> tuple[float, float]:
    """Median seconds of a pass in the first tenth and in the last fifth of the time; at least one block in each."""
    ends = np.array([block[0] for block in blocks])
    seconds = np.array([block[1] for block in blocks])
    first = ends <= max(ends[0], BURST_SHARE * ends[-1])
    last = ends >= min(ends[-1], (1 - SUSTAINED_SHARE) * ends[-1])
    return float(np.median(seconds[first])), float(np.median(seconds[last]))
