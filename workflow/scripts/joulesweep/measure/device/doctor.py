"""What this device can measure: what works, what does not, and what would make it work."""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from joulesweep import plugins
from joulesweep.measure import lock, preflight
from joulesweep.measure.device import describe, libraries, state
from joulesweep.measure.energy import meter_choice, meter_probe

_GIB = 1 << 30


def lines(job: Mapping[str, Any]) -> Iterator[str]:
    """The doctor's findings, a line each; `distributions` are those needed, `optional` those of cross-checks."""
    choice = meter_choice.choose(job["meter"], job["meters"])
    versions = libraries.versions([*job["distributions"], *job["optional"]])
    about = describe.describe({**job, "meter": choice, "versions": versions})
    yield _line("device", f"{about['device']}: {about['machine'] or 'a machine that does not name itself'}")
    emulated = f", emulated by {about['emulator']}" if about["emulator"] else ""
    yield _line("processor", f"{about['cpu'] or 'unnamed'} ({about['architecture']}{emulated})")
    yield _line(
        "cores", f"{about['cores_physical']} physical, {about['cores_logical']} logical, usable by this process"
    )
    yield _line("memory", f"{about['memory_bytes'] / _GIB:.1f} GiB")
    yield _line("accelerator", about["accelerator"] or "none of NVIDIA or Apple")
    yield _line("system", f"{about['os']}, {about['kernel']}")
    yield _line("interpreter", f"{sys.executable}, Python {about['python']}")
    yield from _libraries(job["distributions"], job["optional"], versions)
    yield _line("clock", _clock())
    yield _line("governor", about["governor"] or "not visible; the device may change its frequency unseen")
    if about["power_mode"]:
        yield _line("power mode", about["power_mode"])
    frequency = state.frequency_hertz()
    yield _line("frequency", f"{frequency / 1e9:.2f} GHz" if frequency else "not visible")
    sensors = [f"{name} {celsius:.0f} °C" for name, celsius in state.temperatures_celsius().items()]
    yield _line("temperature", ", ".join(sensors) or "no sensor visible; heat cannot be watched")
    yield _line("throttling", str(state.throttling() or "not visible"))
    for warning in preflight.warnings():
        yield _line("warning", warning)
    holder = lock.holder()
    yield _line(
        "measuring", f"in progress: {holder}; another measurement would wait for it" if holder else "none in progress"
    )
    yield "meters"
    for name in meter_choice.names():
        yield f"  {name:<11} {_meter(name, job['meters'].get(name, {}))}"
    yield _line("energy", f"{choice['name']}: {choice['reason']}")


def _line(title: str, text: str) -> str:
    return f"{title:<13} {text}"


def _libraries(needed: Iterable[str], optional: Iterable[str], versions: Mapping[str, str]) -> Iterator[str]:
    """What is installed; what is missing, and what is only optional, each with how to install it."""
    shown = ", ".join(f"{name} {version}" for name, version in versions.items())
    yield _line("libraries", shown or "none of those needed")
    if missing := sorted({*needed} - {*versions} - {*optional}):
        yield _line("missing", f"{', '.join(missing)}; {_cure(missing)}")
    if absent := sorted({*optional} - {*versions}):
        yield _line("optional", f"{', '.join(absent)}: only a cross-check of the counts; {_cure(absent)}")


def _cure(missing: Sequence[str]) -> str:
    """How to install what is missing; plain pip would bring a torch that does not fit on a Pi or a Jetson."""
    if {"torch", "torchvision"} & {*missing}:
        return (
            "docs/install.md says which set of packages brings torch to this kind of device, and what works without it"
        )
    return f"{sys.executable} -m pip install {' '.join(missing)}"


def _clock() -> str:
    """Resolution of the clock that times passes, as promised and as observed."""
    readings = [time.perf_counter_ns() for _ in range(1000)]
    steps = [after - before for before, after in pairwise(readings) if after > before]
    promised = time.get_clock_info("perf_counter").resolution * 1e9
    return f"perf_counter: {promised:g} ns promised, {min(steps, default=0)} ns between two readings"


def _meter(name: str, settings: Mapping[str, Any]) -> str:
    """Whether a meter can be read, what it covers, and what it shows while one core is busy."""
    answer = meter_probe.probe(name, settings, live=True)
    if not answer["usable"]:
        return f"not usable: {answer['reason']}"
    about = answer["description"]
    if "failure" in answer:
        shown = f"but a reading failed: {answer['failure']}"
    elif name in plugins.names("power_logs"):
        shown = f"its last reading is {answer['watts']:.2f} W"
    else:
        shown = f"{answer['watts']:.2f} W with one core busy"
    return f"usable, {about['kind']}: {about['covers']}; {answer['reason']}; {shown}"
