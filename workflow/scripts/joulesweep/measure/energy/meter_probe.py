"""Asks a meter, or a power log: whether it is usable, what it is, and on wish what it shows now. Runs in the job.

A meter that rests on a foreign library is asked in a process of its own, since such a library may hang, crash or print;
so is one whose settings name an interpreter of its own, which may have the version of jtop that fits its service.
"""

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from joulesweep import plugins
from joulesweep.meters import base

SCRIPTS = Path(__file__).parents[3]
_PATIENCE_S = 20.0
_BUSY_S = 0.25
_FIRST_READING_S = 10.0  # powertop needs six seconds


def meter(name: str, settings: Mapping[str, Any], pid: int | None = None) -> Any:
    """One meter by name, under its settings."""
    return plugins.load("meters", name)(settings, pid)


def command(settings: Mapping[str, Any], module: str, job: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for `Popen` that run a module of Joulesweep under the interpreter that a meter's settings name."""
    python = str(settings.get("python", sys.executable))
    own = python == sys.executable
    path = [str(SCRIPTS), *([os.environ["PYTHONPATH"]] if own and os.environ.get("PYTHONPATH") else [])]
    return {
        "args": [python, "-m", module, json.dumps(job)],
        "env": {**os.environ, "PYTHONPATH": os.pathsep.join(path)},
    }


def reason(error: Exception) -> str:
    """What an error of a meter says in one line: for one of the system's, the file and its words instead of its number."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return " ".join(str(error).split()) or type(error).__name__


def probe(name: str, settings: Mapping[str, Any], live: bool = False) -> dict[str, Any]:
    """`usable`, `reason`, `present`; where usable its `description`; where `live` also `watts`, or `failure`.

    The watts are those of one busy core; of a log, its last reading.
    """
    if name in plugins.names("power_logs"):
        return _log(name, settings)
    if "python" not in settings and not plugins.load("meters", name).isolated:
        return here(name, settings, live)
    job = {"name": name, "settings": dict(settings), "live": live}
    try:
        done = subprocess.run(
            **command(settings, "joulesweep.measure.energy.meter_probe", job),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        return json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        return _unusable(f"it did not answer within {_PATIENCE_S:.0f} s")
    except OSError as error:
        return _unusable(f"the interpreter {settings.get('python')!r} cannot be started: {error.strerror}")
    except (ValueError, IndexError):
        last = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        own = last.removeprefix("joulesweep: ")
        return _unusable(own if own != last else f"its library failed: {last}")


def here(name: str, settings: Mapping[str, Any], live: bool) -> dict[str, Any]:
    """The same in this process."""
    asked = meter(name, settings)
    try:
        answer = asked.available()
        if not answer.usable:
            return _unusable(answer.reason, answer.present)
        found = {**asdict(answer), "description": asdict(asked.describe())}
        if live:
            try:
                found["watts"] = _watts(asked)
            except (OSError, ValueError) as error:
                found["failure"] = reason(error)
        return found
    except (OSError, ValueError, TypeError) as error:  # it went away between two questions, or a setting is none
        return _unusable(reason(error))
    finally:
        with suppress(OSError, subprocess.SubprocessError):
            asked.close()


def _unusable(reason: str, present: bool = True) -> dict[str, Any]:
    return {"usable": False, "reason": reason, "present": present}


def _log(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The same of a log; a file that is not there yet is no hardware that is missing."""
    log = plugins.load("power_logs", name)(settings)
    answer = log.available()
    if not answer.usable:
        return _unusable(answer.reason)
    return {**asdict(answer), "description": asdict(log.describe()), "watts": float(log.readings()[1][-1])}


def _watts(asked: base.Meter) -> float:
    """Power now, in watts, with one core busy."""
    description = asked.describe()
    counts = description.unit == "J"
    before = _first(asked)
    end = time.monotonic() + max(_BUSY_S, 2 * description.update_s if counts else 0.0)  # a counter has to move
    while time.monotonic() < end:
        pass
    after = asked.read()
    if not counts:
        return sum(after.values)
    steps = [last - first for first, last in zip(before.values, after.values, strict=True)]
    joules = [step if step >= 0 else step + wrap for step, wrap in zip(steps, description.wrap_J, strict=True)]
    if math.isinf(sum(joules)):
        raise ValueError("its counter went back, so it was reset between two readings")
    return sum(joules) / ((after.time_ns - before.time_ns) * 1e-9)


def _first(asked: base.Meter) -> base.Reading:
    """The first reading, waited for: some meters have none yet when they start."""
    end = time.monotonic() + _FIRST_READING_S
    while True:
        try:
            return asked.read()
        except (OSError, ValueError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    print(json.dumps(here(given["name"], given["settings"], given["live"])))
