"""Reads a meter in a process of its own, at uneven times, from before the work to after it.

The stamps are `time.monotonic_ns`, which all processes of a machine share. The times are uneven because an even
rhythm would alias with a load that has one. The process ends when its standard input closes, so it cannot outlive the
job, however that dies. It imports neither numpy nor any runtime, so it starts fast and stays out of the way.

The class `Sampler` runs in the job; `sample` runs in the sampler's process.
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
from joulesweep.meters.base import Description, Meter, Reading

_FASTEST_S = 0.02  # a reading every 20 ms costs about a hundredth of one core
_FIRST_READING_S = 60.0  # a slow interpreter, a busy machine, a meter that needs ten seconds
_PATIENCE_S = 30.0  # for the last reading, when the meter hangs
_STARTED = "joulesweep: the first reading is there"


def interval_s(description: Description) -> float:
    """Mean time between two readings: a third of the meter's update interval, so that its own rhythm shows.

    A reading with a time stamp of its own is asked for more often, so that none is overlooked.
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
            bufsize=0,
        )
        self._printed = b""

    def wait_for_first_reading(self, patience_s: float = _FIRST_READING_S) -> None:
        """Return when the meter has given its first reading.

        Raises:
            MeterError: it gave none within `patience_s` seconds, or the sampler ended; the text says why.
        """
        assert self._process.stdout is not None
        end = time.monotonic() + patience_s
        while _STARTED.encode() not in self._printed:
            if not select.select([self._process.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
                self._refuse(patience_s)
            printed = self._process.stdout.read(1 << 16)
            if not printed:
                self.stop()  # says how it ended
                raise MeterError("the sampler ended before its first reading")
            self._printed += printed

    def stop(self) -> dict[str, Any]:
        """End the sampling; returns what was recorded: unit, rails, wrap ranges, times, values, failed readings.

        Raises:
            MeterError: the sampler died or hung; the text says how.
        """
        try:
            printed, errors = self._process.communicate(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise MeterError(f"the meter did not answer for {_PATIENCE_S:.0f} s") from error
        if self._process.returncode != 0:
            last = errors.decode(errors="replace").strip().splitlines()[-1:]
            raise MeterError(f"reading the meter failed: {(last or [f'exit status {self._process.returncode}'])[0]}")
        return json.loads((self._printed + printed).splitlines()[-1])  # a library may have printed something before

    def kill(self) -> None:
        """End the process without an answer."""
        self._process.kill()
        self._process.communicate()

    def _refuse(self, patience_s: float) -> None:
        """Raise the error of a meter whose first reading did not come, with what its last attempt said."""
        missing = self.stop()["missing"]
        reason = f": {missing[-1][1]}" if missing else "; its interpreter or its library takes longer to start"
        raise MeterError(f"the meter gave no reading within {patience_s:.0f} s{reason}")


def sample(name: str, settings: Mapping[str, Any], pid: int | None) -> dict[str, Any]:
    """Read the meter until standard input closes; returns the record. The first reading is announced on standard output.

    Its `update_s` is the time within which an equal value counts as the old reading: none, where readings are stamped.
    """
    meter: Meter = meter_probe.meter(name, settings, pid)
    description = meter.describe()
    mean_s = interval_s(description)
    random_number = random.Random(0)
    readings: list[Reading] = []
    missing: list[tuple[int, str]] = []
    stopped = False
    while True:
        try:
            reading = meter.read()
            if not readings:
                print(_STARTED, flush=True)
            if not readings or reading.time_ns > readings[-1].time_ns:  # else the same one seen again
                readings.append(reading)
        except (OSError, ValueError) as error:
            missing.append((time.monotonic_ns(), meter_probe.reason(error)))
        if stopped:  # the last reading comes after the end was asked for
            break
        stopped = _wait(mean_s * random_number.uniform(0.5, 1.5))
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
        "time_ns": [reading.time_ns for reading in readings],
        "values": [reading.values for reading in readings],
        "missing": missing,
    }


def _wait(seconds: float) -> bool:
    """Sleep, at most until the end is asked for; says whether it was."""
    return bool(select.select([sys.stdin], [], [], seconds)[0])


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt ends the job, and that ends this
    arguments = json.loads(sys.argv[1])
    print(json.dumps(sample(arguments["name"], arguments["settings"], arguments["pid"])))
