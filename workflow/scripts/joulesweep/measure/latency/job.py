"""The latency of one model on this device: launches at every point of its sweep, and the table made from them."""

import logging
import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from joulesweep import interval
from joulesweep.launches import columns, selection
from joulesweep.launches.journal import Journal
from joulesweep.launches.table_file import write_table
from joulesweep.measure import preflight
from joulesweep.measure.device import cool_down, state
from joulesweep.measure.latency import launch, sustained
from joulesweep.measure.latency import rows as latency_rows
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
    levels = baseline.levels
    rows = [
        latency_rows.row(
            point,
            journal.lines(point.key),
            journal.lines(sweep.sustained_key(point)),
            levels.seconds(point.reference),
            job["settings"],
        )
        for point in points
    ]
    for row in rows:
        log.info("latency %s", latency_rows.summary(row))
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
        lines = self._journal.lines(point.key)
        if self._given_up(lines):
            return 0
        first, again = self._settings["launches"], self._settings["busy_retries"]
        well, calm, failed = len(selection.succeeded(lines)), len(selection.undisturbed(lines)), self._failed(lines)
        lacking = min(first - calm, first + again - well) - failed
        if lacking > 0:
            return lacking
        used = selection.used(lines, first)
        if len(used) < first:
            return 0
        seconds = [latency_rows.launch_s(line) for line in used[:first]]
        affordable = int(self._settings["budget_s"] / statistics.median(line["wall_s"] for line in used[:first]))
        wanted = first + interval.further_launches(seconds, self._settings["target"], min(_MOST_FURTHER, affordable))
        not_again = max(0, well - len(used) - again)  # busy ones that count as if they had been calm
        return max(0, wanted - len(used) - not_again - failed)

    def sustained_key(self, point: Point) -> dict[str, Any]:
        """The journal's key of what is measured for minutes without a rest."""
        return {**point.key, "sustain_s": self._settings["sustain_s"]}

    def lacking_sustained(self, points: Sequence[Point]) -> list[Point]:
        """The base points (each runtime's first) whose sustained speed is asked for and lacking."""
        base = {point.identity["runtime"]: point for point in reversed(points)}
        return [
            point
            for point in points
            if self._settings["sustain_s"]
            and point is base[point.identity["runtime"]]
            and point.artefact is not None
            and not self._given_up(self._journal.lines(point.key))
            and not any(self._is_settled(line) for line in self._journal.lines(self.sustained_key(point)))
        ]

    def _launch(self, point: Point, server: Server, order: int) -> None:
        earlier = self._journal.lines(point.key)
        if self._given_up(earlier):
            return
        self._baseline.sample_if_due(server, point.reference, point.identity["runtime"])
        argument = self._argument(point, lab=not any(line.get("lab_s") for line in earlier))
        line = self._told(point, server, launch.run, argument, self._settings["timeout_s"])
        first_stage = self._settings["launches"]
        line |= {"order": order, "first_stage": first_stage, "reference": point.reference}
        self._journal.append(point.key, line)

    def _sustain(self, point: Point, server: Server) -> None:
        seconds = self._settings["sustain_s"]
        timeout_s = seconds + self._settings["timeout_s"]
        line = self._told(point, server, sustained.run, self._argument(point, seconds=seconds), timeout_s)
        self._journal.append(self.sustained_key(point), line)

    def _argument(self, point: Point, **more: Any) -> dict[str, Any]:
        return {"artefact": point.artefact, "runtime": point.identity["runtime"], "point": point.axes, **more}

    def _told(
        self,
        point: Point,
        server: Server,
        run: Callable[[Any], dict[str, Any]],
        argument: Mapping[str, Any],
        timeout_s: float,
    ) -> dict[str, Any]:
        """A launch as the journal keeps it: how it ended, what it found, when, and the device before and after it."""
        server.start()
        wait_s, cool = cool_down.cool_down(self._cool_celsius, _COOL_DOWN_S)
        before, start = state.snapshot(point.compute_device), datetime.now(timezone.utc)
        outcome = server.run(run, argument, timeout_s, memory_bytes=self._settings["memory_bytes"])
        end, after = datetime.now(timezone.utc), state.snapshot(point.compute_device)
        wall_s = (end - start).total_seconds()
        return {
            "status": outcome.status,
            "message": outcome.message,
            "limits": self._limits,
            "wait_s": wait_s,
            "cool": cool,
            "before": before,
            "after": after,
            "started_s": start.timestamp(),
            "wall_s": wall_s,
            "others_share": selection.others_share(before, after, outcome.value.get("cpu_s", 0.0), wall_s),
            "measured_at": end.isoformat(timespec="seconds"),
            **outcome.value,
        }

    def _server(self, point: Point, stack: ExitStack) -> Server:
        runtime = point.identity["runtime"]
        if runtime not in self._servers:
            self._servers[runtime] = stack.enter_context(Server(point.preload))
        return self._servers[runtime]

    def _running(self, point: Point) -> str:
        """The point and its interval so far, as the bar shows them."""
        good = selection.used(self._journal.lines(point.key), self._settings["launches"])
        name = f"{point.identity['runtime']} {point.axes_text}"
        if len(good) < 2:
            return name
        found = interval.of_launches([latency_rows.launch_s(line) for line in good], self._settings["launches"])
        return f"{name}: {1e3 * found.value:.4g} ms ± {found.high / found.value - 1:.1%}"

    def _given_up(self, lines: Sequence[Mapping[str, Any]]) -> bool:
        return self._failed(lines) >= _FAILURES and not any(line["status"] == "ok" for line in lines)

    def _failed(self, lines: Sequence[Mapping[str, Any]]) -> int:
        return sum(line["status"] != "ok" and self._is_settled(line) for line in lines)

    def _is_settled(self, line: Mapping[str, Any]) -> bool:
        """Whether a launch is not to be tried again: it went well, or failed under the present limits."""
        return line["status"] == "ok" or line["limits"] == self._limits
