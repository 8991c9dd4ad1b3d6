"""How well latency repeats from run to run, and how often its intervals tell the truth: Joulesweep beside its peers.

Five ways measure the same points in turn, run after run, so that drift hits all alike, each for the same measured seconds:

  lab       the lab sheet's loop: one pass dropped, ten or more timed, their mean; an interval from their spread
  timer     torch.utils.benchmark.Timer.blocked_autorange, its median
  pyperf    the pyperf way: several processes one after the other, each with a pass that does not count; the mean; an
            interval between the processes
  raw       Joulesweep, uncorrected
  corrected Joulesweep, as it reports

A run is a whole job with servers of its own. What is measured is kept in --work, so a run that was stopped goes on, and
another correction can be judged from the same launches: --analyse measures nothing. Two threads' worth of cores or more, a
quiet machine, and about two minutes a run.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

from joulesweep import config, inputs, interval, plugins  # noqa: E402
from joulesweep.artefacts import Manifest  # noqa: E402
from joulesweep.journal import Journal, append_line, unpack  # noqa: E402
from joulesweep.measure.points import Point, points_of  # noqa: E402
from joulesweep.measure.server import Server  # noqa: E402
from joulesweep.stages import Stages  # noqa: E402

MODELS = {
    "mobilenet_v3_small": "torchvision:mobilenet_v3_small",
    "resnet18": "torchvision:resnet18",
    "vit_tiny": "python:custom_models/vit_tiny.py:build",
}
CNNS = ("mobilenet_v3_small", "resnet18")
RUNTIMES = ("eager", "onnxruntime")
WAYS = ("lab", "timer", "pyperf", "raw", "corrected")
PYPERF_PROCESSES = 5
LAB_PASSES = 10
RESAMPLES = 2000
Cell = tuple[str, str, int]


def configuration(work: Path) -> config.Config:
    """Three models, two runtimes, one thread and all cores; a first stage alone, so that every way has the same seconds."""
    spec = {
        "models": {
            name: {"source": source, "input": {"shape": [3, 224, 224]}, "runtimes": list(RUNTIMES)}
            for name, source in MODELS.items()
        },
        "sweeps": {"threads": [1, os.cpu_count() or 1]},
        "latency": {"budget_s": 0},
        "device": "here",
        "meter": "none",
    }
    (work / "config.yaml").write_text(json.dumps(spec))  # JSON is YAML
    return config.load(work / "config.yaml")


def joulesweep_run(stages: Stages, work: Path, run: int) -> None:
    """The latency stage of every model, as Snakemake would start it."""
    models = list(MODELS)
    random.Random(run).shuffle(models)
    for model in models:
        job = json.loads(stages.latency(model))
        job["settings"]["seed"] = run
        out = work / "runs" / str(run) / f"{model}.csv"
        command = [sys.executable, SCRIPTS / "latency.py", "--job", json.dumps(job)]
        subprocess.run([*command, "--manifest", stages.manifest(model), "--out", out], check=True, cwd=ROOT)


def points(stages: Stages) -> dict[Cell, Point]:
    """Every point of the configuration."""
    return {
        (model, point.identity["runtime"], point.identity["threads"]): point
        for model in MODELS
        for point in points_of(json.loads(stages.latency(model)), Manifest.read(Path(stages.manifest(model))))
    }


def launches(work: Path, run: int, cells: Mapping[Cell, Point]) -> dict[Cell, list[dict[str, Any]]]:
    """The lines of Joulesweep's launches in one run."""
    journals = {model: Journal(work / "runs" / str(run) / f"{model}.jsonl") for model in MODELS}
    return {
        cell: [line for line in journals[cell[0]].lines(point.key) if line["status"] == "ok"]
        for cell, point in cells.items()
    }


