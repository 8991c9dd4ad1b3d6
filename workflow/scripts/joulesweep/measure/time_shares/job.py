"""Where the time of a pass goes, for every variant on this device: launches at the base points, and the tables made from them.

Runs in the job, apart from the launches whose latency is reported.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from joulesweep import plugins
from joulesweep.launches import columns
from joulesweep.launches.journal import Journal
from joulesweep.launches.table_file import write_table
from joulesweep.launches.time_shares import rows as time_share_rows
from joulesweep.launches.time_shares.launch import Profile, TimeShareLaunch
from joulesweep.measure import same_machine
from joulesweep.measure.missing import missing_launches
from joulesweep.measure.points import Point, points_by_model
from joulesweep.measure.processes.server import Server
from joulesweep.measure.sweep import sweep
from joulesweep.measure.time_shares import launch

log = logging.getLogger("joulesweep")

_NAMED = 3  # kinds that the log names per variant


def measure(job: Mapping[str, Any], manifests: Sequence[Path], out: Path) -> None:
    """Make the launches that are missing in the journals of the folder `out`, then write the table of each model there.

    Raises:
        UserError: a model has no manifest, or the results are of another machine.
    """
    same_machine.check(out.parent)
    by_model = points_at(job, manifests)
    measuring = _Measuring(job, {model: Journal(out / f"{model}.jsonl") for model in by_model})
    points = [point for own in by_model.values() for point in own]
    if any(missing := list(map(measuring.missing, points))):
        with sweep(launch.__name__) as running:
            running.measure("time shares", points, missing, measuring.launch)
    for model, own in by_model.items():
        write_table(out / f"{model}.csv", columns.TIME_SHARES, [row for point in own for row in measuring.rows(point)])


def points_at(job: Mapping[str, Any], manifests: Sequence[Path]) -> dict[str, list[Point]]:
    """The base point of each variant of each model; those in a runtime without a profiler are unsupported."""
    return {model: list(map(_profilable, own)) for model, own in points_by_model(job, manifests).items()}


def _profilable(point: Point) -> Point:
    if point.artefact is None or _profiler(point):
        return point
    return replace(point, artefact=None, unsupported=time_share_rows.NO_PROFILER)


class _Measuring:
    """The launches of one job."""

    def __init__(self, job: Mapping[str, Any], journals: Mapping[str, Journal]) -> None:
        self._journals, self._settings = journals, job["settings"]
        # What may have made a launch fail, beside the variant itself.
        self._limits = {name: self._settings[name] for name in ("timeout_s", "memory_bytes")}

    def missing(self, point: Point) -> int:
        """How many launches a variant still needs."""
        if point.artefact is None:
            return 0
        return missing_launches(self._launches(point), self._settings["launches"], self._limits)

    def launch(self, point: Point, server: Server, _: int) -> None:
        """Make one launch and keep it."""
        if not self.missing(point):  # it has failed too often since the launches were counted
            return
        argument = {"artefact": point.artefact, "runtime": point.identity["runtime"], "point": point.axes}
        outcome = server.run(
            launch.run, argument, self._settings["timeout_s"], memory_bytes=self._settings["memory_bytes"]
        )
        made = TimeShareLaunch(
            outcome.status,
            outcome.message,
            datetime.now(timezone.utc).isoformat(timespec="seconds"),
            self._limits,
            Profile.from_line(outcome.value) if outcome.status == "ok" else None,
        )
        self._journals[point.model].append(point.key, made.to_line())
        if not self.missing(point):
            log.info("time shares %s: %s", point.name, _summary(self.rows(point)))

    def rows(self, point: Point) -> list[dict[str, Any]]:
        """The rows of a variant, from what the journal holds."""
        identity = {name: value for name, value in point.identity.items() if name in columns.TIME_SHARES.header}
        if point.artefact is None:
            return [{**identity, "status": "unsupported", "message": point.unsupported}]
        splits_by = plugins.declared("profilers", _profiler(point), "splits_by")
        return time_share_rows.rows(identity, splits_by, self._launches(point))

    def _launches(self, point: Point) -> list[TimeShareLaunch]:
        return self._journals[point.model].launches(point.key, TimeShareLaunch)


def _profiler(point: Point) -> str:
    """The name of what times the parts of a pass; empty where nothing can."""
    return str(plugins.declared("runtimes", point.identity["runtime"], "profiler"))


def _summary(rows: Sequence[Mapping[str, Any]]) -> str:
    if rows[0]["status"] != "ok":
        return str(rows[0]["message"])
    kinds = [row for row in rows if row["part"] == time_share_rows.ALL]
    return ", ".join(f"{100 * row['time_share']:.0f} % {row['kind']}" for row in kinds[:_NAMED])
