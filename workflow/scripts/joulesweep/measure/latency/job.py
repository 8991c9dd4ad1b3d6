"""The latency of all models on this device: launches at every point of their sweeps, and the tables made from them. Runs in the job."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from itertools import chain
from pathlib import Path
from typing import Any

from joulesweep.axes import AXES
from joulesweep.formatting import with_interval
from joulesweep.launches import columns, latency_row, selection
from joulesweep.launches.journal import Journal
from joulesweep.launches.latency_launch import LatencyLaunch, SustainedLaunch, Timing, sustained_key
from joulesweep.launches.launch import DeviceState
from joulesweep.launches.table_file import write_table
from joulesweep.measure import blocks, same_machine
from joulesweep.measure.device import cool_down, state
from joulesweep.measure.latency import launch, sustained
from joulesweep.measure.latency.baseline_recorder import BaselineRecorder
from joulesweep.measure.latency.quota import Quota
from joulesweep.measure.missing import is_given_up, is_settled
from joulesweep.measure.points import Point, points_by_model
from joulesweep.measure.processes.server import Server
from joulesweep.measure.sweep import Sweep, sweep
from joulesweep.uncertainty import drift, interval
from joulesweep.uncertainty.drift import Drift

log = logging.getLogger("joulesweep")

_COOL_DOWN_S = 10.0  # before a launch, at most


def measure(job: Mapping[str, Any], manifests: Sequence[Path], out: Path) -> None:
    """Measure the launches that are missing in the journals, then write the table of each model to the folder `out`.

    Raises:
        UserError: a model has no manifest, or the results are of another machine.
    """
    same_machine.check(out.parent)
    by_model = points_by_model(job, manifests)
    baseline = BaselineRecorder(out.parent / "reference.json", job["reference_digest"])
    measuring = _Measuring(job, {model: Journal(out / f"{model}.jsonl") for model in by_model}, baseline)
    everything = [point for own in by_model.values() for point in own]
    # At last all models, with all that is known of the drift by then.
    for block in chain(measuring.measured_blocks(by_model), [list(by_model)]):
        drifts = measuring.drifts(everything)
        for model in block:
            rows = [measuring.row(point, drifts) for point in by_model[model]]
            write_table(out / f"{model}.csv", columns.LATENCY, rows)


class _Measuring:
    """The launches of one job."""

    def __init__(self, job: Mapping[str, Any], journals: Mapping[str, Journal], baseline: BaselineRecorder) -> None:
        self._job, self._journals, self._baseline = job, journals, baseline
        self._settings: Mapping[str, Any] = job["settings"]
        self._cool_celsius: float | None = None
        # What may have made a launch fail, beside the point itself.
        self._limits = {name: self._settings[name] for name in ("timeout_s", "memory_bytes")}

    def measured_blocks(self, by_model: Mapping[str, Sequence[Point]]) -> Iterator[Sequence[str]]:
        """Measure what is missing, in blocks of models; yields the models of each block when it is done."""
        quota = Quota(self._settings, self._limits, self._journals, by_model)
        seconds = {
            model: quota.missing_s(points) + sum(self._missing_sustained(points)) * self._settings["sustain_s"]
            for model, points in by_model.items()
            if any(self._missing_sustained(points)) or not all(map(quota.is_complete, points))
        }
        if not seconds:
            return
        with sweep(launch.__name__) as running:
            self._cool_celsius = cool_down.cool_celsius()
            for block in blocks.of_models(seconds):
                self._measure([point for model in block for point in by_model[model]], running, quota)
                yield block

    def _measure(self, points: Sequence[Point], running: Sweep, quota: Quota) -> None:
        """Measure what points miss: the first stage, then what its spread asks for and time allows, then sustained speed."""
        self._run(points, running, quota.missing_in_first_stage(points))
        self._run(points, running, quota.missing_beyond(points))
        quota.complete(points)
        running.measure("sustained latency", points, self._missing_sustained(points), self._sustain, self._describe)
        drifts = self.drifts(points)
        for point in points:
            log.info("latency %s", _summary(self.row(point, drifts)))

    def _run(self, points: Sequence[Point], running: Sweep, counts: Sequence[int]) -> None:
        """Make so many launches of each point."""
        before = sum(len(self.launches(point)) for point in points)
        running.measure("latency", points, counts, self._launcher(before), self._describe)

    def drifts(self, points: Sequence[Point]) -> dict[latency_row.Kind, Drift]:
        """How this device drifts, by the launches of all points so far."""
        return latency_row.drifts((point.axes["threads"], self.launches(point)) for point in points)

    def row(self, point: Point, drifts: Mapping[latency_row.Kind, Drift]) -> dict[str, Any]:
        """The row of a point, from what the journal holds."""
        if point.artefact is None:
            return {**point.identity, "status": "unsupported", "message": point.unsupported}
        baseline_s, launches = self._baseline.baseline.seconds(point.reference), self.launches(point)
        device_drift = drifts[latency_row.kind(point.axes["threads"], launches)] if launches else drift.estimate([])
        return latency_row.row(point.identity, launches, self._sustained(point), baseline_s, device_drift)

    def launches(self, point: Point) -> list[LatencyLaunch]:
        """The launches of a point so far."""
        return self._journal(point).launches(point.key, LatencyLaunch)

    def _journal(self, point: Point) -> Journal:
        return self._journals[point.model]

    def _sustained(self, point: Point) -> list[SustainedLaunch]:
        return self._journal(point).launches(self._sustained_key(point), SustainedLaunch)

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
        surroundings, timing = self._run_process(point, server, launch.run, argument, self._settings["timeout_s"])
        launched = LatencyLaunch(
            **surroundings,
            order=order,
            reference=point.reference,
            first_stage=self._settings["launches"],
            target=self._settings["precision"],
            timing=Timing.from_line(timing) if timing else None,
        )
        self._journal(point).append(point.key, launched.to_line())

    def _sustain(self, point: Point, server: Server, _: int) -> None:
        seconds = self._settings["sustain_s"]
        timeout_s = seconds + self._settings["timeout_s"]
        argument = self._argument(point, seconds=seconds)
        surroundings, speeds = self._run_process(point, server, sustained.run, argument, timeout_s)
        speeds = {"burst_s": None, "sustained_s": None, "blocks": (), **speeds}
        launched = SustainedLaunch(**surroundings, sustain_s=seconds, **speeds)
        self._journal(point).append(self._sustained_key(point), launched.to_line())

    def _argument(self, point: Point, **more: Any) -> dict[str, Any]:
        return {"artefact": point.artefact, "runtime": point.identity["runtime"], "point": point.axes, **more}

    def _run_process(
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
            "others_share": selection.others_share(before, after, outcome.cpu_s, wall_s),
            "measured_at": end.isoformat(timespec="seconds"),
        }
        return surroundings, outcome.value

    def _describe(self, point: Point) -> str:
        """The point and its interval so far, as the bar shows them."""
        good = selection.used(self.launches(point), self._settings["launches"])
        if len(good) < 2:
            return point.name
        so_far = interval.of_launches([launch.seconds for launch in good])
        return f"{point.name}: {with_interval(so_far.value, so_far.low, so_far.high, 1e3, 'ms')}"


def _summary(row: Mapping[str, Any]) -> str:
    """A row as one line of the log."""
    axes = " ".join(f"{axis}={row[axis]}" for axis in AXES if row.get(axis) is not None)
    name = f"{row['model']}@{row['runtime']} {axes}"
    if row["status"] != "ok":
        return f"{name}: {row['status']}: {row['message']}"
    low, value, high = (1e3 * row[key] for key in ("raw_ci_low_s", "raw_s", "raw_ci_high_s"))
    return f"{name}: {value:.4g} ms ({low:.4g} to {high:.4g}, {row['launches']} launches) {row['flags']}".rstrip()
