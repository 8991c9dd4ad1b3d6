"""The energy of one model on this device: windows in several launches at every point, and the table made from them.

The journal holds a line a launch, so that what was measured is never measured again; the table is derived from it.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from joulesweep import plugins
from joulesweep.launches import columns, energy_row
from joulesweep.launches.energy_launch import EnergyLaunch
from joulesweep.launches.journal import Journal
from joulesweep.launches.launch import DeviceState
from joulesweep.launches.table_file import write_table
from joulesweep.measure import preflight
from joulesweep.measure.device import cool_down, state
from joulesweep.measure.energy import external_log, meter_probe, timing
from joulesweep.measure.energy.sampler import MeterError
from joulesweep.measure.lock import machine_lock
from joulesweep.measure.points import Point, interleaved, points_of
from joulesweep.measure.processes.parent_death import die_with_parent
from joulesweep.measure.processes.server import Server
from joulesweep.meters.base import Description
from joulesweep.model.manifest import Manifest

_BIT_S = 0.25  # a stretch of a marker, at least
log = logging.getLogger("joulesweep")


def measure(job: Mapping[str, Any], manifest_path: Path, out: Path, samples: Path) -> None:
    """Measure what the journal lacks, keep the raw samples, and write the table.

    Raises:
        UserError: there is no manifest, or the meter is unknown.
    """
    die_with_parent()
    manifest = Manifest.read(manifest_path)
    meter, settings = job["meter"], job["settings"]
    points = points_of(job, manifest, {"meter": [meter["name"], _launch_settings(meter), settings["window_s"]]})
    journal = Journal(out.with_suffix(".jsonl"))
    limits = {
        "limits": {
            "timeout_s": settings["timeout_s"],
            "memory_bytes": settings["memory_bytes"],
            "meter_reason": meter["reason"],
        },
        "meter_failures": job["meter_failures"],
    }
    refusal = _refusal(meter)
    lacking = [point for point in points if _lacking(journal, point, limits, settings["launches"])]
    if lacking and not refusal:
        try:
            with machine_lock():
                preflight.warn(reads_battery=_reads_battery(meter))
                refusal = _measure_lacking(job, points, journal, limits, samples)
        except MeterError as error:
            refusal = f"{meter['name']}: {error}"
            journal.append(lacking[0].key, _lost(refusal, limits).to_line())
    elif lacking and meter["usable"]:  # it was when the run was planned: what is lost now is for the next run
        journal.append(lacking[0].key, _lost(refusal, limits).to_line())
    launches = [journal.launches(point.key, EnergyLaunch) for point in points]
    if _is_log(meter):
        everything = [launch for own in launches for launch in own]
        launches = [external_log.joined(own, meter, everything) for own in launches]
    rows = [_row(point, own, meter, refusal) for point, own in zip(points, launches, strict=True)]
    write_table(out, columns.ENERGY, rows)


def _is_log(meter: Mapping[str, Any]) -> bool:
    return meter["name"] in plugins.names("power_logs")


def _reads_battery(meter: Mapping[str, Any]) -> bool:
    return not _is_log(meter) and plugins.load("meters", meter["name"]).reads_battery


def _launch_settings(meter: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a launch depends on: of a log, only whether a marker is emitted; it can be joined anew."""
    if _is_log(meter):
        return {key: value for key, value in meter["settings"].items() if key == "align"}
    return meter["settings"]


def _refusal(meter: Mapping[str, Any]) -> str:
    """Why the meter cannot be read now, and what to do about it; empty where it can, or where a log may come later."""
    if meter["name"] == "none":
        return meter["reason"]
    if _is_log(meter):
        return ""
    answer = meter_probe.probe(meter["name"], meter["settings"])
    return "" if answer["usable"] else f"{meter['name']}: {answer['reason']}"


