"""How precise the latency of points will be, by what this device's journals show of launches and of drift."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from joulesweep.launches import latency_row
from joulesweep.launches.latency_launch import LatencyLaunch
from joulesweep.measure.missing import MOST_FURTHER
from joulesweep.uncertainty import drift

_FEWEST = 3  # launches that tell a spread


def expected_half_widths(
    points: Iterable[tuple[int, Sequence[LatencyLaunch]]], settings: Mapping[str, Any], point_s: float
) -> dict[str, float]:
    """The relative half width of the 95 % interval to expect of a typical point that gets `point_s` seconds.

    `points` are the threads and launches of points that were measured. One value for each kind of point that is among
    them: `one thread`, `several threads`.
    """
    records: dict[bool, list[drift.Record]] = {}
    wall_s: dict[bool, list[float]] = {}
    for threads, launches in points:
        used = latency_row.used_launches(launches)
        if len(used) >= _FEWEST:
            records.setdefault(threads > 1, []).append(latency_row.record(used))
            wall_s.setdefault(threads > 1, []).extend(launch.wall_s for launch in used)
    return {
        "several threads" if several else "one thread": _expected(
            records[several], int(point_s / statistics.median(wall_s[several])), settings
        )
        for several in sorted(records)
    }


def _expected(records: Sequence[drift.Record], affordable: int, settings: Mapping[str, Any]) -> float:
    spread = statistics.median(float(np.std(np.log(seconds), ddof=1)) for _, seconds in records)
    first = int(settings["launches"])
    launches = min(max(affordable, first), first + MOST_FURTHER)
    times_s = np.linspace(0, 60 * settings["minutes"], launches)
    return drift.expected_half_width(times_s.tolist(), spread, drift.estimate(records))
