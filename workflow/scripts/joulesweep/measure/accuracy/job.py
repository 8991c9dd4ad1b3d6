"""The accuracy of one model in each of its runtimes, on the test part of its labelled data."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from joulesweep import plugins
from joulesweep.launches import columns
from joulesweep.launches.packing import pack
from joulesweep.launches.table_file import write_table
from joulesweep.measure import same_machine
from joulesweep.measure.accuracy import launch
from joulesweep.measure.lock import machine_lock
from joulesweep.measure.points import Point, points_of
from joulesweep.measure.processes.outcomes import Outcome
from joulesweep.measure.processes.server import Server
from joulesweep.model import inputs
from joulesweep.model.manifest import Manifest

log = logging.getLogger("joulesweep")

_TIMEOUT_S = 4 * 3600.0  # for one runtime: 10,000 examples of more than a second each
_LONGEST = 100_000  # characters of a cell: Python's reader of CSV takes 131,072


def evaluate(job: Mapping[str, Any], manifest_path: Path, out: Path) -> None:
    """Write the table of accuracy, one row for each runtime; a runtime that fails gets a row that says why.

    Raises:
        UserError: there is no manifest, or the results are of another machine.
    """
    same_machine.check(out.parent.parent)
    manifest = Manifest.read(manifest_path)
    spec = job["model"]
    base = {**inputs.base_point(manifest.spec), "base": True, "threads": job["threads"]}
    points = points_of({**job, "points": [{**base, "runtime": runtime} for runtime in spec["runtimes"]]}, manifest)
    with machine_lock():
        outcomes = [_outcome(point, spec["data"], spec["metric"]) for point in points]
    answers = [outcome.value.get("answers") for outcome in outcomes]
    compared_with = _baseline(spec["runtimes"])
    expected = dict(zip((point.identity["runtime"] for point in points), answers, strict=True)).get(compared_with)
    rows = [
        _row(point, spec["data"], spec["metric"], outcome) | _agreement(own, expected, compared_with)
        for point, outcome, own in zip(points, outcomes, answers, strict=True)
    ]
    write_table(out, columns.ACCURACY, rows)


def _baseline(runtimes: Sequence[str]) -> str:
    """The runtime with whose answers those of the others are compared: eager, or the first in single precision; empty if there is none."""
    single = [name for name in runtimes if plugins.declared("runtimes", name, "precision") == "float32"]
    return "eager" if "eager" in runtimes else next(iter(single), "")


def _agreement(answers: np.ndarray | None, expected: np.ndarray | None, compared_with: str) -> dict[str, Any]:
    """The share of examples with the same answer; empty where one of the two has none."""
    if answers is None or expected is None:
        return {}
    return {"agreement": float((answers == expected).mean()), "agreement_with": compared_with}


def _row(point: Point, data: Mapping[str, Any], metric_name: str, outcome: Outcome) -> dict[str, Any]:
    metric = plugins.load("metrics", metric_name)()
    row = {name: value for name, value in point.identity.items() if name in columns.ACCURACY.header} | {
        "dataset": data["name"],
        "metric": metric_name,
        "unit": metric.unit,
        "higher_is_better": int(metric.higher_is_better),
    }
    row |= {"status": outcome.status, "message": outcome.message}
    if outcome.status == "ok":
        row |= _figures(metric, outcome.value)
    said = row["message"]
    if row["status"] == "ok":
        said = f"{metric.words} {100 * row['value']:.1f} %" if metric.unit else f"{metric.words} {row['value']:.4g}"
    log.info("evaluate %s@%s: %s", row["model"], row["runtime"], said)
    return row | {"measured_at": datetime.now(timezone.utc).isoformat(timespec="seconds")}


def _figures(metric: Any, found: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that a successful evaluation fills."""
    scores = found["scores"]
    estimate = metric.estimate(scores)
    if np.isnan(estimate.value):
        why = f"{metric.words} is undefined on these {len(scores)} examples: all outputs or all labels are equal, or there are no words"
        return {"status": "error", "message": why}
    packed = pack(scores.astype(np.float32))
    return {
        "value": estimate.value,
        "ci_low": estimate.low,
        "ci_high": estimate.high,
        "examples": len(scores),
        "per_example": packed if len(packed) <= _LONGEST else "",
        **{name: value for name, value in found.items() if name not in ("scores", "answers")},
    }


def _outcome(point: Point, data: Mapping[str, Any], metric: str) -> Outcome:
    if point.artefact is None:
        return Outcome("unsupported", point.unsupported)
    argument = {
        "artefact": point.artefact,
        "runtime": point.identity["runtime"],
        "threads": point.identity["threads"],
        "data": data,
        "metric": metric,
    }
    with Server(point.preload) as server:
        outcome = server.run(launch.run, argument, _TIMEOUT_S)
    if outcome.status == "timeout":
        return Outcome(
            outcome.status, f"{outcome.message}; take fewer, as in data: {{set: {data['set']}, examples: 1000}}"
        )
    return outcome
