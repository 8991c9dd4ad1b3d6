"""One launch of an energy measurement: an idle window with the model loaded, then a window filled with passes.

Where a log is joined afterwards and its clock is not to be trusted, a marker comes first: a pattern of load that the log
shows too.

Runs in a process of its own; the meter is read by another one. So all that is told here is when the windows were, on
the clock that both share.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from joulesweep.measure.device import cool_down
from joulesweep.measure.energy import sync_marker
from joulesweep.measure.processes.prepare import prepare_pass

_WARM_UP_S = 0.2
_WARM_UP_PASSES = 2
_COOL_DOWN_S = 60.0


def run(argument: Mapping[str, Any]) -> dict[str, Any]:
    """Measure one point once; returns the windows as pairs of `time.monotonic_ns` and the passes inside the second.

    The argument holds `artefact`, `runtime`, `point` with its number of threads, and the times `lead_s` (before each
    window, which the meter needs to forget what was before), `window_s` (at least) and `trail_s` (after each window, in
    which the meter is looked at once more); `cool_C`, the temperature to wait for before the idle window, None where it
    is not known; and `marker_bit_s`, 0 where no marker is wanted.
    """
    one_pass = prepare_pass(argument)
    for _ in range(_WARM_UP_PASSES):
        one_pass()
    _passes_for(one_pass, _WARM_UP_S)
    marked = sync_marker.emit(one_pass, argument["marker_bit_s"]) if argument["marker_bit_s"] else []

    _, cool = cool_down.cool_down(argument["cool_C"], _COOL_DOWN_S)
    time.sleep(argument["lead_s"])
    idle_start = time.monotonic_ns()
    time.sleep(argument["window_s"])
    idle_end = time.monotonic_ns()
    time.sleep(argument["trail_s"])

    _passes_for(one_pass, argument["lead_s"])
    work_start = time.monotonic_ns()
    passes, work_end = _passes_for(one_pass, argument["window_s"])
    _passes_for(one_pass, argument["trail_s"])
    return {
        "idle_ns": [idle_start, idle_end],
        "work_ns": [work_start, work_end],
        "passes": passes,
        "cool": cool,
        "marker_ns": marked,
    }


def _passes_for(one_pass: Callable[[], object], seconds: float) -> tuple[int, int]:
    """Do whole passes, at least one, until `seconds` are over; returns how many, and when the last one ended."""
    end = time.monotonic_ns() + int(seconds * 1e9)
    passes = 0
    while True:
        one_pass()
        passes += 1
        now = time.monotonic_ns()
        if now >= end:
            return passes, now
