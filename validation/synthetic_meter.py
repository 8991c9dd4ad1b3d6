"""A meter whose power is a known function of time; `validation/energy.py` lays it beside the real ones in a copy.

Power is 10 W on average: constant, or a square wave of 5 and 15 W, or a ramp from 5 to 15 W over the whole recording. It is
seen as an instantaneous reading, as a mean over the last update interval (stamped in its middle), or as a counter of joules
that moves once a millisecond. Looks come late by up to `jitter_s`, and a share `lost` of them fails.
"""

import math
import random
import time

from joulesweep.meters import base

SETTINGS = {
    "wave": "constant, square or ramp",
    "hz": "frequency of the square wave",
    "sees": "instant, mean or counter",
    "origin_ns": "time 0 of the wave, of time.monotonic_ns",
    "length_s": "length of the ramp",
    "update_s": "update interval of the mean",
    "jitter_s": "how late a look may come",
    "lost": "share of looks that fail",
}
LOW_W, HIGH_W = 5.0, 15.0


def joules(settings: dict, seconds: float) -> float:
    """Energy since time 0, exactly."""
    if settings["wave"] == "constant":
        return 10.0 * seconds
    if settings["wave"] == "ramp":
        return LOW_W * seconds + (HIGH_W - LOW_W) * seconds**2 / (2 * settings["length_s"])
    cycles = seconds * settings["hz"]
    whole, part = math.floor(cycles), cycles - math.floor(cycles)
    return (10.0 * whole + HIGH_W * min(part, 0.5) + LOW_W * max(part - 0.5, 0.0)) / settings["hz"]


def watts(settings: dict, seconds: float) -> float:
    """Power at a moment."""
    if settings["wave"] == "constant":
        return 10.0
    if settings["wave"] == "ramp":
        return LOW_W + (HIGH_W - LOW_W) * seconds / settings["length_s"]
    return HIGH_W if seconds * settings["hz"] % 1 < 0.5 else LOW_W


class Meter(base.Meter):
    """The wave as one kind of meter shows it."""

    def available(self) -> base.Availability:
        """Always."""
        return base.Availability(True, "a known wave")

    def describe(self) -> base.Description:
        """As a real meter of this kind would."""
        counts, averages = self.settings["sees"] == "counter", self.settings["sees"] == "mean"
        return base.Description(
            kind="measured",
            unit="J" if counts else "W",
            rails=("wave",),
            scope="machine",
            covers="a known wave",
            update_s=self.settings["update_s"] if averages else 0.001,
            settle_s=0.0,
            window_s=1.0 if counts else 5.0,
            wrap_J=(math.inf,) if counts else (),
            has_timestamps=averages,
        )

    def read(self) -> base.Reading:
        """What the meter shows now."""
        time.sleep(random.uniform(0, self.settings["jitter_s"]))
        if random.random() < self.settings["lost"]:
            raise OSError("a lost reading")
        now_ns = time.monotonic_ns()
        seconds = (now_ns - self.settings["origin_ns"]) * 1e-9
        if self.settings["sees"] == "instant":
            return base.Reading(now_ns, (watts(self.settings, seconds),))
        if self.settings["sees"] == "counter":
            return base.Reading(now_ns, (joules(self.settings, math.floor(seconds * 1000) / 1000),))
        update = self.settings["update_s"]
        end = math.floor(seconds / update) * update
        mean = (joules(self.settings, end) - joules(self.settings, end - update)) / update
        return base.Reading(round(self.settings["origin_ns"] + (end - update / 2) * 1e9), (mean,))
