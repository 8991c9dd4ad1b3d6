"""What the protocol costs: the wall time of everything over the time inside measured passes, beside a plain script.

The same points are measured for the same seconds by Joulesweep, from an empty folder to the report, and by a script that
loads one model after the other in one process, does a pass that does not count, and then passes. Exporting and counting are
told apart, since they are done once. With --json FILE the figures are written there too; --quick takes one model.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

import numpy as np  # noqa: E402
from joulesweep.launches.packing import unpack  # noqa: E402

from tests.workflow_copy import Copy  # noqa: E402

DEVICE = f"overhead-{os.getpid()}"
MODELS = {
    "mobilenet_v3_small": "torchvision:mobilenet_v3_small",
    "resnet18": "torchvision:resnet18",
    "vit_tiny": "python:custom_models/vit_tiny.py:build",
}
RUNTIMES = ("eager", "onnxruntime")
BATCHES = (1, 2, 4)

PLAIN = """
import json, sys, time
from pathlib import Path
sys.path.insert(0, "workflow/scripts")
from joulesweep.model import inputs
from joulesweep import plugins
from joulesweep.model.manifest import Manifest
for model, runtime, batch, seconds in json.loads(sys.argv[1]):
    manifest = Manifest.read(next(Path("results/models", model).glob("manifest-*.json")))
    point = {"batch": batch, "size": 224, "sequence": None}
    one = plugins.load("runtimes", runtime)()
    artefact = manifest.artefact(one.format, point)
    forward, given = one.load(artefact, int(sys.argv[2])), one.prepare(inputs.make(artefact.spec, point))
    forward(given)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        forward(given)
"""


def launches(copy: Copy) -> list[tuple[str, dict[str, Any]]]:
    """Every launch, with its model."""
    return [(model, json.loads(line)) for model in copy.config["models"] for line in copy.journal("latency", model)]


def main(quick: bool, file: Path | None) -> None:
    """Run both, and print."""
    names = ["resnet18"] if quick else list(MODELS)
    models = {
        name: {"source": MODELS[name], "input": {"shape": [3, 224, 224]}, "runtimes": list(RUNTIMES)} for name in names
    }
    config = {"device": DEVICE, "models": models, "sweeps": {"batch": list(BATCHES)}, "meter": "none"}
    with tempfile.TemporaryDirectory(prefix="joulesweep-overhead-") as folder:
        copy = Copy(Path(folder) / "joulesweep", config)
        start = time.perf_counter()
        copy.run("--cores", "1", "--", *(f"results/models/{model}/counts.csv" for model in models))
        once_s = time.perf_counter() - start
        start = time.perf_counter()
        copy.run("--cores", "1", "all")
        all_s = time.perf_counter() - start
        done = launches(copy)
        seconds: dict[tuple[str, str, int], float] = {}
        for model, line in done:
            key = (model, line["key"]["runtime"], line["key"]["batch"])
            seconds[key] = seconds.get(key, 0.0) + float(unpack(line["timing"]["pass_s"]).sum())
        measured_s = sum(seconds.values())
        todo = [[*key, value] for key, value in seconds.items()]
        threads = done[0][1]["key"]["threads"]
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", PLAIN, json.dumps(todo), str(threads)], cwd=copy.folder, check=True)
        plain_s = time.perf_counter() - start
    result = {
        "points": len(seconds),
        "launches": len(done),
        "measured_s": measured_s,
        "latency_stage_and_report_over_measured": all_s / measured_s,
        "with_export_and_counting_over_measured": (once_s + all_s) / measured_s,
        "in_launches_over_measured": sum(line["wall_s"] for _, line in done) / measured_s,
        "plain_script_over_measured": plain_s / measured_s,
        "reference_share": float(np.mean([line["timing"]["reference_share"] for _, line in done])),
    }
    for name, value in result.items():
        print(f"{name:<42} {value:.3g}")
    if file is not None:
        file.write_text(json.dumps(result, indent=1) + "\n")


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--quick", action="store_true", help="one model")
parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")

if __name__ == "__main__":
    given = parser.parse_args()
    main(given.quick, given.json)
