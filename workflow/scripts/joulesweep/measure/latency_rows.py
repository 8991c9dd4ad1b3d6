"""From the launches of one point to its row in the latency table."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from joulesweep import interval
from joulesweep.measure.journal import unpack
from joulesweep.measure.launch import used_passes
from joulesweep.measure.points import Point
from joulesweep.measure.reference import geometric_mean

_FEWEST_LAUNCHES = 3
_FOR_P95, _FOR_P99 = 60, 300  # passes, so that at least three lie above
_REFERENCE_OFF = 0.2


def launch_s(line: Mapping[str, Any]) -> float:
    """The figure of one launch: its median round, in seconds a pass."""
    return float(np.median([one["mean_s"] for one in line["rounds"]]))


def row(
    point: Point, lines: Sequence[Mapping[str, Any]], level_s: float | None, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """The row of one point: figures where at least three launches are ok, else the commonest failure."""
    if point.artefact is None:
        return {**point.identity, "status": "unsupported", "message": point.unsupported}
    good = [line for line in lines if line["status"] == "ok"]
    failures = Counter((line["status"], line["message"]) for line in lines if line["status"] != "ok")
    (status, message), _ = failures.most_common(1)[0] if failures else (("error", "too few launches"), 0)
    counts = {"launches": len(good), "launches_failed": len(lines) - len(good)}
    if len(good) < _FEWEST_LAUNCHES:
        return {**point.identity, **counts, "status": status, "message": message}
    return {
        **point.identity,
        **counts,
        "status": "ok",
        "message": message if failures else "",
        **_figures(good, level_s, settings),
        "measured_at": good[-1]["measured_at"],
    }


def summary(row: Mapping[str, Any]) -> str:
    """A row as one line of the log."""
    axes = " ".join(f"{axis}={row[axis]}" for axis in ("batch", "size", "sequence", "threads") if row[axis] is not None)
    name = f"{row['model']}@{row['runtime']} {axes}"
    if row["status"] != "ok":
        return f"{name}: {row['status']}: {row['message']}"
    low, value, high = (1e3 * row[key] for key in ("raw_ci_low_s", "raw_s", "raw_ci_high_s"))
    return f"{name}: {value:.4g} ms ({low:.4g} to {high:.4g}, {row['launches']} launches) {row['flags']}".rstrip()


def _figures(good: Sequence[Mapping[str, Any]], level_s: float | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    first_stage = settings["launches"]
    raw = interval.of_launches([launch_s(line) for line in good], first_stage)
    passes = np.concatenate([used_passes(line["rounds"], unpack(line["pass_s"])) for line in good])
    reference_s = float(np.median([np.median([geometric_mean(look) for look in line["looks"]]) for line in good]))
    lab = next((line["lab_s"] for line in good if line["lab_s"]), None)
    flags = {
        "few_launches": len(good) < first_stage,
        "not_settled": not all(line["settled"] for line in good),
        "reference_off": level_s is not None and abs(reference_s / level_s - 1) > _REFERENCE_OFF,
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
        "flags": " ".join(name for name, is_so in flags.items() if is_so),
    }


def _median(lines: Sequence[Mapping[str, Any]], name: str) -> float:
    return float(np.median([line[name] for line in lines]))
