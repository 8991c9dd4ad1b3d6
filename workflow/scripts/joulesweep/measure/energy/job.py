"""The energy of all models on this device: windows in several launches at every point, and the tables made from them.

A journal holds one line per launch, so that what was measured is never measured again. Figures come from the recorded
traces when the table is made, so that another way to integrate them needs no new measuring. Runs in the job.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
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
from joulesweep.measure import blocks, same_machine
from joulesweep.measure.device import cool_down, state
from joulesweep.measure.energy import launch as energy_launch
from joulesweep.measure.energy.power import Power, power_of
from joulesweep.measure.energy.sampler import MeterError
from joulesweep.measure.energy.traces import samples as traces
from joulesweep.measure.energy.traces import window_figures
from joulesweep.measure.missing import missing_windows
from joulesweep.measure.points import Point, points_by_model
from joulesweep.measure.processes.server import Server
from joulesweep.measure.sweep import sweep

_BIT_S = 0.25  # a stretch of a marker, at least
log = logging.getLogger("joulesweep")


class _MeterGone(Exception):
    """The meter went away during the sweep; the text says why."""


def measure(job: Mapping[str, Any], manifests: Sequence[Path], out: Path, samples: Path) -> None:
    """Measure what is missing in the journals of the folder `out`, keep the traces in the folder `samples`, write the tables.

    Raises:
        UserError: a model has no manifest, the meter is unknown, or the results are of another machine.
    """
    same_machine.check(out.parent)
    power = power_of(job["meter"])
    by_model = points_at(job, manifests)
    measuring = _Measuring(job, power, out, samples)
    figured: dict[str, list[list[EnergyLaunch]]] = {}
    for block in measuring.measured_blocks(by_model):
        for model in block:
            kept = [(point.key, measuring.launches(point)) for point in by_model[model]]
            figured[model] = power.with_figures(kept, samples / f"{model}.jsonl")
        spread = energy_row.spread(launches for of_model in figured.values() for launches in of_model)
        for model, launches in figured.items():  # the earlier ones again, with what is known now
            rows = [
                _row(point, own, spread, job["meter"]["name"], measuring.refusal)
                for point, own in zip(by_model[model], launches, strict=True)
            ]
            write_table(out / f"{model}.csv", columns.ENERGY, rows)


def points_at(job: Mapping[str, Any], manifests: Sequence[Path]) -> dict[str, list[Point]]:
    """The points of each model; a launch of energy depends on its meter and on the length of its window too."""
    meter = job["meter"]
    settings = power_of(meter).launch_settings
    return points_by_model(job, manifests, {"meter": [meter["name"], settings, job["settings"]["window_s"]]})


class _Measuring:
    """The launches of one job."""

    def __init__(self, job: Mapping[str, Any], power: Power, out: Path, samples: Path) -> None:
        self._job, self._power, self._samples = job, power, samples
        self._journals = {model: Journal(out / f"{model}.jsonl") for model in job["models"]}
        self._settings: Mapping[str, Any] = job["settings"]
        # What may have made a launch fail, beside the point itself.
        self._limits = {name: self._settings[name] for name in ("timeout_s", "memory_bytes")}
        self._limits["meter_reason"] = job["meter"]["reason"]
        self._extra: dict[str, Any] = {}
        self._timeout_s = 0.0
        self.refusal = ""  # why the meter cannot be read, or was gone; empty where nothing is the matter

    def launches(self, point: Point) -> list[EnergyLaunch]:
        """The launches of a point so far."""
        return self._journals[point.model].launches(point.key, EnergyLaunch)

    def measured_blocks(self, by_model: Mapping[str, Sequence[Point]]) -> Iterator[Sequence[str]]:
        """Measure what is missing, in blocks of models; yields the models of each block when it is done.

        First come the models that miss nothing, last those whose meter cannot be read.
        """
        self.refusal = self._power.refusal()
        missing = {model: sum(map(self._missing, points)) for model, points in by_model.items()}
        if whole := [model for model in by_model if not missing[model]]:
            yield whole
        waiting = {model: count for model, count in missing.items() if count}
        if not waiting:
            return
        first = next(point for model in waiting for point in by_model[model] if self._missing(point))
        try:
            if self.refusal:
                if self._job["meter"][
                    "usable"
                ]:  # it was when the run was planned: what is lost now is for the next run
                    self._lose(first, self.refusal)
            else:
                with sweep(energy_launch.__name__, self._power.reads_battery) as running:
                    launch_s = self._prepare(sum(waiting.values()))
                    for block in blocks.of_models({model: count * launch_s for model, count in waiting.items()}):
                        points = [point for model in block for point in by_model[model]]
                        running.measure("energy", points, list(map(self._missing, points)), self._launch)
                        yield block
                        waiting = {model: count for model, count in waiting.items() if model not in block}
        except MeterError as error:
            self.refusal = f"{self._job['meter']['name']}: {error}"
            self._lose(first, self.refusal)
        except _MeterGone as error:
            self.refusal = str(error)
        if waiting:
            yield list(waiting)

    def _missing(self, point: Point) -> int:
        if point.artefact is None:
            return 0
        failures = self._meter_failures(point)
        return missing_windows(self.launches(point), self._settings, self._limits, failures)

    def _meter_failures(self, point: Point) -> int:
        """How often the meter had failed for this model when the run was planned."""
        return int(self._job["models"][point.model]["meter_failures"])

    def _prepare(self, count: int) -> float:
        """Set the windows and what every launch is given in addition to its point; returns seconds per launch."""
        description, times = self._power.times(self._settings["window_s"])
        windows_s = 2 * sum(asdict(times).values())
        name = self._job["meter"]["name"]
        log.info("energy: %d launches of about %.0f s with %s (%s)", count, windows_s, name, description.kind)
        marked = self._job["meter"]["settings"].get("align") == "marker"
        bit_s = max(_BIT_S, 2 * description.update_s) if marked else 0.0
        self._extra = {**asdict(times), "cool_C": cool_down.cool_celsius(), "marker_bit_s": bit_s}
        self._timeout_s = self._settings["timeout_s"] + windows_s + 16 * bit_s
        return windows_s + 16 * bit_s

    def _launch(self, point: Point, server: Server, _: int) -> None:
        run = partial(server.run, memory_bytes=self._settings["memory_bytes"])
        runtime = point.identity["runtime"]
        argument = {"artefact": point.artefact, "runtime": runtime, "point": point.axes, **self._extra}
        before = DeviceState(**state.snapshot(point.compute_device))
        ended, record = self._power.launch(run, argument, self._timeout_s)
        after = DeviceState(**state.snapshot(point.compute_device))
        launch = self._new(point, **ended, before=before, after=after)
        if record is not None:
            if launch.ok:
                launch = window_figures.evaluated(launch, record, self._job["meter"]["name"])
            traces.keep(self._samples / f"{point.model}.jsonl", point.key, launch.status, record, launch.windows)
        self._journals[point.model].append(point.key, launch.to_line())
        log.info("energy %s: %s", point.name, launch.message or "ok")
        if launch.status == "no_meter" and (gone := self._power.refusal()):
            raise _MeterGone(gone)

    def _lose(self, point: Point, message: str) -> None:
        """Write down a launch that could not begin, since the meter was gone."""
        lost = self._new(point, status="no_meter", message=message, windows=None, before=None, after=None)
        self._journals[point.model].append(point.key, lost.to_line())

    def _new(self, point: Point, **ended: Any) -> EnergyLaunch:
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        failures = self._meter_failures(point)
        return EnergyLaunch(**ended, figures=None, measured_at=now, limits=self._limits, meter_failures=failures)


def _row(
    point: Point, launches: Sequence[EnergyLaunch], spread: energy_row.Spread, meter: str, refusal: str
) -> dict[str, Any]:
    identity = {**point.identity, "meter": meter}
    if point.artefact is None:
        return {**identity, "status": "unsupported", "message": point.unsupported}
    row = energy_row.row(identity, launches, spread)
    return {**identity, "status": "no_meter", "message": refusal} if refusal and row["status"] != "ok" else row
