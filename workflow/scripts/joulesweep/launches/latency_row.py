"""From the launches of one point to its row in the latency table."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from joulesweep import interval
from joulesweep.axes import AXES
from joulesweep.launches import selection
from joulesweep.launches.journal import unpack
from joulesweep.launches.reference_baseline import mixture_s
from joulesweep.measure.latency.launch import used_passes
from joulesweep.measure.points import Point

_FEWEST_LAUNCHES = 3
_FOR_P95, _FOR_P99 = 60, 300  # passes, so that at least three lie above
_REFERENCE_OFF = 0.2
_THROTTLED = 0.2  # slower than its level is every part of the reference that a lower clock slows
_NOT_CLOCKED = ("memory",)  # it waits for memory


def launch_s(line: Mapping[str, Any]) -> float:
    """The figure of one launch: its median round, in seconds a pass; on logarithms, as all that is made of it."""
    return float(np.exp(np.median(np.log([one["mean_s"] for one in line["rounds"]]))))


def row(
    point: Point,
    lines: Sequence[Mapping[str, Any]],
    sustained: Sequence[Mapping[str, Any]],
    level: Mapping[str, float],
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """The row of one point: figures where at least three launches are ok, else the commonest failure.

    `lines` are its launches, `sustained` those that lasted for minutes, `level` the seconds of the reference's parts.
    """
    if point.artefact is None:
        return {**point.identity, "status": "unsupported", "message": point.unsupported}
    well = selection.succeeded(lines)
    good = selection.used(lines, settings["launches"])
    failures = Counter((line["status"], line["message"]) for line in lines if line["status"] != "ok")
    (status, message), _ = failures.most_common(1)[0] if failures else (("error", "too few launches"), 0)
    counts = {
        "launches": len(good),
        "launches_failed": len(lines) - len(well),
        "launches_set_aside": len(well) - len(good),
    }
    if len(good) < _FEWEST_LAUNCHES:
        return {**point.identity, **counts, "status": status, "message": message}
    return {
        **point.identity,
        **counts,
        "status": "ok",
        "message": "; ".join([*([message] if failures else []), *_lost(sustained)]),
        **_figures(good, level, settings),
        **_device(lines),
        **_sustained(sustained),
        "measured_at": good[-1]["measured_at"],
    }


def summary(row: Mapping[str, Any]) -> str:
    """A row as one line of the log."""
    axes = " ".join(f"{axis}={row[axis]}" for axis in AXES if row.get(axis) is not None)
    name = f"{row['model']}@{row['runtime']} {axes}"
    if row["status"] != "ok":
        return f"{name}: {row['status']}: {row['message']}"
    low, value, high = (1e3 * row[key] for key in ("raw_ci_low_s", "raw_s", "raw_ci_high_s"))
    return f"{name}: {value:.4g} ms ({low:.4g} to {high:.4g}, {row['launches']} launches) {row['flags']}".rstrip()


def _figures(
    good: Sequence[Mapping[str, Any]], level: Mapping[str, float], settings: Mapping[str, Any]
) -> dict[str, Any]:
    first_stage = settings["launches"]
    raw = interval.of_launches([launch_s(line) for line in good], first_stage)
    passes = np.concatenate([used_passes(line["rounds"], unpack(line["pass_s"])) for line in good])
    references = [_reference(line) for line in good]
    reference_s = float(np.median([mixture_s(reference) for reference in references]))
    level_s = mixture_s(level)
    others = float(np.median([line["others_share"] for line in good]))
    lab = next((line["lab_s"] for line in good if line["lab_s"]), None)
    flags = {
        "few_launches": len(good) < first_stage,
        "not_settled": not all(line["settled"] for line in good),
        "reference_off": level_s is not None and abs(reference_s / level_s - 1) > _REFERENCE_OFF,
        "throttled": _throttled(good, references, level),
        "still_warm": not all(line["cool"] for line in good),
        "busy": any(line["others_share"] > selection.BUSY for line in good),
        "wide": raw.high / raw.value - 1 > settings["target"],
    }
    return {
        "rounds": sum(len(line["rounds"]) for line in good),
        "passes": len(passes),
        "load_s": _median(good, "load_s"),
        "first_s": _median(good, "first_s"),
        "raw_s": raw.value,
        "raw_ci_low_s": raw.low,
        "raw_ci_high_s": raw.high,
        "mean_s": float(passes.mean()),
        "std_s": float(passes.std(ddof=1)),
        "median_s": float(np.median(passes)),
        "min_s": float(passes.min()),
        "max_s": float(passes.max()),
        "p95_s": float(np.percentile(passes, 95)) if len(passes) >= _FOR_P95 else None,
        "p99_s": float(np.percentile(passes, 99)) if len(passes) >= _FOR_P99 else None,
        "lab_mean_s": float(np.mean(lab)) if lab else None,
        "lab_std_s": float(np.std(lab, ddof=1)) if lab else None,
        "reference_s": reference_s,
        "reference_level_s": level_s,
        "reference_share": _median(good, "reference_share"),
        "peak_bytes": int(_median(good, "peak_bytes")),
        "peak_above_load_bytes": int(_median(good, "peak_above_load_bytes")),
        "order": " ".join(str(line["order"]) for line in good),
        "others_share": others,
        "flags": " ".join(name for name, is_so in flags.items() if is_so),
    }


def _reference(line: Mapping[str, Any]) -> dict[str, float]:
    """Seconds of each part of the reference in a launch, the median of its looks."""
    return dict(zip(line["parts"], np.median(line["looks"], axis=0).tolist(), strict=True))


def _throttled(
    good: Sequence[Mapping[str, Any]], references: Sequence[Mapping[str, float]], level: Mapping[str, float]
) -> bool:
    """Whether the device said that it was slowed, or every part that a lower clock slows was, in half the launches.

    A busy neighbour slows the parts unlike each other; a lower clock slows all of them alike.
    """
    said = any(
        line["before"]["throttling"]
        or line["after"]["throttling"]
        or line["before"]["throttle_events"] != line["after"]["throttle_events"]
        for line in good
    )
    slowed = [
        all(seconds > (1 + _THROTTLED) * level[part] for part, seconds in reference.items() if part not in _NOT_CLOCKED)
        for reference in references
        if reference.keys() <= level.keys()
    ]
    return said or sum(slowed) > len(references) / 2


def _device(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The device over the launches of a point, failed ones too: they warm it as well."""
    clocks = [line["after"]["clock_Hz"] for line in lines if line["after"]["clock_Hz"] is not None]
    return {
        "wait_s": sum(line["wait_s"] for line in lines),
        "temperature_start_C": lines[0]["before"]["temperature_C"],
        "temperature_end_C": lines[-1]["after"]["temperature_C"],
        "clock_Hz": float(np.median(clocks)) if clocks else None,
        "load": float(np.median([line["before"]["load"] for line in lines])),
    }


def _lost(sustained: Sequence[Mapping[str, Any]]) -> list[str]:
    """Why there is no sustained speed, where it was asked for and failed."""
    good = any(line["status"] == "ok" for line in sustained)
    return [] if good else [f"sustained speed: {line['status']}: {line['message']}" for line in sustained[-1:]]


def _sustained(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    good = [line for line in lines if line["status"] == "ok"]
    return {name: good[-1][name] for name in ("burst_s", "sustained_s")} if good else {}


def _median(lines: Sequence[Mapping[str, Any]], name: str) -> float:
    return float(np.median([line[name] for line in lines]))