def _lacking(journal: Journal, point: Point, limits: Mapping[str, Any], launches: int) -> int:
    """How many launches a point still lacks; one that failed counts until what limited it has changed.

    What a meter failed is tried again by the next run: its job knows of more failures.
    """
    if point.artefact is None:
        return 0
    done = 0
    for launch in journal.launches(point.key, EnergyLaunch):
        tried = ["limits", "meter_failures"] if launch.status == "no_meter" else ["limits"]
        done += launch.ok or all(getattr(launch, name) == limits[name] for name in tried)
    return max(0, launches - done)


def _lost(message: str, limits: Mapping[str, Any]) -> EnergyLaunch:
    """A launch that could not begin, since the meter was gone."""
    return EnergyLaunch("no_meter", message, _now(), **limits, windows=None, figures=None, before=None, after=None)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _measure_lacking(
    job: Mapping[str, Any], points: Sequence[Point], journal: Journal, limits: Mapping[str, Any], samples: Path
) -> str:
    """Measure what is lacking; returns why the meter is gone, where it went away and so ended this."""
    meter, settings = job["meter"], job["settings"]
    description, times = _times(meter, settings["window_s"])
    lacking = [_lacking(journal, point, limits, settings["launches"]) for point in points]
    windows_s = 2 * sum(asdict(times).values())
    log.info(
        "energy %s: %d launches of about %.0f s with %s (%s)",
        points[0].identity["model"],
        sum(lacking),
        windows_s,
        meter["name"],
        description.kind,
    )
    extra = {
        **asdict(times),
        "cool_C": cool_down.cool_celsius(),
        "marker_bit_s": max(_BIT_S, 2 * description.update_s) if meter["settings"].get("align") == "marker" else 0.0,
    }
    timeout_s = settings["timeout_s"] + windows_s + 16 * extra["marker_bit_s"]
    servers: dict[str, Server] = {}
    with ExitStack() as stack:
        for point in interleaved(points, lacking):
            runtime = point.identity["runtime"]
            if runtime not in servers:
                servers[runtime] = stack.enter_context(Server(point.preload))
            run = partial(servers[runtime].run, memory_bytes=settings["memory_bytes"])
            argument = {"artefact": point.artefact, "runtime": runtime, "point": point.axes, **extra}
            before = DeviceState(**state.snapshot(point.compute_device))
            if _is_log(meter):
                ended, raw = timing.launch_for_log(run, argument, timeout_s)
            else:
                ended, raw = timing.launch(run, meter, argument, timeout_s)
            after = DeviceState(**state.snapshot(point.compute_device))
            launch = EnergyLaunch(**ended, **limits, measured_at=_now(), before=before, after=after)
            _keep(samples, {"key": point.key, "status": launch.status, **raw})
            journal.append(point.key, launch.to_line())
            log.info("energy %s@%s %s: %s", point.identity["model"], runtime, point.axes_text, launch.message or "ok")
            if launch.status == "no_meter" and (gone := _refusal(meter)):
                return gone
    return ""


def _times(meter: Mapping[str, Any], window_s: float) -> tuple[Description, timing.Times]:
    """What the meter is, and how long its windows are."""
    name, settings = meter["name"], meter["settings"]
    if _is_log(meter):
        description = plugins.load("power_logs", name)(settings).describe()
        return description, timing.times(description, description.update_s, window_s)
    answer = meter_probe.probe(name, settings)
    if not answer["usable"]:
        raise MeterError(answer["reason"])
    description = Description(**answer["description"])
    observed_s = timing.observed_interval_s(name, settings, description)
    return description, timing.times(description, observed_s, window_s)


def _row(point: Point, launches: Sequence[EnergyLaunch], meter: Mapping[str, Any], refusal: str) -> dict[str, Any]:
    identity = {**point.identity, "meter": meter["name"]}
    if point.artefact is None:
        return {**identity, "status": "unsupported", "message": point.unsupported}
    row = energy_row.row(identity, launches)
    return {**identity, "status": "no_meter", "message": refusal} if refusal and row["status"] != "ok" else row


def _keep(samples: Path, line: Mapping[str, Any]) -> None:
    samples.parent.mkdir(parents=True, exist_ok=True)
    with samples.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
