"""How long the windows of a launch must be for a meter. Runs in the job."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joulesweep.launches.energy_row import READINGS
from joulesweep.measure.energy.sampler import Sampler, interval_s
from joulesweep.measure.energy.traces.power_trace import PowerTrace
from joulesweep.meters.base import Description

_LEAD_S = 0.25  # until a runtime's threads, which spin after a pass, sleep
_UPDATES = 5
_FEW_READINGS = 3  # so few tell no interval; a battery may need half a minute for each


@dataclass(frozen=True)
class Times:
    """Seconds of a launch: before each window, the window, after each window."""

    lead_s: float
    window_s: float
    trail_s: float


def observed_interval_s(name: str, settings: Mapping[str, Any], description: Description) -> float:
    """Update interval of the meter as seen by watching it for a few updates, longer where that showed too few.

    It is the expected one where the meter never moves: a process that is not there uses no processor time.

    Raises:
        MeterError: it cannot be read.
    """
    for watching_s in (max(0.5, _UPDATES * description.update_s), 3 * _UPDATES * description.update_s):
        sampler = Sampler(name, settings)
        sampler.wait_for_first_reading()
        time.sleep(watching_s)
        trace = PowerTrace.of_record(sampler.stop())
        if trace.time_ns.size > _FEW_READINGS:
            return trace.interval_s(int(trace.time_ns[0]), int(trace.time_ns[-1]))
    return description.update_s


def times(description: Description, observed_s: float, window_s: float) -> Times:
    """Windows that hold enough readings, and last at least what the meter needs and what the user asked for."""
    enough_s = (READINGS + 1) * observed_s
    trail_s = 2 * max(description.update_s, observed_s) + 3 * interval_s(description)
    return Times(max(_LEAD_S, description.settle_s), max(window_s, description.window_s, enough_s), trail_s)
