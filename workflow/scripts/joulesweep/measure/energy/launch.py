"""One launch of an energy measurement: an idle window with the model loaded, then a window filled with passes.

Where a log is joined afterwards and its clock is not to be trusted, a marker comes first: a pattern of load that the log
shows too.

Runs in the forked child; part of every launch's key. The meter is read by another process, so this one only tells when
the windows were, on the clock that both share.
"""

import time
from collections.abc import Mapping
from typing import Any

from joulesweep.measure.device import cool_down
from joulesweep.measure.energy import sync_marker
from joulesweep.measure.processes.passes import passes_for
from joulesweep.measure.processes.prepare import prepare_pass

_COOL_DOWN_S = 60.0


def run(argument: Mapping[str, Any]) -> dict[str, Any]:
    """Measure one point once; returns the windows as pairs of `time.monotonic_ns`, the passes inside the second, and `ran_on`.

    The argument holds `artefact`, `runtime`, `point` with its number of threads, and the times `lead_s` (before each
    window, which the meter needs to forget what was before), `window_s` (at least) and `trail_s` (after each window, in
    which the meter is read once more); `cool_C`, the temperature to wait for before the idle window, None where it
    is not known; and `marker_bit_s`, 0 where no marker is wanted.

    Raises:
        Unsupported: the passes ran elsewhere, or in another precision, than the runtime's name says.
    """
    prepared = prepare_pass(argument)
    one_pass = prepared.one_pass
    one_pass()  # allocates what the idle process then holds; the passes before the second window warm it up
    ran_on = prepared.runtime.ran_on()
    marked = sync_marker.emit(one_pass, argument["marker_bit_s"]) if argument["marker_bit_s"] else []

    _, cool = cool_down.cool_down(argument["cool_C"], _COOL_DOWN_S)
    time.sleep(argument["lead_s"])
    idle_start = time.monotonic_ns()
    time.sleep(argument["window_s"])
    idle_end = time.monotonic_ns()
    time.sleep(argument["trail_s"])

    passes_for(one_pass, argument["lead_s"])
    work_start = time.monotonic_ns()
    passes = len(passes_for(one_pass, argument["window_s"]))
    work_end = time.monotonic_ns()
    passes_for(one_pass, argument["trail_s"])
    return {
        "idle_ns": [idle_start, idle_end],
        "work_ns": [work_start, work_end],
        "passes": passes,
        "ran_on": ran_on,
        "cool": cool,
        "marker_ns": marked,
    }
