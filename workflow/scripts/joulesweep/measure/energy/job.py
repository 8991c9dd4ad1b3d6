"""The energy of one model on this device: windows in several launches at every point, and the table made from them.

The journal holds one line per launch, so that what was measured is never measured again. Figures come from the recorded
traces when the table is made, so that another way to integrate them needs no new measuring. Runs in the job.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from joulesweep.launches import columns, energy_row
from joulesweep.launches.energy_launch import EnergyLaunch
from joulesweep.launches.journal import Journal
from joulesweep.launches.launch import DeviceState
from joulesweep.launches.table_file import write_table
from joulesweep.measure.device import cool_down, state
from joulesweep.measure.energy.power import Power, power_of
from joulesweep.measure.energy.sampler import MeterError
from joulesweep.measure.energy.traces import samples as traces
from joulesweep.measure.energy.traces import window_figures
from joulesweep.measure.missing import missing_windows
from joulesweep.measure.points import Point, points_of
from joulesweep.measure.processes.server import Server
from joulesweep.measure.sweep import sweep
from joulesweep.model.manifest import Manifest

_BIT_S = 0.25  # a stretch of a marker, at least
log = logging.getLogger("joulesweep")


class _MeterGone(Exception):
    """The meter went away during the sweep; the text says why."""


def measure(job: Mapping[str, Any], manifest_path: Path, out: Path, samples: Path) -> None:
    """Measure what is missing in the journal, keep the traces in `samples`, and write the table.

    Raises:
        UserError: there is no manifest, or the meter is unknown.
    """
    power = power_of(job["meter"])
    points = points_at(job, Manifest.read(manifest_path))
    measuring = _Measuring(job, power, Journal(out.with_suffix(".jsonl")), samples)
    refusal = measuring.measure(points)
    launches = power.with_figures([(point.key, measuring.launches(point)) for point in points], samples)
    rows = [_row(point, own, job["meter"]["name"], refusal) for point, own in zip(points, launches, strict=True)]
    write_table(out, columns.ENERGY, rows)


def points_at(job: Mapping[str, Any], manifest: Manifest) -> list[Point]:
    """The points of a job; a launch of energy depends on its meter and on the length of its window too."""
    meter = job["meter"]
    settings = power_of(meter).launch_settings
    return points_of(job, manifest, {"meter": [meter["name"], settings, job["settings"]["window_s"]]})


class _Measuring:
    """The launches of one job."""

    def __init__(self, job: Mapping[str, Any], power: Power, journal: Journal, samples: Path) -> None:
        self._job, self._power, self._journal, self._samples = job, power, journal, samples
        self._settings: Mapping[str, Any] = job["settings"]
        # What may have made a launch fail, beside the point itself.
        self._limits = {name: self._settings[name] for name in ("timeout_s", "memory_bytes")}
        self._limits["meter_reason"] = job["meter"]["reason"]
        self._extra: dict[str, Any] = {}
        self._timeout_s = 0.0

    def launches(self, point: Point) -> list[EnergyLaunch]:
        """The launches of a point so far."""
        return self._journal.launches(point.key, EnergyLaunch)

    def measure(self, points: Sequence[Point]) -> str:
        """Measure what is missing; returns why the meter cannot be read, or was gone, empty where nothing is the matter."""
        refusal = self._power.refusal()
        counts = [self._missing(point) for point in points]
        if not any(counts):
            return refusal
        first = next(point for point, count in zip(points, counts, strict=True) if count)
        if refusal:
            if self._job["meter"]["usable"]:  # it was when the run was planned: what is lost now is for the next run
                self._lose(first, refusal)
            return refusal
        try:
            with sweep(self._power.reads_battery) as running:
                self._prepare(points[0].identity["model"], sum(counts))
                title = f"{points[0].identity['model']}, energy"
                running.measure(title, points, counts, self._launch, _name)
        except MeterError as error:
            self._lose(first, refusal := f"{self._job['meter']['name']}: {error}")
        except _MeterGone as error:
            refusal = str(error)
        return refusal

    def _missing(self, point: Point) -> int:
        if point.artefact is None:
            return 0
        return missing_windows(self.launches(point), self._settings, self._limits, self._job["meter_failures"])

    def _prepare(self, model: str, count: int) -> None:
        """How long windows are, and what every launch is told beside its point."""
        description, times = self._power.times(self._settings["window_s"])
        windows_s = 2 * sum(asdict(times).values())
        name = self._job["meter"]["name"]
        log.info("energy %s: %d launches of about %.0f s with %s (%s)", model, count, windows_s, name, description.kind)
        marked = self._job["meter"]["settings"].get("align") == "marker"
        bit_s = max(_BIT_S, 2 * description.update_s) if marked else 0.0
        self._extra = {**asdict(times), "cool_C": cool_down.cool_celsius(), "marker_bit_s": bit_s}
        self._timeout_s = self._settings["timeout_s"] + windows_s + 16 * bit_s

    def _launch(self, point: Point, server: Server, _: int) -> None:
        run = partial(server.run, memory_bytes=self._settings["memory_bytes"])
        runtime = point.identity["runtime"]
        argument = {"artefact": point.artefact, "runtime": runtime, "point": point.axes, **self._extra}
        before = DeviceState(**state.snapshot(point.compute_device))
        ended, record = self._power.launch(run, argument, self._timeout_s)
        after = DeviceState(**state.snapshot(point.compute_device))
        launch = self._new(**ended, before=before, after=after)
        if record is not None:
            if launch.ok:
                launch = window_figures.evaluated(launch, record, self._job["meter"]["name"])
            traces.keep(self._samples, point.key, launch.status, record, launch.windows)
        self._journal.append(point.key, launch.to_line())
        log.info("energy %s@%s %s: %s", point.identity["model"], runtime, point.axes_text, launch.message or "ok")
        if launch.status == "no_meter" and (gone := self._power.refusal()):
            raise _MeterGone(gone)

    def _lose(self, point: Point, message: str) -> None:
        """Write down a launch that could not begin, since the meter was gone."""
        lost = self._new(status="no_meter", message=message, windows=None, before=None, after=None)
        self._journal.append(point.key, lost.to_line())

    def _new(self, **ended: Any) -> EnergyLaunch:
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        failures = self._job["meter_failures"]
        return EnergyLaunch(**ended, figures=None, measured_at=now, limits=self._limits, meter_failures=failures)


def _name(point: Point) -> str:
    return f"{point.identity['runtime']} {point.axes_text}"


def _row(point: Point, launches: Sequence[EnergyLaunch], meter: str, refusal: str) -> dict[str, Any]:
    identity = {**point.identity, "meter": meter}
    if point.artefact is None:
        return {**identity, "status": "unsupported", "message": point.unsupported}
    row = energy_row.row(identity, launches)
    return {**identity, "status": "no_meter", "message": refusal} if refusal and row["status"] != "ok" else row
