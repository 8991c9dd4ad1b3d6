"""Reads a meter in a process of its own, at uneven times, from before the work to after it.

The stamps are `time.monotonic_ns`, which all processes of a machine share. The times are uneven because an even
rhythm would alias with a load that has one. The process ends when its standard input closes, so it cannot outlive the
job, however that dies. It imports neither numpy nor any runtime, so it starts fast and stays out of the way.
"""

import json
import math
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joulesweep.measure import meter_choice

_SCRIPTS = Path(__file__).parents[2]
_FASTEST_S = 0.02  # a look every 20 ms costs about a hundredth of one core
_PATIENCE_S = 30.0  # for the last reading, when the meter hangs


def interval_s(update_s: float) -> float:
    """Mean time between looks at a meter: thrice as often as it updates, so that its own rhythm shows."""
    return max(_FASTEST_S, update_s / 3)


class MeterError(Exception):
    """The meter could not be read at all; the text says why."""


class Sampler:
    """A running sampler of one meter; `pid` is the measured process, for meters that follow one."""

    def __init__(self, name: str, settings: Mapping[str, Any], pid: int | None = None) -> None:
        job = json.dumps({"name": name, "settings": settings, "pid": pid})
        path = os.pathsep.join([str(_SCRIPTS), *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "joulesweep.measure.sampler", job],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
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
        return json.loads(out)


def sample(name: str, settings: Mapping[str, Any], pid: int | None) -> dict[str, Any]:
    """Read the meter until standard input closes; returns the record."""
    meter = meter_choice.meter(name, settings, pid)
    description = meter.describe()
    mean_s = interval_s(description.update_s)
    random_number = random.Random(0)
    times: list[int] = []
    values: list[tuple[float, ...]] = []
    missing: list[tuple[int, str]] = []
    stopped = False
    while True:
        try:
            reading = meter.read()
            times.append(reading.time_ns)
            values.append(reading.values)
        except (OSError, ValueError) as error:
            missing.append((time.monotonic_ns(), str(error)))
        if stopped:  # the last look comes after the end was asked for
            break
        stopped = bool(select.select([sys.stdin], [], [], mean_s * random_number.uniform(0.5, 1.5))[0])
    return {
        "meter": name,
        "kind": description.kind,
        "unit": description.unit,
        "rails": description.rails,
        "covers": description.covers,
        "update_s": description.update_s,
        "wrap_J": [None if math.isinf(joules) else joules for joules in description.wrap_J],
        "time_ns": times,
        "values": values,
        "missing": missing,
    }


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt ends the job, and that ends this
    arguments = json.loads(sys.argv[1])
    print(json.dumps(sample(arguments["name"], arguments["settings"], arguments["pid"])))
