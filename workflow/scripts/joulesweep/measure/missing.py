"""How many launches a point still needs, by its journal only: a run that was killed decides as it would have.

A launch that failed is not repeated until what limited it has changed. `limits` are those settings: each launch keeps
the ones under which it was made.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from joulesweep.launches import selection
from joulesweep.launches.energy_launch import EnergyLaunch
from joulesweep.launches.latency_launch import LatencyLaunch
from joulesweep.launches.launch import Launch
from joulesweep.uncertainty import interval

MOST_FURTHER = 40
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


def missing_in_first_stage(
    launches: Sequence[LatencyLaunch], settings: Mapping[str, Any], limits: Mapping[str, Any]
) -> int:
    """Launches of the first stage that a point still needs. Busy ones are repeated, as often as `busy_retries` allows."""
    if is_given_up(launches, limits) or _first_stage(launches, settings, limits) is not None:
        return 0
    return _missing(launches, settings["launches"], settings["busy_retries"], limits)


def wanted_beyond(launches: Sequence[LatencyLaunch], settings: Mapping[str, Any], limits: Mapping[str, Any]) -> int:
    """Launches beyond a whole first stage that its spread asks for, those that were made already included."""
    first = _first_stage(launches, settings, limits)
    if first is None or is_given_up(launches, limits):
        return 0
    used = selection.used(first, settings["launches"])[: settings["launches"]]
    if len(used) < settings["launches"]:
        return 0
    return interval.further_launches([launch.seconds for launch in used], settings["precision"], MOST_FURTHER)


def missing_beyond(
    launches: Sequence[LatencyLaunch], wanted: int, settings: Mapping[str, Any], limits: Mapping[str, Any]
) -> int:
    """Launches beyond the first stage that a point still needs of those that it is to get.

    Busy ones are repeated, as often as the first stage has left of `busy_retries`.
    """
    first = _first_stage(launches, settings, limits)
    if first is None or is_given_up(launches, limits):
        return 0
    busy = len(selection.succeeded(first)) - len(selection.undisturbed(first))
    return max(0, _missing(launches[len(first) :], wanted, max(0, settings["busy_retries"] - busy), limits))


def affordable(wanted: Sequence[int], launch_s: Sequence[float], budget_s: float) -> list[int]:
    """As many of the wanted launches of each point as `budget_s` seconds pay for; `launch_s` are those of a launch.

    All points get the same number, apart from those that want fewer: what limits a figure is mostly the drift of the device,
    which many launches of a fast model do not average out.
    """
    each = max(wanted, default=0)
    while each and sum(min(count, each) * seconds for count, seconds in zip(wanted, launch_s, strict=True)) > budget_s:
        each -= 1
    return [min(count, each) for count in wanted]


def _first_stage(
    launches: Sequence[LatencyLaunch], settings: Mapping[str, Any], limits: Mapping[str, Any]
) -> Sequence[LatencyLaunch] | None:
    """The launches that a whole first stage consists of; None where it is not whole yet."""
    for count in range(len(launches) + 1):
        if _missing(launches[:count], settings["launches"], settings["busy_retries"], limits) <= 0:
            return launches[:count]
    return None


def _missing(launches: Sequence[LatencyLaunch], wanted: int, retries: int, limits: Mapping[str, Any]) -> int:
    """What is missing of a stage that wants so many undisturbed launches; busy ones count when all retries are used."""
    succeeded, undisturbed = len(selection.succeeded(launches)), len(selection.undisturbed(launches))
    return min(wanted - undisturbed, wanted + retries - succeeded) - failures(launches, limits)


def missing_windows(
    launches: Sequence[EnergyLaunch], settings: Mapping[str, Any], limits: Mapping[str, Any], meter_failures: int
) -> int:
    """Launches of energy that a point still needs.

    Those that a meter failed are repeated by the next run, whose job knows of more failures of the meter.
    """
    due = [launch for launch in launches if launch.status != "no_meter" or launch.meter_failures == meter_failures]
    return 0 if is_given_up(launches, limits) else missing_launches(due, settings["launches"], limits)


def missing_launches(launches: Sequence[Launch], wanted: int, limits: Mapping[str, Any]) -> int:
    """Launches that a point still needs of a stage that wants the same number of every point."""
    if is_given_up(launches, limits):
        return 0
    return max(0, wanted - sum(is_settled(launch, limits) for launch in launches))
