"""How many launches a point still needs, by its journal only: a run that was killed decides as it would have.

A launch that failed is not repeated until what limited it has changed. `limits` are those settings: each launch keeps
the ones under which it was made.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from joulesweep import interval
from joulesweep.launches import selection
from joulesweep.launches.energy_launch import EnergyLaunch
from joulesweep.launches.latency_launch import LatencyLaunch
from joulesweep.launches.launch import Launch

MOST_FURTHER = 15
FAILURES = 2  # a point that failed so often and never succeeded is given up until what limited it changes


def is_settled(launch: Launch, limits: Mapping[str, Any]) -> bool:
    """Whether a launch is not to be repeated: it ended ok, or failed under the present limits."""
    return launch.ok or launch.limits == limits


def failures(launches: Sequence[Launch], limits: Mapping[str, Any]) -> int:
    """Launches that failed under the present limits."""
    return sum(not launch.ok and is_settled(launch, limits) for launch in launches)


def is_given_up(launches: Sequence[Launch], limits: Mapping[str, Any]) -> bool:
    """Whether a point has failed so often, and never succeeded, that it is not tried again under these limits."""
    return failures(launches, limits) >= FAILURES and not any(launch.ok for launch in launches)


def missing_launches(launches: Sequence[LatencyLaunch], settings: Mapping[str, Any], limits: Mapping[str, Any]) -> int:
    """Launches of latency that a point still needs: those of the first stage, then the further ones.

    In both stages busy launches are repeated, as often as `busy_retries` allows in all.
    """
    if is_given_up(launches, limits):
        return 0
    first, retries = settings["launches"], settings["busy_retries"]
    end = next(
        (count for count in range(len(launches) + 1) if _missing(launches[:count], first, retries, limits) <= 0), None
    )
    if end is None:
        return _missing(launches, first, retries, limits)
    first_stage = launches[:end]
    busy = len(selection.succeeded(first_stage)) - len(selection.undisturbed(first_stage))
    further = _further(selection.used(first_stage, first)[:first], settings)
    return max(0, _missing(launches[end:], further, max(0, retries - busy), limits))


def _missing(launches: Sequence[LatencyLaunch], wanted: int, retries: int, limits: Mapping[str, Any]) -> int:
    """What is missing of a stage that wants so many undisturbed launches; busy ones count when all retries are used."""
    succeeded, undisturbed = len(selection.succeeded(launches)), len(selection.undisturbed(launches))
    return min(wanted - undisturbed, wanted + retries - succeeded) - failures(launches, limits)


def _further(first_stage: Sequence[LatencyLaunch], settings: Mapping[str, Any]) -> int:
    """Launches that the spread of a whole first stage asks for (Stein 1945): at most 15, and as many as `budget_s` pays for."""
    if len(first_stage) < settings["launches"]:
        return 0
    affordable = int(settings["budget_s"] / statistics.median(launch.wall_s for launch in first_stage))
    seconds = [launch.seconds for launch in first_stage]
    return interval.further_launches(seconds, settings["target"], min(MOST_FURTHER, affordable))


def missing_windows(
    launches: Sequence[EnergyLaunch], settings: Mapping[str, Any], limits: Mapping[str, Any], meter_failures: int
) -> int:
    """Launches of energy that a point still needs.

    Those that a meter failed are repeated by the next run, whose job knows of more failures of the meter.
    """
    if is_given_up(launches, limits):
        return 0
    settled = [
        launch
        for launch in launches
        if is_settled(launch, limits) and (launch.status != "no_meter" or launch.meter_failures == meter_failures)
    ]
    return max(0, settings["launches"] - len(settled))
