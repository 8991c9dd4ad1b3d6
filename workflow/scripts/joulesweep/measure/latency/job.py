"""The latency of one model on this device: launches at every point of its sweep, and the table made from them."""

import logging
import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from joulesweep import interval
from joulesweep.axes import AXES
from joulesweep.launches import columns, latency_row, selection
from joulesweep.launches.journal import Journal
from joulesweep.launches.latency_launch import LatencyLaunch, SustainedLaunch, Timing, sustained_key
from joulesweep.launches.launch import DeviceState, Launch
from joulesweep.launches.table_file import write_table
from joulesweep.measure import preflight
from joulesweep.measure.device import cool_down, state
from joulesweep.measure.latency import launch, sustained
from joulesweep.measure.latency.baseline_recorder import BaselineRecorder
from joulesweep.measure.lock import machine_lock
from joulesweep.measure.points import Point, interleaved, points_of
from joulesweep.measure.processes.parent_death import die_with_parent
from joulesweep.measure.processes.server import Server
from joulesweep.measure.progress import progress
from joulesweep.model.manifest import Manifest

log = logging.getLogger("joulesweep")

_MOST_FURTHER = 15
_FAILURES = 2  # a point that failed so often and never succeeded is given up until what limited it changes
_COOL_DOWN_S = 10.0  # before a launch, at most


def measure(job: Mapping[str, Any], manifest_path: Path, out: Path) -> None:
    """Measure the launches that the journal lacks, then write the table of the present points.

    Raises:
        UserError: there is no manifest.
    """
    die_with_parent()
    manifest = Manifest.read(manifest_path)
    points = points_of(job, manifest)
    journal = Journal(out.with_suffix(".jsonl"))
    baseline = BaselineRecorder(out.parents[1] / "reference.json", job["reference_digest"])
    sweep = _Sweep(job, journal, baseline)
    if any(map(sweep.lacking, points)) or sweep.lacking_sustained(points):
        with machine_lock():
            preflight.warn()
            sweep.measure(points)
    rows = [sweep.row(point) for point in points]
    for row in rows:
        log.info("latency %s", _summary(row))
    write_table(out, columns.LATENCY, rows)


