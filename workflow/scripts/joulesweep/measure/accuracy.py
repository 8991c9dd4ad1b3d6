"""The accuracy of one model in each of its runtimes, on the test part of its labelled data.

`evaluate` runs in the job, `correct` in a forked child for each runtime.
"""

import logging
import math
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from statistics import NormalDist
from typing import Any

from joulesweep import plugins
from joulesweep.errors import Unsupported
from joulesweep.launches import columns
from joulesweep.launches.table_file import write_table
from joulesweep.measure.lock import machine_lock
from joulesweep.measure.points import Point, points_of
from joulesweep.measure.processes.outcomes import Outcome
from joulesweep.measure.processes.server import Server
from joulesweep.model import inputs
from joulesweep.model.manifest import Artefact, Manifest
from joulesweep.model.outputs import check_finite

log = logging.getLogger("joulesweep")

_BATCH = 50
_TIMEOUT_S = 1800.0  # for one runtime: a pass of 3 s for each of 500 examples, and reserve
_Z_975 = NormalDist().inv_cdf(0.975)


def evaluate(job: Mapping[str, Any], manifest_path: Path, out: Path) -> None:
    """Write the table of accuracy, one row for each runtime; a runtime that fails gets a row that says why.

    Raises:
        UserError: there is no manifest.
    """
    manifest = Manifest.read(manifest_path)
    spec = job["model"]
    base = {**inputs.base_point(manifest.spec), "base": True, "threads": job["threads"]}
    points = points_of({**job, "points": [{**base, "runtime": runtime} for runtime in spec["runtimes"]]}, manifest)
    with machine_lock():
        rows = [_row(point, spec["data"]) for point in points]
    write_table(out, columns.ACCURACY, rows)


def _row(point: Point, data: str) -> dict[str, Any]:
    identity = {name: value for name, value in point.identity.items() if name in columns.ACCURACY.header}
    row = {**identity, "dataset": data, "metric": "top-1 accuracy"}
    outcome = _outcome(point, data)
    row |= {"status": outcome.status, "message": outcome.message}
    if outcome.status == "ok":
        right, examples = outcome.value["correct"], outcome.value["examples"]
        low, high = wilson(right, examples)
        row |= {"value": right / examples, "ci_low": low, "ci_high": high, "examples": examples}
    name = f"{row['model']}@{row['runtime']}"
    log.info("evaluate %s: %s", name, f"{100 * row['value']:.1f} %" if outcome.status == "ok" else row["message"])
    return row | {"measured_at": datetime.now(timezone.utc).isoformat(timespec="seconds")}


def _outcome(point: Point, data: str) -> Outcome:
    if point.artefact is None:
        return Outcome("unsupported", point.unsupported)
    argument = {
        "artefact": point.artefact,
        "runtime": point.identity["runtime"],
        "threads": point.identity["threads"],
        "data": data,
    }
    with Server(point.preload) as server:
        return server.run(correct, argument, _TIMEOUT_S)


def correct(argument: Mapping[str, Any]) -> dict[str, int]:
    """How many of how many test examples have their label's output as the largest one: `correct`, `examples`.

    The argument holds `artefact`, `runtime`, `threads`, and the name of the `data`.

    Raises:
        Unsupported: the model takes no such examples.
        UserError: an output is not finite, or a library that the data need is missing.
    """
    artefact: Artefact = argument["artefact"]
    examples = plugins.load("datasets", argument["data"])().load()
    takes = {
        name: list(shape[1:]) for name, shape in inputs.shapes(artefact.spec, inputs.base_point(artefact.spec)).items()
    }
    example_shape = list(examples.test_inputs.shape[1:])
    if list(takes.values()) != [example_shape]:
        raise Unsupported(f"the model takes inputs of shape {takes}, the examples have {example_shape}")
    (input_name,) = takes
    runtime = plugins.load("runtimes", argument["runtime"])()
    forward = runtime.load(artefact, argument["threads"])
    labels = examples.test_labels
    step = _BATCH if "batch" in inputs.dimensions(artefact.spec["inputs"][0]) else 1
    right = 0
    for start in range(0, len(labels), step):
        batch = examples.test_inputs[start : start + step]
        outputs = runtime.arrays(forward(runtime.prepare({input_name: batch})))
        check_finite(outputs)
        right += int((outputs[0].argmax(axis=1) == labels[start : start + step]).sum())
    return {"correct": right, "examples": len(labels)}


def wilson(right: int, examples: int) -> tuple[float, float]:
    """Ends of the 95 % interval of a share (Wilson, Probable Inference, 1927), which stays within 0 and 1."""
    share, z2 = right / examples, _Z_975**2
    centre = (share + z2 / (2 * examples)) / (1 + z2 / examples)
    half = _Z_975 / (1 + z2 / examples) * math.sqrt(share * (1 - share) / examples + z2 / (4 * examples**2))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))  # rounding aside, these hold
