"""Measure one launch of latency in this process and print what it found: for a debugger or a profiler. No table changes."""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as where launches are measured: see measure/processes/server.py

from joulesweep import cli
from joulesweep.errors import UserError
from joulesweep.measure.latency import launch
from joulesweep.measure.points import points_by_model
from joulesweep.model.manifest import Manifest

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument(
    "--job", type=cli.json_object, required=True, metavar="JSON|@FILE", help="the job of latency: job.py prints it"
)
parser.add_argument("--manifest", type=Path, required=True, metavar="FILE", help="the manifest that the export wrote")
parser.add_argument("--point", type=int, default=0, metavar="N", help="which point of the model, counted from 0 (0)")


def main(arguments: argparse.Namespace) -> None:
    """Print the launch's figures as one line of JSON, with the point that was measured."""
    if not {"models", "reference_digest"} <= set(arguments.job):
        raise UserError("--job: not the job of latency; print it with job.py latency")
    model = Manifest.read(arguments.manifest).model
    if model not in arguments.job["models"]:
        raise UserError(f"--manifest: it is that of {model}, which the job does not hold")
    only = {**arguments.job, "models": {model: arguments.job["models"][model]}}
    points = points_by_model(only, [arguments.manifest])[model]
    if not 0 <= arguments.point < len(points):
        raise UserError(f"--point {arguments.point}: the model has the points 0 to {len(points) - 1}")
    point = points[arguments.point]
    if point.artefact is None:
        raise UserError(f"--point {arguments.point}: {point.unsupported}")
    runtime = point.identity["runtime"]
    found = launch.run({"artefact": point.artefact, "runtime": runtime, "point": point.axes, "lab": True})
    print(json.dumps({"runtime": runtime, **point.axes, **found}))


if __name__ == "__main__":
    cli.run(main, parser)