class _Sweep:
    """The launches of one job, which ones are lacking and how they are made."""

    def __init__(self, job: Mapping[str, Any], journal: Journal, baseline: BaselineRecorder) -> None:
        self._job, self._journal, self._baseline = job, journal, baseline
        self._settings: Mapping[str, Any] = job["settings"]
        self._servers: dict[str, Server] = {}
        self._cool_celsius: float | None = None
        # What may have made a launch fail, beside the point itself: a failed one is tried again when it changes.
        self._limits = {name: self._settings[name] for name in ("timeout_s", "memory_bytes")}

    def measure(self, points: Sequence[Point]) -> None:
        """Both stages: what the first lacks, then what its spread asks for, which was decided by the journal alone."""
        self._cool_celsius = cool_down.cool_celsius()
        name = self._job["model"]["name"]
        with ExitStack() as stack:
            for _ in ("first stage", "second stage"):
                lacking = [self.lacking(point) for point in points]
                before = sum(len(self._journal.lines(point.key)) for point in points)
                with progress(name, sum(lacking)) as (begin, done):
                    for order, point in enumerate(interleaved(points, lacking), before):
                        begin(self._running(point))
                        self._launch(point, self._server(point, stack), order)
                        done()
            asked = self.lacking_sustained(points)
            with progress(f"{name}, sustained", len(asked)) as (begin, done):
                for point in asked:
                    begin(self._running(point))
                    self._sustain(point, self._server(point, stack))
                    done()

    def lacking(self, point: Point) -> int:
        """Launches that a point still lacks, by the journal alone, so that a killed run decides as it would have.

        The first stage's, then the further ones that its spread asks for: computed from the first stage for ever after
        (Stein 1945), at most 15, and no more than the budget pays for.
        """
        if point.artefact is None:
            return 0
        launches = self._launches(point)
        if self._given_up(launches):
            return 0
        first, again = self._settings["launches"], self._settings["busy_retries"]
        well, calm = len(selection.succeeded(launches)), len(selection.undisturbed(launches))
        failed = self._failed(launches)
        lacking = min(first - calm, first + again - well) - failed
        if lacking > 0:
            return lacking
        used = selection.used(launches, first)
        if len(used) < first:
            return 0
        seconds = [launch.seconds for launch in used[:first]]
        affordable = int(self._settings["budget_s"] / statistics.median(launch.wall_s for launch in used[:first]))
        wanted = first + interval.further_launches(seconds, self._settings["target"], min(_MOST_FURTHER, affordable))
        not_again = max(0, well - len(used) - again)  # busy ones that count as if they had been calm
        return max(0, wanted - len(used) - not_again - failed)

    def row(self, point: Point) -> dict[str, Any]:
        """The row of a point, from what the journal holds."""
        if point.artefact is None:
            return {**point.identity, "status": "unsupported", "message": point.unsupported}
        baseline_s = self._baseline.baseline.seconds(point.reference)
        return latency_row.row(point.identity, self._launches(point), self._sustained(point), baseline_s)

    def _launches(self, point: Point) -> list[LatencyLaunch]:
        return self._journal.launches(point.key, LatencyLaunch)

    def _sustained(self, point: Point) -> list[SustainedLaunch]:
        return self._journal.launches(self._sustained_key(point), SustainedLaunch)

    def _sustained_key(self, point: Point) -> dict[str, Any]:
        return sustained_key(point.key, self._settings["sustain_s"])

    def lacking_sustained(self, points: Sequence[Point]) -> list[Point]:
        """The base points (each runtime's first) whose sustained speed is asked for and lacking."""
        base = {point.identity["runtime"]: point for point in reversed(points)}
        return [
            point
            for point in points
            if self._settings["sustain_s"]
            and point is base[point.identity["runtime"]]
            and point.artefact is not None
            and not self._given_up(self._launches(point))
            and not any(self._is_settled(launch) for launch in self._sustained(point))
        ]

    def _launch(self, point: Point, server: Server, order: int) -> None:
        earlier = self._launches(point)
        if self._given_up(earlier):
            return
        self._baseline.sample_if_due(server, point.reference, point.identity["runtime"])
        argument = self._argument(point, lab=not any(launch.timing and launch.timing.lab_s for launch in earlier))
        surroundings, timing = self._told(point, server, launch.run, argument, self._settings["timeout_s"])
        launched = LatencyLaunch(
            **surroundings,
            order=order,
            reference=point.reference,
            first_stage=self._settings["launches"],
            target=self._settings["target"],
            timing=Timing.from_line(timing) if timing else None,
        )
        self._journal.append(point.key, launched.to_line())

    def _sustain(self, point: Point, server: Server) -> None:
        seconds = self._settings["sustain_s"]
        timeout_s = seconds + self._settings["timeout_s"]
        argument = self._argument(point, seconds=seconds)
        surroundings, speeds = self._told(point, server, sustained.run, argument, timeout_s)
        speeds = {"burst_s": None, "sustained_s": None, "blocks": (), **speeds}
        launched = SustainedLaunch(**surroundings, sustain_s=seconds, **speeds)
        self._journal.append(self._sustained_key(point), launched.to_line())

    def _argument(self, point: Point, **more: Any) -> dict[str, Any]:
        return {"artefact": point.artefact, "runtime": point.identity["runtime"], "point": point.axes, **more}

    def _told(
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

    def _server(self, point: Point, stack: ExitStack) -> Server:
        runtime = point.identity["runtime"]
        if runtime not in self._servers:
            self._servers[runtime] = stack.enter_context(Server(point.preload))
        return self._servers[runtime]

    def _running(self, point: Point) -> str:
        """The point and its interval so far, as the bar shows them."""
        good = selection.used(self._launches(point), self._settings["launches"])
        name = f"{point.identity['runtime']} {point.axes_text}"
        if len(good) < 2:
            return name
        found = interval.of_launches([launch.seconds for launch in good], self._settings["launches"])
        return f"{name}: {1e3 * found.value:.4g} ms ± {found.high / found.value - 1:.1%}"

    def _given_up(self, launches: Sequence[Launch]) -> bool:
        return self._failed(launches) >= _FAILURES and not any(launch.ok for launch in launches)

    def _failed(self, launches: Sequence[Launch]) -> int:
        return sum(not launch.ok and self._is_settled(launch) for launch in launches)

    def _is_settled(self, launch: Launch) -> bool:
        """Whether a launch is not to be tried again: it ended ok, or failed under the present limits."""
        return launch.ok or launch.limits == self._limits


def _summary(row: Mapping[str, Any]) -> str:
    """A row as one line of the log."""
    axes = " ".join(f"{axis}={row[axis]}" for axis in AXES if row.get(axis) is not None)
    name = f"{row['model']}@{row['runtime']} {axes}"
    if row["status"] != "ok":
        return f"{name}: {row['status']}: {row['message']}"
    low, value, high = (1e3 * row[key] for key in ("raw_ci_low_s", "raw_s", "raw_ci_high_s"))
    return f"{name}: {value:.4g} ms ({low:.4g} to {high:.4g}, {row['launches']} launches) {row['flags']}".rstrip()
