"""Power that a meter of this device shows: a sampler reads it beside every launch, and its traces are kept. Runs in the job."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from joulesweep import plugins
from joulesweep.launches.energy_launch import EnergyLaunch
from joulesweep.measure.energy import launch as energy_launch
from joulesweep.measure.energy import meter_probe, timing
from joulesweep.measure.energy.sampler import MeterError, Sampler
from joulesweep.measure.energy.traces import window_figures
from joulesweep.measure.energy.traces.samples import Traces
from joulesweep.meters.base import Description


class MeteredPower:
    """The meter of a job; its name may be `none`."""

    def __init__(self, meter: Mapping[str, Any]) -> None:
        self._name, self._settings, self._reason = meter["name"], meter["settings"], meter["reason"]
        self.launch_settings: dict[str, Any] = dict(meter["settings"])
        self.reads_battery: bool = self._name != "none" and plugins.load("meters", self._name).reads_battery

    def refusal(self) -> str:
        """Why the meter cannot be read now, and what to do about it; empty where it can."""
        if self._name == "none":
            return self._reason
        answer = meter_probe.probe(self._name, self._settings)
        return "" if answer["usable"] else f"{self._name}: {answer['reason']}"

    def times(self, window_s: float) -> tuple[Description, timing.Times]:
        """What the meter is, and how long its windows are, by the interval at which it is seen to update.

        Raises:
            MeterError: it cannot be read.
        """
        answer = meter_probe.probe(self._name, self._settings)
        if not answer["usable"]:
            raise MeterError(answer["reason"])
        description = Description(**answer["description"])
        observed_s = timing.observed_interval_s(self._name, self._settings, description)
        return description, timing.times(description, observed_s, window_s)

    def launch(
        self, run: Callable[..., Any], argument: Mapping[str, Any], timeout_s: float
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """One launch with the meter read beside it; it begins when the meter has given its first reading.

        A meter that cannot be read has the status `no_meter`: that is tried again when it is back.
        """
        samplers: list[Sampler] = []

        def start_sampler(pid: int) -> None:
            samplers.append(Sampler(self._name, self._settings, pid))
            samplers[0].wait_for_first_reading()

        try:
            outcome = run(energy_launch.run, argument, timeout_s, on_start=start_sampler)
            record = samplers[0].stop() if samplers else None
        except MeterError as error:
            return {"status": "no_meter", "message": f"{self._name}: {error}", "windows": None}, None
        return {"status": outcome.status, "message": outcome.message, "windows": outcome.value or None}, record

    def with_figures(
        self, points: Sequence[tuple[Mapping[str, Any], Sequence[EnergyLaunch]]], samples: Path
    ) -> list[list[EnergyLaunch]]:
        """The launches of every point with the figures of their traces; a launch without a trace keeps its figures."""
        traces = Traces(samples)
        return [[self._evaluated(key, launch, traces) for launch in launches] for key, launches in points]

    def _evaluated(self, key: Mapping[str, Any], launch: EnergyLaunch, traces: Traces) -> EnergyLaunch:
        record = traces.record(key, launch.windows) if launch.windows else None
        return launch if record is None else window_figures.evaluated(launch, record, self._name)
