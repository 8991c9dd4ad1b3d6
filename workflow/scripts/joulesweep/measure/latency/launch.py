"""One launch: a fresh process loads a model, warms up, and times forward passes in rounds between samples of the reference.

Only the forward pass is timed, to its end on the compute device: inputs are made before, garbage collection is off.
Runs in the forked child; part of every launch's key.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from joulesweep.launches.packing import pack
from joulesweep.measure.latency.core_distance import core_distance_for
from joulesweep.measure.latency.reference import reference_for
from joulesweep.measure.processes import memory
from joulesweep.measure.processes.passes import passes_for
from joulesweep.measure.processes.prepare import prepare_pass

ROUND_S = 0.05
ROUNDS = 2
AFTER_REFERENCE_S = 0.005  # the passes of this time after the reference are kept but not used
LAB_PASSES = 10

_WARM_UP_BLOCK_S = 0.01
_WARM_UP_BLOCKS = 3
_WARM_UP_S = 1.0
_SETTLED = 0.1  # relative spread of the last blocks


def run(argument: Mapping[str, Any]) -> dict[str, Any]:
    """Measure one point once. The argument holds `artefact`, `runtime`, `point` (with threads) and `lab`, a truth value.

    Returns seconds and bytes: `load_s`, `first_s`, `settled`, `peak_bytes`, `peak_above_load_bytes`, `lab_s` (where
    asked for), `rounds` (for each: passes, how many of them are used, mean seconds of a used pass), `samples` (one more
    than rounds, seconds of each of `parts`), `core_s` (as many, seconds of a round trip between each pair of cores that was
    asked), `pass_s` (every pass, packed), and `reference_share`; `ran_on` in words; and where the model's own outputs are known
    `max_error` and `tolerance`, else both None.
    """
    distance = core_distance_for(argument["runtime"], argument["point"])  # forks, so before the runtime has threads
    try:
        return _measured(argument, distance.sample if distance else list)
    finally:
        if distance:
            distance.close()


def _measured(argument: Mapping[str, Any], core_sample: Callable[[], list[float]]) -> dict[str, Any]:
    prepared = prepare_pass(argument)
    settled = warm_up(prepared.one_pass)
    peak_bytes = max(prepared.first_peak_bytes, memory.peak())  # before the reference's buffers exist
    lab_s = [prepared.one_pass() for _ in range(1 + LAB_PASSES)][1:] if argument["lab"] else []
    reference = reference_for(prepared.runtime.compute_device, prepared.runtime.pass_s)
    timed = rounds(prepared.one_pass, reference.sample, core_sample)
    return {
        "load_s": prepared.load_s,
        "first_s": prepared.first_s,
        "settled": settled,
        "peak_bytes": peak_bytes,
        "peak_above_load_bytes": peak_bytes - prepared.loaded_bytes,
        "lab_s": lab_s,
        "ran_on": prepared.runtime.ran_on(),
        "max_error": prepared.compared and prepared.compared.max_error,
        "tolerance": prepared.compared and prepared.compared.tolerance,
        "parts": list(reference.parts),
        **timed,
    }


def warm_up(one_pass: Callable[[], float]) -> bool:
    """Do passes in short blocks until the times of the last ones agree; says whether they did within the bound."""
    times: list[float] = []
    begin = time.perf_counter()
    while True:
        block = passes_for(one_pass, _WARM_UP_BLOCK_S)
        times.append(float(np.median(block)))
        last = times[-_WARM_UP_BLOCKS:]
        if len(last) == _WARM_UP_BLOCKS:
            if max(last) <= (1 + _SETTLED) * min(last):
                return True
            if time.perf_counter() - begin > _WARM_UP_S:
                return False


def rounds(
    one_pass: Callable[[], float], sample: Callable[[], list[float]], core_sample: Callable[[], list[float]] = list
) -> dict[str, Any]:
    """Rounds of passes, each between two samples of the reference and of the distance of the cores."""
    begin = time.perf_counter()
    samples, core_s = [sample()], [core_sample()]
    done: list[dict[str, Any]] = []
    every: list[float] = []
    in_rounds = 0.0
    for _ in range(ROUNDS):
        start = time.perf_counter()
        times = passes_for(one_pass, ROUND_S)
        in_rounds += time.perf_counter() - start
        samples.append(sample())
        core_s.append(core_sample())
        used = times[_unused(times) :]
        done.append({"passes": len(times), "used": len(used), "mean_s": float(np.mean(used))})
        every.extend(times)
    share = 1 - in_rounds / (time.perf_counter() - begin)
    return {
        "rounds": done,
        "samples": samples,
        "core_s": core_s,
        "pass_s": pack(np.array(every, dtype=np.float32)),
        "reference_share": share,
    }


def _unused(times: list[float]) -> int:
    """How many passes at the start of a round still feel the reference: those of its first 5 ms, never all."""
    elapsed = np.cumsum(times)
    return min(int(np.searchsorted(elapsed, AFTER_REFERENCE_S)) + 1, len(times) - 1)
