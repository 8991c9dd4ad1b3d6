"""Launches whose power another device logged: cut out of its log when that is here, by Unix time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from joulesweep import plugins
from joulesweep.launches.energy_launch import EnergyLaunch
from joulesweep.measure.energy import sync_marker, window_figures
from joulesweep.measure.energy.power_trace import UncoveredError


def joined(
    launches: Sequence[EnergyLaunch], meter: Mapping[str, Any], marked: Sequence[EnergyLaunch]
) -> list[EnergyLaunch]:
    """The launches with the figures that the log gives them, or with the status `no_meter` and why it gives none.

    `marked` are all launches of the job: their markers together find the log's offset.
    """
    log = plugins.load("power_logs", meter["name"])(meter["settings"])
    try:
        time_ns, watts = log.readings()
        if meter["settings"].get("align") == "marker":
            markers = [_markers(launch.windows) for launch in marked if launch.windows]
            if not markers:
                raise ValueError("no launch has emitted a marker")
            time_ns = time_ns + sync_marker.offset_ns(time_ns, watts, markers)
        description = log.describe()
    except (OSError, ValueError, TypeError) as error:
        return [_without(launch, f"{meter['name']}: {error}") for launch in launches]
    return [_cut(launch, description, time_ns, watts, meter) for launch in launches]


def _cut(
    launch: EnergyLaunch, description: Any, time_ns: np.ndarray, watts: np.ndarray, meter: Mapping[str, Any]
) -> EnergyLaunch:
    windows = launch.windows
    if not launch.ok or windows is None:
        return launch
    idle, work = ([moment + windows["unix_ns"] for moment in windows[name]] for name in ("idle_ns", "work_ns"))
    if idle[0] > time_ns[-1] or work[1] < time_ns[0]:
        return _without(
            launch,
            f"{meter['name']}: {meter['settings'].get('file')} runs from {_clock(time_ns[0])} to {_clock(time_ns[-1])}, but this "
            f"was measured at {_clock(idle[0])}; if one clock is wrong, set meters.log.offset_s, or measure with align: marker",
        )
    first = max(0, int(np.searchsorted(time_ns, idle[0], "right")) - 1)  # from the last reading before the windows
    last = int(np.searchsorted(time_ns, work[1], "left")) + 1  # to the first one after them
    record = {
        "kind": description.kind,
        "unit": "W",
        "rails": description.rails,
        "covers": description.covers,
        "update_s": 0.0,
        "wrap_J": [],
        "time_ns": time_ns[first:last],
        "values": watts[first:last, None],
        "missing": [],
    }
    try:
        figures = window_figures.figures(record, {**windows, "idle_ns": idle, "work_ns": work})
    except UncoveredError as error:
        return _without(launch, f"{meter['name']}: {error}")
    return replace(launch, figures=figures)


def _markers(windows: Mapping[str, Any]) -> list[list[int]]:
    unix_ns = windows["unix_ns"]
    return [[start + unix_ns, end + unix_ns, bit] for start, end, bit in windows["marker_ns"]]


def _without(launch: EnergyLaunch, message: str) -> EnergyLaunch:
    return replace(launch, status="no_meter", message=message) if launch.ok else launch


def _clock(time_ns: int) -> str:
    try:
        return datetime.fromtimestamp(int(time_ns) * 1e-9).isoformat(" ", "seconds")
    except (ValueError, OverflowError, OSError):
        return "an invalid time"
