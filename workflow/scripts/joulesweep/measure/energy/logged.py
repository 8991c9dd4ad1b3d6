"""Power that another device logs: cut out of its log, by Unix time, when that is here. Runs in the job."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from joulesweep import plugins
from joulesweep.launches.energy_launch import EnergyLaunch
from joulesweep.measure.energy import launch as energy_launch
from joulesweep.measure.energy import sync_marker, timing
from joulesweep.measure.energy.traces import window_figures
from joulesweep.meters.base import Description


class LoggedPower:
    """The log of a job; its launches only keep when their windows were."""

    reads_battery = False

    def __init__(self, meter: Mapping[str, Any]) -> None:
        self._name, self._settings = meter["name"], meter["settings"]
        self._log = plugins.load("power_logs", meter["name"])(meter["settings"])
        # A log can be joined again, so a launch only depends on whether it emits a marker.
        self.launch_settings: dict[str, Any] = {key: self._settings[key] for key in ("align",) if key in self._settings}

    def refusal(self) -> str:
        """Empty: the log may come later."""
        return ""

    def times(self, window_s: float) -> tuple[Description, timing.Times]:
        """What the log is, and how long windows are that hold enough of its lines."""
        description = self._log.describe()
        return description, timing.times(description, description.update_s, window_s)

    def launch(
        self, run: Callable[..., Any], argument: Mapping[str, Any], timeout_s: float
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """One launch; `unix_ns` of its windows is what to add to their monotonic times to have Unix time."""
        outcome = run(energy_launch.run, argument, timeout_s)
        windows = {**outcome.value, "unix_ns": time.time_ns() - time.monotonic_ns()} if outcome.value else None
        return {"status": outcome.status, "message": outcome.message, "windows": windows}, None

    def with_figures(
        self, points: Sequence[tuple[Mapping[str, Any], Sequence[EnergyLaunch]]], samples: Path
    ) -> list[list[EnergyLaunch]]:
        """The launches of every point with the figures that the log gives them, or with `no_meter` and why it gives none.

        The markers of all launches together find the log's offset.
        """
        try:
            time_ns, watts = self._log.readings()
            if self._settings.get("align") == "marker":
                markers = [_markers(launch.windows) for _, own in points for launch in own if launch.windows]
                if not markers:
                    raise ValueError("no launch has emitted a marker")
                time_ns = time_ns + sync_marker.offset_ns(time_ns, watts, markers)
            description = self._log.describe()
        except (OSError, ValueError, TypeError) as error:
            message = f"{self._name}: {error}"
            return [[_without(launch, message) for launch in launches] for _, launches in points]
        return [[self._cut(launch, description, time_ns, watts) for launch in launches] for _, launches in points]

    def _cut(
        self, launch: EnergyLaunch, description: Description, time_ns: np.ndarray, watts: np.ndarray
    ) -> EnergyLaunch:
        windows = launch.windows
        if not launch.ok or windows is None:
            return launch
        idle, work = ([moment + windows["unix_ns"] for moment in windows[name]] for name in ("idle_ns", "work_ns"))
        if idle[0] > time_ns[-1] or work[1] < time_ns[0]:
            span = f"{_clock(time_ns[0])} to {_clock(time_ns[-1])}"
            return _without(
                launch,
                f"{self._name}: {self._settings.get('file')} runs from {span}, but this was measured at {_clock(idle[0])}; if "
                "one clock is wrong, set meters.log.offset_s, or measure with align: marker",
            )
        first = max(0, int(np.searchsorted(time_ns, idle[0], "right")) - 1)  # from the last reading before the windows
        last = int(np.searchsorted(time_ns, work[1], "left")) + 1  # to the first one after them
        record = {
            "kind": description.kind,
            "unit": description.unit,
            "rails": description.rails,
            "covers": description.covers,
            "update_s": 0.0,
            "wrap_J": [],
            "time_ns": time_ns[first:last],
            "values": watts[first:last, None],
            "missing": [],
        }
        at_unix_time = replace(launch, windows={**windows, "idle_ns": idle, "work_ns": work})
        evaluated = window_figures.evaluated(at_unix_time, record, self._name)
        if evaluated.ok:
            return replace(evaluated, windows=windows)
        return _without(launch, evaluated.message)


def _markers(windows: Mapping[str, Any]) -> list[list[int]]:
    unix_ns = windows["unix_ns"]
    return [[start + unix_ns, end + unix_ns, bit] for start, end, bit in windows["marker_ns"]]


def _without(launch: EnergyLaunch, message: str) -> EnergyLaunch:
    return replace(launch, status="no_meter", message=message, figures=None) if launch.ok else launch


def _clock(time_ns: int) -> str:
    try:
        return datetime.fromtimestamp(int(time_ns) * 1e-9).isoformat(" ", "seconds")
    except (ValueError, OverflowError, OSError):
        return "an invalid time"
