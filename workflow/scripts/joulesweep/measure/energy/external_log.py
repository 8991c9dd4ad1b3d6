"""Launches whose power another device logged: cut out of its log when that is here, by Unix time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from joulesweep import plugins
from joulesweep.measure.energy import sync_marker, window_figures
from joulesweep.measure.energy.power_trace import UncoveredError


def joined(
    lines: Sequence[Mapping[str, Any]], meter: Mapping[str, Any], marked: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The lines with the figures that the log gives them, or with the status `no_meter` and why it gives none.

    `marked` are all lines of the job: their markers together find the log's offset.
    """
    log = plugins.load("power_logs", meter["name"])(meter["settings"])
    try:
        time_ns, watts = log.readings()
        if meter["settings"].get("align") == "marker":
            launches = [_markers(line) for line in marked if line["status"] == "ok"]
            if not launches:
                raise ValueError("no launch has emitted a marker")
            time_ns = time_ns + sync_marker.offset_ns(time_ns, watts, launches)
        description = log.describe()
    except (OSError, ValueError, TypeError) as error:
        return [_without(line, f"{meter['name']}: {error}") for line in lines]
    return [_cut(line, description, time_ns, watts, meter) for line in lines]


def _cut(
    line: Mapping[str, Any], description: Any, time_ns: np.ndarray, watts: np.ndarray, meter: Mapping[str, Any]
) -> dict[str, Any]:
    if line["status"] != "ok":
        return dict(line)
    windows = line["windows"]
    idle, work = ([moment + windows["unix_ns"] for moment in windows[name]] for name in ("idle_ns", "work_ns"))
    if idle[0] > time_ns[-1] or work[1] < time_ns[0]:
        return _without(
            line,
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
        return _without(line, f"{meter['name']}: {error}")
    return {**line, "figures": figures}


def _markers(line: Mapping[str, Any]) -> list[list[int]]:
    unix_ns = line["windows"]["unix_ns"]
    return [[start + unix_ns, end + unix_ns, bit] for start, end, bit in line["windows"]["marker_ns"]]


def _without(line: Mapping[str, Any], message: str) -> dict[str, Any]:
    return {**line, "status": "no_meter", "message": message} if line["status"] == "ok" else dict(line)


def _clock(time_ns: int) -> str:
    try:
        return datetime.fromtimestamp(int(time_ns) * 1e-9).isoformat(" ", "seconds")
    except (ValueError, OverflowError, OSError):
        return "an invalid time"
