"""The latency of one model on this device: launches at every point of its sweep, and the table made from them. Runs in the job."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from joulesweep import interval
from joulesweep.axes import AXES
from joulesweep.formatting import with_interval
from joulesweep.launches import columns, latency_row, selection
from joulesweep.launches.journal import Journal
from joulesweep.launches.latency_launch import LatencyLaunch, SustainedLaunch, Timing, sustained_key
from joulesweep.launches.launch import DeviceState
from joulesweep.launches.table_file import write_table
from joulesweep.measure.device import cool_down, state
from joulesweep.measure.latency import launch, sustained
from joulesweep.measure.latency.baseline_recorder import BaselineRecorder
from joulesweep.measure.missing import is_given_up, is_settled, missing_launches
from joulesweep.measure.points import Point, points_of
from joulesweep.measure.processes.server import Server
from joulesweep.measure.sweep import sweep
from joulesweep.model.manifest import Manifest

log = logging.getLogger("joulesweep")

_COOL_DOWN_S = 10.0  # before a launch, at most


def measure(job: Mapping[str, Any], manifest_path: Path, out: Path) -> None:
    """Measure the launches that are missing in the journal, then write the table of the present points.

    Raises:
        UserError: there is no manifest.
    """
    points = points_of(job, Manifest.read(manifest_path))
    baseline = BaselineRecorder(out.parents[1] / "reference.json", job["reference_digest"])
    measuring = _Measuring(job, Journal(out.with_suffix(".jsonl")), baseline)
    measuring.measure(points)
    rows = [measuring.row(point) for point in points]
    for row in rows:
        log.info("latency %s", _summary(row))
    write_table(out, columns.LATENCY, rows)


class _Measuring:
    """The launches of one job."""

    def __init__(self, job: Mapping[str, Any], journal: Journal, baseline: BaselineRecorder) -> None:
        self._job, self._journal, self._baseline = job, journal, baseline
        self._settings: Mapping[str, Any] = job["settings"]
        self._cool_celsius: float | None = None
        # What may have made a launch fail, beside the point itself.
        self._limits = {name: self._settings[name] for name in ("timeout_s", "memory_bytes")}

    def measure(self, points: Sequence[Point]) -> None:
        """Measure what is missing: the first stage, then what its spread asks for, then sustained speed."""
        if not any(map(self._missing, points)) and not any(self._missing_sustained(points)):
            return
        name = self._job["model"]["name"]
        with sweep() as running:
            self._cool_celsius = cool_down.cool_celsius()
            for _ in ("first stage", "second stage"):
                before = sum(len(self.launches(point)) for point in points)
                counts = [self._missing(point) for point in points]
                running.measure(name, points, counts, self._launcher(before), self._describe)
            counts = self._missing_sustained(points)
            running.measure(f"{name}, sustained", points, counts, self._sustain, self._describe)

    def row(self, point: Point) -> dict[str, Any]:
        """The row of a point, from what the journal holds."""
        if point.artefact is None:
            return {**point.identity, "status": "unsupported", "message": point.unsupported}
        baseline_s = self._baseline.baseline.seconds(point.reference)
        return latency_row.row(point.identity, self.launches(point), self._sustained(point), baseline_s)

    def launches(self, point: Point) -> list[LatencyLaunch]:
        """The launches of a point so far."""
        return self._journal.launches(point.key, LatencyLaunch)

    def _missing(self, point: Point) -> int:
        return missing_launches(self.launches(point), self._settings, self._limits) if point.artefact else 0

    def _sustained(self, point: Point) -> list[SustainedLaunch]:
        return self._journal.launches(self._sustained_key(point), SustainedLaunch)

    def _sustained_key(self, point: Point) -> dict[str, Any]:
        return sustained_key(point.key, self._settings["sustain_s"])

    def _missing_sustained(self, points: Sequence[Point]) -> list[int]:
        """For each point 1 where its sustained speed is asked for and missing: at base points only."""
        return [
            int(
                bool(self._settings["sustain_s"])
                and bool(point.identity["base"])
                and point.artefact is not None
                and not is_given_up(self.launches(point), self._limits)
                and not any(is_settled(launch, self._limits) for launch in self._sustained(point))
            )
            for point in points
        ]

    def _launcher(self, before: int) -> Callable[[Point, Server, int], None]:
        """Makes a launch; `before` launches were made earlier, so that its place in the order goes on from there."""
        return lambda point, server, place: self._launch(point, server, before + place)

    def _launch(self, point: Point, server: Server, order: int) -> None:
        earlier = self.launches(point)
        if is_given_up(earlier, self._limits):
            return
        self._baseline.sample_if_due(server, point.reference, point.identity["runtime"])
        argument = self._argument(point, lab=not any(launch.timing and launch.timing.lab_s for launch in earlier))
        surroundings, timing = self._run(point, server, launch.run, argument, self._settings["timeout_s"])
        launched = LatencyLaunch(
            **surroundings,
            order=order,
            reference=point.reference,
            first_stage=self._settings["launches"],
            target=self._settings["target"],
            timing=Timing.from_line(timing) if timing else None,
        )
        self._journal.append(point.key, launched.to_line())

    def _sustain(self, point: Point, server: Server, _: int) -> None:
        seconds = self._settings["sustain_s"]
        timeout_s = seconds + self._settings["timeout_s"]
        argument = self._argument(point, seconds=seconds)
        surroundings, speeds = self._run(point, server, sustained.run, argument, timeout_s)
        speeds = {"burst_s": None, "sustained_s": None, "blocks": (), **speeds}
        launched = SustainedLaunch(**surroundings, sustain_s=seconds, **speeds)
        self._journal.append(self._sustained_key(point), launched.to_line())

    def _argument(self, point: Point, **more: Any) -> dict[str, Any]:
        return {"artefact": point.artefact, "runtime": point.identity["runtime"], "point": point.axes, **more}

    def _run(
        self,
        point: Point,
        server: Server,
        run: Callable[[Any], dict[str, Any]],
        argument: Mapping[str, Any],
        timeout_s: float,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """How a launch ended, when, and the device before and after it; and what its process returned, empty if it failed."""
        server.start()
        wait_s, cool = cool_down.cool_down(self._cool_celsius, _COOL_DOWN_S)
        before, start = state.snapshot(point.compute_device), datetime.now(timezone.utc)
        outcome = server.run(run, argument, timeout_s, memory_bytes=self._settings["memory_bytes"])
        end, after = datetime.now(timezone.utc), state.snapshot(point.compute_device)
        wall_s = (end - start).total_seconds()
        surroundings = {
            "status": outcome.status,
            "message": outcome.message,
            "limits": self._limits,
            "wait_s": wait_s,
            "cool": cool,
            "before": DeviceState(**before),
            "after": DeviceState(**after),
            "started_s": start.timestamp(),
            "wall_s": wall_s,
            "others_share": selection.others_share(before, after, outcome.value.get("cpu_s", 0.0), wall_s),
            "measured_at": end.isoformat(timespec="seconds"),
        }
        return surroundings, outcome.value

    def _describe(self, point: Point) -> str:
        """The point and its interval so far, as the bar shows them."""
        good = selection.used(self.launches(point), self._settings["launches"])
        name = f"{point.identity['runtime']} {point.axes_text}"
        if len(good) < 2:
            return name
        so_far = interval.of_launches([launch.seconds for launch in good], self._settings["launches"])
        return f"{name}: {with_interval(so_far.value, so_far.low, so_far.high, 1e3, 'ms')}"


def _summary(row: Mapping[str, Any]) -> str:
    """A row as one line of the log."""
    axes = " ".join(f"{axis}={row[axis]}" for axis in AXES if row.get(axis) is not None)
    name = f"{row['model']}@{row['runtime']} {axes}"
    if row["status"] != "ok":
        return f"{name}: {row['status']}: {row['message']}"
    low, value, high = (1e3 * row[key] for key in ("raw_ci_low_s", "raw_s", "raw_ci_high_s"))
    return f"{name}: {value:.4g} ms ({low:.4g} to {high:.4g}, {row['launches']} launches) {row['flags']}".rstrip()
