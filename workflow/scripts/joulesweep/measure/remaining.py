"""What a measuring job still has to do for each model, about how long that takes, and how precise it will be."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from joulesweep.errors import UserError
from joulesweep.launches.journal import Journal
from joulesweep.launches.latency_launch import LatencyLaunch
from joulesweep.measure.energy import job as energy
from joulesweep.measure.latency.expectation import expected_half_widths
from joulesweep.measure.points import Point, points_by_model
from joulesweep.measure.time_shares import job as time_shares

_POINTS: dict[str, Callable[[Mapping[str, Any], Sequence[Path]], dict[str, list[Point]]]] = {
    "latency": points_by_model,
    "energy": energy.points_at,
    "time_shares": time_shares.points_at,
}


def remaining(
    stage: str, job: Mapping[str, Any], manifests: Mapping[str, Path], folder: Path, launch_s: float
) -> dict[str, Any]:
    """What a measuring job still has to measure.

    `models` holds for each model the launches that are missing, of how many, and the seconds that they take.
    Launches of latency beyond the first stage are not counted, since their number follows from the first ones; the time
    that they may take is. `precision` holds the half width to expect of latency, by kind of point, where journals tell.
    `manifests` and the journals in `folder` are those of the models. Before a model's export all its launches are
    missing. `launch_s` is used where a journal does not show how long a launch takes.
    """
    points = {model: _points(stage, job, model, manifests[model]) for model in job["models"]}
    journals = {model: Journal(folder / f"{model}.jsonl") for model in points}
    count = sum(len(of_model["points"]) for of_model in job["models"].values())
    point_s = 60 * job["settings"].get("minutes", 0.0) / max(1, count)
    precision = {}
    if stage == "latency":
        kept = [
            (point.axes["threads"], journals[model].launches(point.key, LatencyLaunch))
            for model, own in points.items()
            for point in own or ()
        ]
        precision = expected_half_widths(kept, job["settings"], point_s)
    models = {
        model: _of_model(job, model, points[model], journals[model], launch_s, point_s) for model in job["models"]
    }
    return {"models": models, "precision": precision}


def _points(stage: str, job: Mapping[str, Any], model: str, manifest: Path) -> list[Point] | None:
    """The points of a model that can be measured; None before its export."""
    part = {**job, "models": {model: job["models"][model]}}
    try:
        return [point for point in _POINTS[stage](part, [manifest])[model] if point.artefact is not None]
    except UserError:
        return None


def _of_model(
    job: Mapping[str, Any],
    model: str,
    points: Sequence[Point] | None,
    journal: Journal,
    launch_s: float,
    point_s: float,
) -> dict[str, Any]:
    launches = job["settings"]["launches"]
    lines = (
        [journal.lines(point.key) for point in points]
        if points is not None
        else [[]] * len(job["models"][model]["points"])
    )
    missing = [max(0, launches - len(of_a_point)) for of_a_point in lines]
    seen = [line["wall_s"] for of_a_point in lines for line in of_a_point if "wall_s" in line]
    first_s = sum(missing) * (statistics.median(seen) if seen else launch_s)
    seconds = max(first_s, point_s * sum(map(bool, missing)))
    return {"launches": launches * len(lines), "missing": sum(missing), "seconds": seconds}
