"""How long the windows of a meter must be, and one launch with a sampler beside it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joulesweep.launches.energy_launch import EnergyFigures
from joulesweep.launches.energy_row import READINGS
from joulesweep.measure.energy import launch as energy_launch
from joulesweep.measure.energy import window_figures
from joulesweep.measure.energy.power_trace import PowerTrace, SilentError, UncoveredError
from joulesweep.measure.energy.sampler import MeterError, Sampler, interval_s
from joulesweep.meters.base import Description

_LEAD_S = 0.25  # until a runtime's threads, which spin after a pass, sleep
_LOOK_UPDATES = 5
_FEW_LOOKS = 3  # readings that tell no interval; a battery may need half a minute for each


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
    for looking_s in (max(0.5, _LOOK_UPDATES * description.update_s), 3 * _LOOK_UPDATES * description.update_s):
        sampler = Sampler(name, settings)
        sampler.wait_for_first_reading()
        time.sleep(looking_s)
        trace = PowerTrace.of_record(sampler.stop())
        if trace.time_ns.size > _FEW_LOOKS:
            return trace.interval_s(int(trace.time_ns[0]), int(trace.time_ns[-1]))
    return description.update_s


def times(description: Description, observed_s: float, window_s: float) -> Times:
    """Windows that hold enough readings, and last at least what the meter needs and what the user asked for."""
    enough_s = (READINGS + 1) * observed_s
    trail_s = 2 * max(description.update_s, observed_s) + 3 * interval_s(description)
    return Times(max(_LEAD_S, description.settle_s), max(window_s, description.window_s, enough_s), trail_s)


def launch(
    run: Callable[..., Any], meter: Mapping[str, Any], argument: Mapping[str, Any], timeout_s: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    """One launch with the meter read beside it; `run` is a server's.

    Returns status, message, windows and figures as an `EnergyLaunch` has them, and the raw samples. A meter that dies or
    falls silent has the status `no_meter`: that is tried again when it is back.
    """
    samplers: list[Sampler] = []

    def start_sampler(pid: int) -> None:
        samplers.append(Sampler(meter["name"], meter["settings"], pid))
        samplers[0].wait_for_first_reading()

    try:
        outcome = run(energy_launch.run, argument, timeout_s, on_start=start_sampler)
        record = samplers[0].stop() if samplers else None
        if outcome.status != "ok":
            return _ended(outcome.status, outcome.message), {"record": record}
        assert record is not None  # a launch that ended ok was started
        figures = window_figures.figures(record, outcome.value)
    except (MeterError, SilentError) as error:
        return _ended("no_meter", f"{meter['name']}: {error}"), {}
    except UncoveredError as error:
        return _ended("error", f"{meter['name']}: {error}"), {"record": record, **outcome.value}
    return _ended("ok", "", outcome.value, figures), {"record": record, **outcome.value}


def launch_for_log(
    run: Callable[..., Any], argument: Mapping[str, Any], timeout_s: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    """One launch whose power another device logs: the journal keeps when its windows were.

    `unix_ns` is what to add to their monotonic times to have Unix time.
    """
    outcome = run(energy_launch.run, argument, timeout_s)
    if outcome.status != "ok":
        return _ended(outcome.status, outcome.message), {}
    windows = {**outcome.value, "unix_ns": time.time_ns() - time.monotonic_ns()}
    return _ended("ok", "", windows), windows


def _ended(
    status: str, message: str, windows: Mapping[str, Any] | None = None, figures: EnergyFigures | None = None
) -> dict[str, Any]:
    return {"status": status, "message": message, "windows": windows, "figures": figures}
