"""Passes one after another for a time. Runs in the forked child; part of every launch's key."""

import time
from collections.abc import Callable


def passes_for(one_pass: Callable[[], float], seconds: float) -> list[float]:
    """Do whole passes, at least one, until `seconds` are over; returns the seconds of each."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        times.append(one_pass())
    return times