def peers_run(work: Path, run: int, cells: Mapping[Cell, Point]) -> None:
    """The three other ways at every point, in a random order, in processes of servers that this run starts."""
    measured = {
        cell: sum(float(unpack(line["pass_s"]).sum()) for line in lines)
        for cell, lines in launches(work, run, cells).items()
    }
    todo = [(cell, way) for cell in cells for way in ("lab", "timer", "pyperf")]
    random.Random(run).shuffle(todo)
    servers = {runtime: Server([*preload, "torch.utils.benchmark"]) for runtime, preload in _preloads(cells).items()}
    try:
        for cell, way in todo:
            point = cells[cell]
            times = PYPERF_PROCESSES if way == "pyperf" else 1
            argument = {
                "artefact": point.artefact,
                "runtime": cell[1],
                "point": point.axes,
                "seconds": measured[cell] / times,
            }
            answers = [servers[cell[1]].run(PEERS[way], argument, 120.0) for _ in range(times)]
            if any(answer.status != "ok" for answer in answers):
                raise SystemExit(f"{cell} {way}: {answers}")
            figures = [answer.value["s"] for answer in answers]
            line = {"run": run, "cell": list(cell), "way": way, "seconds": measured[cell]}
            if way == "pyperf":
                line |= _mean(figures)
            else:
                line |= {"s": figures[0], **{key: answers[0].value[key] for key in ("low", "high") if way == "lab"}}
            append_line(work / "peers.jsonl", line)
    finally:
        for server in servers.values():
            server.close()


def lab(argument: Mapping[str, Any]) -> dict[str, float]:
    """The lab sheet's loop."""
    forward = _forward(argument)
    forward()
    times: list[float] = []
    end = time.perf_counter() + argument["seconds"]
    while len(times) < LAB_PASSES or time.perf_counter() < end:
        start = time.perf_counter()
        forward()
        times.append(time.perf_counter() - start)
    return _mean(times)


def timer(argument: Mapping[str, Any]) -> dict[str, float]:
    """PyTorch's own benchmark timer."""
    from torch.utils import benchmark

    forward = _forward(argument)
    one = benchmark.Timer("forward()", globals={"forward": forward}, num_threads=argument["point"]["threads"])
    return {"s": one.blocked_autorange(min_run_time=argument["seconds"]).median}


def pyperf(argument: Mapping[str, Any]) -> dict[str, float]:
    """One of pyperf's processes: a pass that does not count, then the mean of the others."""
    forward = _forward(argument)
    forward()
    passes, start = 0, time.perf_counter()
    while passes == 0 or time.perf_counter() < start + argument["seconds"]:
        forward()
        passes += 1
    return {"s": (time.perf_counter() - start) / passes}


PEERS = {"lab": lab, "timer": timer, "pyperf": pyperf}


def _forward(argument: Mapping[str, Any]) -> Any:
    artefact, point = argument["artefact"], argument["point"]
    runtime = plugins.load("runtimes", argument["runtime"]).Runtime()
    forward = runtime.load(artefact, point["threads"])
    prepared = runtime.prepare(inputs.make(artefact.spec, point))
    return lambda: forward(prepared)


def _mean(values: Sequence[float]) -> dict[str, float]:
    found = interval.of_values(values, len(values))
    return {"s": found.value, "low": found.low, "high": found.high}


def _preloads(cells: Mapping[Cell, Point]) -> dict[str, list[str]]:
    return {
        runtime: sorted({module for cell, point in cells.items() if cell[1] == runtime for module in point.preload})
        for runtime in RUNTIMES
    }


def measure(work: Path, stages: Stages, runs: int) -> None:
    """All runs that `work` lacks; what a stopped run had begun is measured anew."""
    for model in MODELS:
        if not Path(stages.manifest(model)).exists():
            command = [sys.executable, SCRIPTS / "export.py", "--job", stages.export(model)]
            subprocess.run([*command, "--manifest", stages.manifest(model)], check=True, cwd=ROOT)
    cells = points(stages)
    done = {line["run"] for line in _lines(work / "runs.jsonl")}
    for run in range(runs):
        if run in done:
            continue
        start = time.time()
        joulesweep_run(stages, work, run)
        middle = time.time()
        peers_run(work, run, cells)
        line = {"run": run, "joulesweep_s": middle - start, "peers_s": time.time() - middle}
        append_line(work / "runs.jsonl", line)
        print(line, flush=True)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        yield from map(json.loads, path.read_text().splitlines())


def main(work: Path, runs: int) -> None:
    """Measure, then print."""
    work.mkdir(parents=True, exist_ok=True)
    os.chdir(ROOT)
    stages = Stages(configuration(work), SCRIPTS, work)
    measure(work, stages, runs)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--runs", type=int, default=40, help="how often every way measures every point")
parser.add_argument("--work", type=Path, metavar="FOLDER", help="what is measured is kept here, and gone on with")

if __name__ == "__main__":
    given = parser.parse_args()
    main(given.work, given.runs)
