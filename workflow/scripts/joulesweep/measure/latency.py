"""The latency of one model on this device: launches at every point of its sweep, and the table made from them."""

import logging
import statistics
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from joulesweep import interval, records
from joulesweep.artefacts import Manifest
from joulesweep.measure import latency_rows, launch
from joulesweep.measure.journal import Journal
from joulesweep.measure.lock import device_lock
from joulesweep.measure.orphans import die_with_parent
from joulesweep.measure.points import Point, interleaved, points_of
from joulesweep.measure.progress import progress
from joulesweep.measure.reference_level import ReferenceLevel
from joulesweep.measure.server import Server

log = logging.getLogger("joulesweep")

_MOST_FURTHER = 15
_FAILURES = 2  # a point that failed so often and never succeeded is given up until what limited it changes


def measure(job: Mapping[str, Any], manifest_path: Path, out: Path) -> None:
    """Measure the launches that the journal lacks, then write the table of the present points.

    Raises:
        UserError: there is no manifest.
    """
    die_with_parent()
    manifest = Manifest.read(manifest_path)
    points = points_of(job, manifest)
    journal = Journal(out.with_suffix(".jsonl"))
    level = ReferenceLevel(out.parents[1] / "reference.json", job["reference_digest"])
    if any(_lacking(job, journal, point) for point in points):
        with device_lock(job["device"]):
            _measure_lacking(job, points, journal, level)
    rows = [latency_rows.row(point, journal.lines(point.key), level.seconds, job["settings"]) for point in points]
    for row in rows:
        log.info("latency %s", latency_rows.summary(row))
    records.write_table(out, records.LATENCY, rows)


def _measure_lacking(job: Mapping[str, Any], points: Sequence[Point], journal: Journal, level: ReferenceLevel) -> None:
    """Both stages: what the first stage lacks, then what its spread asks for, which was decided by the journal alone."""
    with ExitStack() as stack:
        servers: dict[str, Server] = {}
        for _ in ("first stage", "second stage"):
            lacking = [_lacking(job, journal, point) for point in points]
            before = sum(len(journal.lines(point.key)) for point in points)
            with progress(job["model"]["name"], sum(lacking)) as advance:
                for order, point in enumerate(interleaved(points, lacking, job["settings"]["seed"]), before):
                    runtime = point.identity["runtime"]
                    if runtime not in servers:
                        servers[runtime] = stack.enter_context(Server(point.preload))
                    level.maybe_look(servers[runtime], point.identity["threads"])
                    _launch(job, point, servers[runtime], journal, order)
                    advance(f"{runtime} {point.axes_text}")


def _launch(job: Mapping[str, Any], point: Point, server: Server, journal: Journal, order: int) -> None:
    earlier = journal.lines(point.key)
    if _given_up(earlier, _limits(job)):
        return
    argument = {
        "artefact": point.artefact,
        "runtime": point.identity["runtime"],
        "point": point.axes,
        "lab": not any(line.get("lab_s") for line in earlier),
    }
    start = datetime.now(timezone.utc)
    outcome = server.run(launch.run, argument, job["settings"]["timeout_s"])
    end = datetime.now(timezone.utc)
    line = {
        "status": outcome.status,
        "message": outcome.message,
        "limits": _limits(job),
        "order": order,
        "started_s": start.timestamp(),
        "wall_s": (end - start).total_seconds(),
        "measured_at": end.isoformat(timespec="seconds"),
        **(outcome.value or {}),
    }
    journal.append(point.key, line)


def _lacking(job: Mapping[str, Any], journal: Journal, point: Point) -> int:
    """Launches that a point still lacks, by the journal alone, so that a killed run decides as it would have.

    The first stage's, then the further ones that its spread asks for: computed from the first stage for ever after
    (Stein 1945), at most 15, and no more than the budget pays for.
    """
    settings = job["settings"]
    if point.artefact is None:
        return 0
    lines = journal.lines(point.key)
    if _given_up(lines, _limits(job)):
        return 0
    good = [line for line in lines if line["status"] == "ok"]
    counted = len(good) + sum(line["status"] != "ok" and line["limits"] == _limits(job) for line in lines)
    first = settings["launches"]
    if counted < first or len(good) < first:
        return max(0, first - counted)
    seconds = [latency_rows.launch_s(line) for line in good[:first]]
    affordable = int(settings["budget_s"] / statistics.median(line["wall_s"] for line in good[:first]))
    wanted = first + interval.further_launches(seconds, settings["target"], min(_MOST_FURTHER, affordable))
    return max(0, wanted - counted)


def _given_up(lines: Sequence[Mapping[str, Any]], limits: Mapping[str, Any]) -> bool:
    failed = sum(line["status"] != "ok" and line["limits"] == limits for line in lines)
    return failed >= _FAILURES and not any(line["status"] == "ok" for line in lines)


def _limits(job: Mapping[str, Any]) -> dict[str, Any]:
    """What may have made a launch fail, beside the point itself: a failed one is tried again when it changes."""
    return {"timeout_s": job["settings"]["timeout_s"]}
