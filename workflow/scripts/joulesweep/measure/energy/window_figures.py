"""From a power trace and the times of its windows to joules a pass; from several launches to a row."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from joulesweep import interval
from joulesweep.measure.energy.power_trace import PowerTrace, SilentError, UncoveredError

READINGS = 10  # a window holds at least so many readings
_FEWEST_WINDOWS = 2  # an interval needs two
_FEW_WINDOWS = 3
_LONGEST_STILL_S = 0.5  # without a step of a counter that steps every 100 ms or faster, on a busy machine
_LONGEST_GAP = 0.25  # of a window without a reading: more, and the figure would be an interpolation


def figures(record: Mapping[str, Any], windows: Mapping[str, Any]) -> dict[str, Any]:
    """Energy of one launch: what the sampler recorded, cut by the windows of the launch.

    Raises:
        SilentError: the meter fell silent in a window.
        UncoveredError: its readings cannot tell the energy of a window, or it stood still while the model worked.
    """
    trace = PowerTrace.of_record(record)
    idle, work = windows["idle_ns"], windows["work_ns"]
    for name, (start, end) in (("idle", idle), ("work", work)):
        _check_cover(trace, record, name, start, end)
        _check_counter(trace, record, name, start, end)
    idle_joules, work_joules = trace.joules(*idle), trace.joules(*work)
    if work_joules == 0:
        raise UncoveredError("the meter stood still while the model worked")
    idle_s, work_s = (idle[1] - idle[0]) * 1e-9, (work[1] - work[0]) * 1e-9
    passes = windows["passes"]
    idle_watts = idle_joules / idle_s
    return {
        "kind": record["kind"],
        "rails": f"{' + '.join(record['rails'])}: {record['covers']}",
        "passes": passes,
        "samples": trace.readings(*work),
        "fewest_readings": min(trace.readings(*work), trace.readings(*idle)),
        "interval_s": trace.interval_s(*work),
        "power_W": work_joules / work_s,
        "idle_W": idle_watts,
        "energy_J": work_joules / passes,
        "net_energy_J": (work_joules - idle_watts * work_s) / passes,
        "stuck": not trace.moved(idle[0], work[1]),
        "warm": not windows.get("cool", True),
    }


def row(launches: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The figures of one point from its launches, each with a `status`, a `message`, and `figures` where it is ok.

    Every launch takes its own idle power from its own energy, so the spread of idle power is inside the net interval. A
    net energy below zero stays what it is, and is flagged.
    """
    good = [launch["figures"] for launch in launches if launch["status"] == "ok"]
    if len(good) < _FEWEST_WINDOWS:
        failures = Counter((launch["status"], launch["message"]) for launch in launches if launch["status"] != "ok")
        if not failures:
            return {"status": "error", "message": "one window alone tells no spread; set energy: {launches: 3}"}
        (status, message), _ = failures.most_common(1)[0]
        return {"status": status, "message": message}
    energy = interval.of_values([one["energy_J"] for one in good])
    net = interval.of_values([one["net_energy_J"] for one in good])
    idle = [one["idle_W"] for one in good]
    intervals = [one["interval_s"] for one in good if not math.isnan(one["interval_s"])]
    flags = {
        "few_windows": len(good) < _FEW_WINDOWS,
        "few_readings": min(one["fewest_readings"] for one in good) < READINGS,
        "net_below_zero": net.value < 0,
        "stuck": any(one["stuck"] for one in good),
        "still_warm": any(one["warm"] for one in good),
    }
    return {
        "status": "ok",
        "message": "",
        "kind": good[-1]["kind"],
        "rails": good[-1]["rails"],
        "windows": len(good),
        "samples": sum(one["samples"] for one in good),
        "passes": sum(one["passes"] for one in good),
        "interval_s": float(np.median(intervals)) if intervals else None,
        "power_W": float(np.mean([one["power_W"] for one in good])),
        "idle_W": float(np.mean(idle)),
        "idle_std_W": float(np.std(idle, ddof=1)),
        "energy_J": energy.value,
        "ci_low_J": energy.low,
        "ci_high_J": energy.high,
        "net_energy_J": net.value,
        "net_ci_low_J": net.low,
        "net_ci_high_J": net.high,
        "flags": " ".join(name for name, is_so in flags.items() if is_so),
    }


def _check_counter(trace: PowerTrace, record: Mapping[str, Any], name: str, start: int, end: int) -> None:
    """Refuse a counter that stands still for long: no device uses nothing. A modelled one may, while the process sleeps."""
    if record["unit"] == "J" and record["kind"] == "measured":
        still_s = trace.longest_still_s(start, end)
        if still_s > max(_LONGEST_STILL_S, _LONGEST_GAP * (end - start) * 1e-9):
            raise UncoveredError(f"the counter stood still for {still_s:.1f} s in the {name} window")


def _check_cover(trace: PowerTrace, record: Mapping[str, Any], name: str, start: int, end: int) -> None:
    """Refuse a window in which the meter fell silent, with what it said then, else with the time without a reading."""
    times = trace.time_ns
    if not times.size:
        raise SilentError(f"the meter never gave a reading{_said(record['missing'], '')}")
    if times[0] > start:
        raise SilentError(
            f"the meter's first reading came {(times[0] - start) * 1e-9:.2f} s after the {name} window began"
        )
    gap_s = trace.longest_gap_s(start, end)
    if times[-1] < end or gap_s > _LONGEST_GAP * (end - start) * 1e-9:
        reasons = [missing for missing in record["missing"] if start <= missing[0] <= end]
        silent_s = (end - times[-1]) * 1e-9 if times[-1] < end else gap_s
        raise SilentError(
            f"the meter fell silent in the {name} window{_said(reasons, f': no reading for {silent_s:.2f} s')}"
        )


def _said(reasons: Sequence[tuple[int, str]], otherwise: str) -> str:
    return f": {reasons[-1][1]}" if reasons else otherwise
