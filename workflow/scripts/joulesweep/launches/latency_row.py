"""From the launches of one point to its row in the latency table, raw and corrected."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from joulesweep.launches import selection
from joulesweep.launches.latency_launch import LatencyLaunch, SustainedLaunch, Timing
from joulesweep.launches.launch import slowed, under_voltage
from joulesweep.launches.reference_baseline import mixture_s
from joulesweep.uncertainty import drift
from joulesweep.uncertainty.drift import Drift
from joulesweep.uncertainty.interval import Interval
from joulesweep.uncertainty.levels import Levels, levels

FEWEST_LAUNCHES = 3
_FOR_P95, _FOR_P99 = 60, 300  # passes, so that at least three lie above
_REFERENCE_OFF = 0.2
_THROTTLED = 0.2  # how much slower than its baseline every part of the reference is that a lower clock slows
_NOT_CLOCKED = ("memory",)  # this part waits for memory

Kind = tuple[str, bool]  # the reference beside the launches, and whether passes run on several threads


@dataclass(frozen=True)
class Corrected:
    """The latency of a point less what the reference shows of the device's momentary speed.

    `seconds` per pass of each used launch; `by_reference` the same with only the reference's part taken off; `slope` is the
    share of the reference's deviation that was subtracted, and `core_slope` that of the deviation of the cores' distance
    (means over launches), None where nothing was; `interval` is the figure with its 95 % interval.
    """

    seconds: tuple[float, ...]
    by_reference: tuple[float, ...]
    slope: float | None
    core_slope: float | None
    interval: Interval


def row(
    identity: Mapping[str, Any],
    launches: Sequence[LatencyLaunch],
    sustained: Sequence[SustainedLaunch],
    baseline_s: Mapping[str, float],
    device_drift: Drift,
    corrected: Corrected | None = None,
    raw: Interval | None = None,
) -> dict[str, Any]:
    """The row of one point: figures where at least three launches are used, else the commonest failure.

    `launches` are all of the point in the order in which they were made, `sustained` those that did passes for minutes,
    `baseline_s` the seconds of the reference's parts on this device, `device_drift` that of the point's kind. With
    `corrected` the row has the columns of the merged table. `raw` is the interval of the uncorrected launches, where it is known.
    """
    used = used_launches(launches)
    counts = {
        "launches": len(used),
        "launches_failed": sum(not launch.ok for launch in launches),
        "launches_set_aside": len(selection.succeeded(launches)) - len(used),
    }
    failure = selection.commonest_failure(launches)
    if len(used) < FEWEST_LAUNCHES:
        status, message = failure or ("error", "too few launches")
        last = {"measured_at": launches[-1].measured_at} if launches else {}
        return {**identity, **counts, **last, "status": status, "message": message}
    seconds = corrected.by_reference if corrected else [launch.seconds for launch in used]
    two = levels(seconds, [launch.timing.core_distance_s for launch in used if launch.timing])
    return {
        **identity,
        **counts,
        "status": "ok",
        "message": "; ".join([*([failure[1]] if failure else []), *_lost(sustained)]),
        **_figures(
            used, launches[-1], baseline_s, device_drift, two, raw or drift.interval(*record(used), device_drift)
        ),
        **_device(launches),
        **_sustained(sustained),
        **(corrected_columns(corrected, identity["batch"]) if corrected else {}),
        "measured_at": used[-1].measured_at,
    }


def used_launches(launches: Sequence[LatencyLaunch]) -> list[LatencyLaunch]:
    """The launches that the figures are made from, by the settings of the last one."""
    return selection.used(launches, launches[-1].first_stage) if launches else []


def kind(threads: int, launches: Sequence[LatencyLaunch]) -> Kind:
    """What a point shares its drift with: all points of its device of the same kind."""
    return launches[-1].reference, threads > 1


def record(used: Sequence[LatencyLaunch]) -> drift.Record:
    """When the used launches of a point began, and their seconds per pass."""
    return [launch.started_s for launch in used], [launch.seconds for launch in used]


def drifts(points: Iterable[tuple[int, Sequence[LatencyLaunch]]]) -> dict[Kind, Drift]:
    """How a device drifts, for each kind of its points: number of threads and all launches of each."""
    return drift.by_kind(
        (kind(threads, launches), record(used_launches(launches))) for threads, launches in points if launches
    )


def corrected_columns(corrected: Corrected, batch: int) -> dict[str, Any]:
    """The columns that only the merge can fill: latency with its interval, the slopes, and examples per second."""
    return {
        "corrected_s": corrected.interval.value,
        "ci_low_s": corrected.interval.low,
        "ci_high_s": corrected.interval.high,
        "correction": corrected.slope,
        "core_correction": corrected.core_slope,
        "throughput_per_s": batch / corrected.interval.value,
    }


def _figures(
    used: Sequence[LatencyLaunch],
    last: LatencyLaunch,
    baseline_s: Mapping[str, float],
    device_drift: Drift,
    two: Levels | None,
    raw: Interval,
) -> dict[str, Any]:
    timings = [launch.timing for launch in used if launch.timing]
    pass_s = np.concatenate([timing.used_pass_s for timing in timings])
    p95_s, p99_s = np.percentile(pass_s, (95, 99)).tolist()
    references = [timing.reference_s for timing in timings]
    reference_s = float(median(filter(None, map(mixture_s, references))))
    mixture_baseline_s = mixture_s(baseline_s)
    lab_s = next((timing.lab_s for timing in timings if timing.lab_s), None)
    faithful = _faithfulness(timings)
    flags = {
        "few_launches": len(used) < last.first_stage,
        "not_settled": not all(timing.settled for timing in timings),
        "reference_off": mixture_baseline_s is not None and abs(reference_s / mixture_baseline_s - 1) > _REFERENCE_OFF,
        "throttled": any(slowed(launch.before, launch.after) for launch in used)
        or _clocked_down(references, baseline_s),
        "under_voltage": any(under_voltage(launch.before, launch.after) for launch in used),
        "still_warm": not all(launch.cool for launch in used),
        "busy": any(launch.others_share > selection.BUSY for launch in used),
        "wide": raw.high / raw.value - 1 > last.target,
        "drift_unseen": not device_drift.is_seen,
        "two_levels": two is not None,
        "cores_move": two is not None and two.of_the_cores,
        "differs": faithful["agrees"] == "no",
    }
    return {
        "rounds": sum(len(timing.rounds) for timing in timings),
        "passes": len(pass_s),
        "load_s": _median(timings, "load_s"),
        "first_s": _median(timings, "first_s"),
        "raw_s": raw.value,
        "raw_ci_low_s": raw.low,
        "raw_ci_high_s": raw.high,
        "low_level_s": two.low_s if two else None,
        "high_level_s": two.high_s if two else None,
        "high_share": two.high_share if two else None,
        "core_distance_s": _known_median([timing.core_distance_s for timing in timings]),
        "mean_s": float(pass_s.mean()),
        "std_s": float(pass_s.std(ddof=1)),
        "median_s": float(np.median(pass_s)),
        "min_s": float(pass_s.min()),
        "max_s": float(pass_s.max()),
        "p95_s": p95_s if len(pass_s) >= _FOR_P95 else None,
        "p99_s": p99_s if len(pass_s) >= _FOR_P99 else None,
        "lab_mean_s": float(np.mean(lab_s)) if lab_s else None,
        "lab_std_s": float(np.std(lab_s, ddof=1)) if lab_s else None,
        "reference_s": reference_s,
        "reference_baseline_s": mixture_baseline_s,
        "reference_share": _median(timings, "reference_share"),
        "peak_bytes": int(_median(timings, "peak_bytes")),
        "peak_above_load_bytes": int(_median(timings, "peak_above_load_bytes")),
        **faithful,
        "order": " ".join(str(launch.order) for launch in used),
        "others_share": median(launch.others_share for launch in used),
        "flags": " ".join(name for name, is_so in flags.items() if is_so),
    }


def _faithfulness(timings: Sequence[Timing]) -> dict[str, Any]:
    """Where the passes ran, and whether they computed what the model computes."""
    compared = [
        (timing.max_error, timing.tolerance)
        for timing in timings
        if timing.max_error is not None and timing.tolerance is not None
    ]
    agrees = all(error <= tolerance for error, tolerance in compared)
    return {
        "ran_on": "; ".join(dict.fromkeys(timing.ran_on for timing in timings if timing.ran_on)),
        "max_error": max((error for error, _ in compared), default=None),
        "tolerance": min((tolerance for _, tolerance in compared), default=None),
        "agrees": ("yes" if agrees else "no") if compared else None,
    }


def _known_median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _clocked_down(references: Sequence[Mapping[str, float]], baseline_s: Mapping[str, float]) -> bool:
    """Whether every part of the reference that a lower clock slows was slowed in more than half of the launches.

    Another process slows the parts by different factors; a lower clock slows all of them by the same one.
    """
    slowed_launches = [
        all(
            seconds > (1 + _THROTTLED) * baseline_s[part]
            for part, seconds in reference.items()
            if part not in _NOT_CLOCKED
        )
        for reference in references
        if reference.keys() <= baseline_s.keys()
    ]
    return sum(slowed_launches) > len(references) / 2


def _device(launches: Sequence[LatencyLaunch]) -> dict[str, Any]:
    """The device over the launches of a point, failed ones too: they warm it as well."""
    return {
        "wait_s": sum(launch.wait_s for launch in launches),
        "temperature_start_C": launches[0].before.temperature_C,
        "temperature_end_C": launches[-1].after.temperature_C,
        "clock_Hz": _known_median([launch.after.clock_Hz for launch in launches]),
        "load": median(launch.before.load for launch in launches),
    }


def _lost(sustained: Sequence[SustainedLaunch]) -> list[str]:
    """Why there is no sustained speed, where it was asked for and failed."""
    if any(launch.ok for launch in sustained):
        return []
    return [f"sustained speed: {launch.status}: {launch.message}" for launch in sustained[-1:]]


def _sustained(sustained: Sequence[SustainedLaunch]) -> dict[str, Any]:
    last = {"sustain_s": sustained[-1].sustain_s} if sustained else {}
    succeeded = [launch for launch in sustained if launch.ok]
    return last | {name: getattr(succeeded[-1], name) for name in ("burst_s", "sustained_s")} if succeeded else last


def _median(timings: Sequence[Timing], name: str) -> float:
    return median(getattr(timing, name) for timing in timings)
