"""Which launches of a point are used: those that ended ok while the machine was not busy, as long as they are enough.

A launch is busy where other processes had a tenth of the cores' time. It is kept and repeated, up to `busy_retries` times
per point. The rule looks at who had the cores, never at how long a pass took. A machine that is always busy is measured
all the same, and its rows say so.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from joulesweep.launches.latency_launch import LatencyLaunch
from joulesweep.launches.launch import Launch

BUSY = 0.1  # of all cores' time, had by other processes or by other machines on the same processor


def others_share(before: Mapping[str, Any], after: Mapping[str, Any], own_s: float, wall_s: float) -> float:
    """The share of all cores' time that other processes had between two states of the device, `wall_s` seconds apart.

    `own_s` is the processor time in seconds of the measuring process, its start and its end included.
    """
    return max(0.0, (after["busy_s"] - before["busy_s"] - own_s) / (wall_s * (os.cpu_count() or 1)))


def succeeded(launches: Sequence[LatencyLaunch]) -> list[LatencyLaunch]:
    """Launches that ended ok."""
    return [launch for launch in launches if launch.ok]


def undisturbed(launches: Sequence[LatencyLaunch]) -> list[LatencyLaunch]:
    """Launches that ended ok while the machine was not busy."""
    return [launch for launch in succeeded(launches) if launch.others_share <= BUSY]


def used(launches: Sequence[LatencyLaunch], first_stage: int) -> list[LatencyLaunch]:
    """The launches that a point's figures are made from: the undisturbed ones, or all ok ones where these are too few."""
    quiet = undisturbed(launches)
    return quiet if len(quiet) >= first_stage else succeeded(launches)


def commonest_failure(launches: Sequence[Launch]) -> tuple[str, str] | None:
    """Status and message that most failed launches have, the first of several; None where none failed."""
    failures = Counter((launch.status, launch.message) for launch in launches if not launch.ok)
    return failures.most_common(1)[0][0] if failures else None
