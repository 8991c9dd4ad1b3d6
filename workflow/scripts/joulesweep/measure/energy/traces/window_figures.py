"""From a power trace and the times of its windows to joules per pass. Runs in the job, whenever the table is made."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from joulesweep.launches.energy_launch import EnergyFigures, EnergyLaunch
from joulesweep.measure.energy.traces.power_trace import PowerTrace, SilentError, UncoveredError

_LONGEST_STILL_S = 0.5  # without a step of a counter that steps every 100 ms or faster, on a busy machine
_LONGEST_GAP = 0.25  # of a window without a reading: more, and the figure would be an interpolation


def figures(record: Mapping[str, Any], windows: Mapping[str, Any]) -> EnergyFigures:
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
    joules = trace.joules_by_rail(*work)
    idle_joules, work_joules = trace.joules(*idle), float(joules.sum())
    if work_joules == 0:
        raise UncoveredError("the meter stood still while the model worked")
    idle_s, work_s = (idle[1] - idle[0]) * 1e-9, (work[1] - work[0]) * 1e-9
    passes = windows["passes"]
    idle_watts = idle_joules / idle_s
    interval_s = trace.interval_s(*work)
    return EnergyFigures(
        kind=record["kind"],
        rails=f"{' + '.join(record['rails'])}: {record['covers']}",
        passes=passes,
        samples=trace.readings(*work),
        fewest_readings=min(trace.readings(*work), trace.readings(*idle)),
        interval_s=None if math.isnan(interval_s) else interval_s,
        power_W=work_joules / work_s,
        idle_W=idle_watts,
        energy_J=work_joules / passes,
        net_energy_J=(work_joules - idle_watts * work_s) / passes,
        energy_by_rail=_by_name(record["rails"], (joules / passes).tolist()),
        stuck=not trace.moved(idle[0], work[1]),
        warm=not windows.get("cool", True),
    )


def evaluated(launch: EnergyLaunch, record: Mapping[str, Any], meter: str) -> EnergyLaunch:
    """A launch that ended, with the figures of its trace; or with `no_meter` or `error`, and why it has none."""
    assert launch.windows is not None
    try:
        return replace(launch, status="ok", message="", figures=figures(record, launch.windows))
    except UncoveredError as error:
        status = "no_meter" if isinstance(error, SilentError) else "error"
        return replace(launch, status=status, message=f"{meter}: {error}", figures=None)


def _by_name(rails: Sequence[str], joules: Sequence[float]) -> dict[str, float]:
    """Joules by the name of the rail; rails of one name, as several memories may have, are added."""
    return {rail: sum(value for name, value in zip(rails, joules, strict=True) if name == rail) for rail in rails}


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
