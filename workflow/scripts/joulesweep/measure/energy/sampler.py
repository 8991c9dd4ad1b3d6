"""Reads a meter in a process of its own, at uneven times, from before the work to after it.

The stamps are `time.monotonic_ns`, which all processes of a machine share. The times are uneven because an even
rhythm would alias with a load that has one. The process ends when its standard input closes, so it cannot outlive the
job, however that dies. It imports neither numpy nor any runtime, so it starts fast and stays out of the way.
"""

import json
import math
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from joulesweep.measure.energy import meter_probe
from joulesweep.meters.base import Description

_FASTEST_S = 0.02  # a look every 20 ms costs about a hundredth of one core
_PATIENCE_S = 30.0  # for the last reading, when the meter hangs


def interval_s(description: Description) -> float:
    """Mean time between looks at a meter: thrice as often as it updates, so that its own rhythm shows.

    A reading with a stamp of its own is looked for more often, so that none is overlooked.
    """
    return max(_FASTEST_S, description.update_s / (10 if description.has_timestamps else 3))


class MeterError(Exception):
    """The meter could not be read at all; the text says why."""


class Sampler:
    """A running sampler of one meter; `pid` is the measured process, for meters that follow one."""

    def __init__(self, name: str, settings: Mapping[str, Any], pid: int | None = None) -> None:
        job = {"name": name, "settings": dict(settings), "pid": pid}
        self._process = subprocess.Popen(
            **meter_probe.command(settings, "joulesweep.measure.energy.sampler", job),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def stop(self) -> dict[str, Any]:
        """End the sampling; returns what was recorded: unit, rails, wrap ranges, times, values, failed readings.

        Raises:
            MeterError: the sampler died or hung; the text says how.
        """
        try:
            out, errors = self._process.communicate(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired as error:
            self._process.kill()
            self._process.communicate()
            raise MeterError(f"the meter did not answer for {_PATIENCE_S:.0f} s") from error
        if self._process.returncode != 0:
            last = errors.strip().splitlines()[-1:] or [f"exit status {self._process.returncode}"]
            raise MeterError(f"reading the meter failed: {last[0]}")
        return json.loads(out.splitlines()[-1])  # a library may have printed something before


def sample(name: str, settings: Mapping[str, Any], pid: int | None) -> dict[str, Any]:
    """Read the meter until standard input closes; returns the record.

    Its `update_s` is the time within which an equal value counts as the old reading: none, where readings are stamped.
    """
    meter = meter_probe.meter(name, settings, pid)
    description = meter.describe()
    mean_s = interval_s(description)
    random_number = random.Random(0)
    times: list[int] = []
    values: list[tuple[float, ...]] = []
    missing: list[tuple[int, str]] = []
    stopped = False
    while True:
        try:
            reading = meter.read()
            if not times or reading.time_ns > times[-1]:  # else the same one seen again
                times.append(reading.time_ns)
                values.append(reading.values)
        except (OSError, ValueError) as error:
            missing.append((time.monotonic_ns(), str(error)))
        if stopped:  # the last look comes after the end was asked for
            break
        stopped = bool(select.select([sys.stdin], [], [], mean_s * random_number.uniform(0.5, 1.5))[0])
    with suppress(Exception):  # what was read counts, however the meter's library or program ends
        meter.close()
    return {
        "meter": name,
        "kind": description.kind,
        "unit": description.unit,
        "rails": description.rails,
        "covers": description.covers,
        "update_s": 0.0 if description.has_timestamps else description.update_s,
        "wrap_J": [None if math.isinf(joules) else joules for joules in description.wrap_J],
        "time_ns": times,
        "values": values,
        "missing": missing,
    }


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt ends the job, and that ends this
    arguments = json.loads(sys.argv[1])
    print(json.dumps(sample(arguments["name"], arguments["settings"], arguments["pid"])))
