"""The energy of one model on this device: windows in several launches at every point, and the table made from them.

The journal holds a line a launch, so that what was measured is never measured again; the table is derived from it.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from joulesweep import records
from joulesweep.artefacts import Manifest
from joulesweep.journal import Journal
from joulesweep.measure import energy_rig, energy_windows, meter_choice
from joulesweep.measure.lock import device_lock
from joulesweep.measure.orphans import die_with_parent
from joulesweep.measure.points import Point, interleaved, points_of
from joulesweep.measure.sampler import MeterError
from joulesweep.measure.server import Server

log = logging.getLogger("joulesweep")


def measure(job: Mapping[str, Any], manifest_path: Path, out: Path, samples: Path) -> None:
    """Measure what the journal lacks, keep the raw samples, and write the table.

    Raises:
        UserError: there is no manifest, or the meter is unknown.
    """
    die_with_parent()
    manifest = Manifest.read(manifest_path)
    meter, settings = job["meter"], job["settings"]
    key = {"meter": [meter["name"], meter["settings"], settings["window_s"]]}
    points = points_of(job, manifest, key)
    journal = Journal(out.with_suffix(".jsonl"))
    limits = {"timeout_s": settings["timeout_s"], "meter_reason": meter["reason"]}
    refusal = _refusal(meter)
    if not refusal and any(_lacking(journal, point, limits, settings["launches"]) for point in points):
        try:
            with device_lock(job["device"]):
                _measure_lacking(job, points, journal, limits, samples)
        except MeterError as error:
            refusal = f"{meter['name']}: {error}"
    rows = [_row(point, journal.lines(point.key), meter, refusal) for point in points]
    records.write_table(out, records.ENERGY, rows)


def _refusal(meter: Mapping[str, Any]) -> str:
    """Why the meter cannot be read now, and what to do about it; empty where it can."""
    if meter["name"] == "none":
        return meter["reason"]
    answer = meter_choice.availability(meter["name"], meter["settings"])
    return "" if answer.usable else f"{meter['name']}: {answer.reason}"


def _lacking(journal: Journal, point: Point, limits: Mapping[str, Any], launches: int) -> int:
    """How many launches a point still lacks; one that failed counts until what limited it has changed."""
    if point.artefact is None:
        return 0
    lines = journal.lines(point.key)
    return max(0, launches - sum(line["status"] == "ok" or line["limits"] == limits for line in lines))


def _measure_lacking(
    job: Mapping[str, Any], points: Sequence[Point], journal: Journal, limits: Mapping[str, Any], samples: Path
) -> None:
    meter, settings = job["meter"], job["settings"]
    description = meter_choice.meter(meter["name"], meter["settings"]).describe()
    observed_s = energy_rig.observed_interval_s(meter["name"], meter["settings"], description)
    times = energy_rig.times(description, observed_s, settings["window_s"])
    lacking = [_lacking(journal, point, limits, settings["launches"]) for point in points]
    log.info(
        "energy %s: %d launches of about %.0f s with %s (%s)",
        points[0].identity["model"],
        sum(lacking),
        2 * sum(asdict(times).values()),
        meter["name"],
        description.kind,
    )
    servers: dict[str, Server] = {}
    with ExitStack() as stack:
        for point in interleaved(points, lacking, settings["seed"]):
            runtime = point.identity["runtime"]
            if runtime not in servers:
                servers[runtime] = stack.enter_context(Server(point.preload))
            argument = {"artefact": point.artefact, "runtime": runtime, "point": point.axes, **asdict(times)}
            line, raw = energy_rig.launch(servers[runtime].run, meter, argument, settings["timeout_s"])
            line |= {"limits": limits, "measured_at": datetime.now(timezone.utc).isoformat(timespec="seconds")}
            _keep(samples, {"key": point.key, "status": line["status"], **raw})
            journal.append(point.key, line)
            log.info("energy %s@%s %s: %s", point.identity["model"], runtime, point.axes_text, line["message"] or "ok")


def _row(point: Point, lines: Sequence[Mapping[str, Any]], meter: Mapping[str, Any], refusal: str) -> dict[str, Any]:
    row = {**point.identity, "meter": meter["name"]}
    if point.artefact is None:
        return {**row, "status": "unsupported", "message": point.unsupported}
    found = energy_windows.row(lines)
    if refusal and found["status"] != "ok":
        return {**row, "status": "no_meter", "message": refusal}
    return {**row, **found, "measured_at": lines[-1]["measured_at"]}


def _keep(samples: Path, line: Mapping[str, Any]) -> None:
    samples.parent.mkdir(parents=True, exist_ok=True)
    with samples.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
