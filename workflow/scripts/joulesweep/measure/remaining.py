"""How many launches a job still has to measure, and about how long that takes, by what its journal holds."""

import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from joulesweep.errors import UserError
from joulesweep.launches.journal import Journal
from joulesweep.measure.energy import job as energy
from joulesweep.measure.points import Point, points_of
from joulesweep.model.manifest import Manifest

_LAUNCH_S = 1.1  # of a small model on a laptop, where no journal says better

_POINTS: dict[str, Callable[[Mapping[str, Any], Manifest], list[Point]]] = {
    "latency": points_of,
    "energy": energy.points_at,
}


def remaining(
    stage: str, job: Mapping[str, Any], manifest: Path, journal: Path, launch_s: float = _LAUNCH_S
) -> dict[str, Any]:
    """Launches of a `latency` or `energy` job that are missing, of how many, and the seconds that they take.

    Further launches, which a point's spread may ask for later, are not among them. Before the export all are missing.
    `launch_s` is used where the journal does not show how long a launch takes.
    """
    launches = job["settings"]["launches"]
    try:
        points = _POINTS[stage](job, Manifest.read(manifest))
    except UserError:
        wanted = missing = launches * len(job["points"])
        return {"launches": wanted, "missing": missing, "seconds": missing * launch_s}
    kept = Journal(journal)
    lines = [kept.lines(point.key) for point in points if point.artefact is not None]
    missing = sum(max(0, launches - len(of_a_point)) for of_a_point in lines)
    seen = [line["wall_s"] for of_a_point in lines for line in of_a_point if "wall_s" in line]
    each = statistics.median(seen) if seen else launch_s
    return {"launches": launches * len(lines), "missing": missing, "seconds": missing * each}
