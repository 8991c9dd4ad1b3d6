"""How well latency repeats from run to run, and how often its intervals tell the truth: Joulesweep beside its peers.

Ways measure the same points in turn, run after run, so that drift hits all alike. For the same measured seconds as Joulesweep:

  lab       the lab sheet's loop: one pass dropped, ten or more timed, their mean; an interval from their spread
  timer     torch.utils.benchmark.Timer.blocked_autorange in one process, its median
  restarts  the same timer in as many fresh processes as Joulesweep has launches, spread over the run; the median
  pyperf    the pyperf way: several processes one after the other, each with a pass that does not count; the mean; an
            interval between the processes

and for the same wall time as Joulesweep spends on the point, since a user pays for wall time:

  timer-wall  the timer in one process

  raw       Joulesweep, uncorrected
  corrected Joulesweep, as it reports

A run is a whole job with servers of its own. The first half of the runs is for tuning, the second half for judging: both are printed.
What is measured is kept in --work, so a run that was stopped goes on, and another correction can be judged from the same
launches: --runs 0 measures nothing. It wants a quiet machine, for about four minutes a run.
"""

import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

import numpy as np  # noqa: E402
from joulesweep import plugins  # noqa: E402
from joulesweep.analysis.statistics import correction  # noqa: E402
from joulesweep.analysis.statistics.correction import Rounds  # noqa: E402
from joulesweep.analysis.statistics.typical_speed import TypicalSpeed, typical_speed  # noqa: E402
from joulesweep.launches.journal import Journal, append_line  # noqa: E402
from joulesweep.launches.latency_launch import LatencyLaunch  # noqa: E402
from joulesweep.launches.reference_baseline import ReferenceBaseline  # noqa: E402
from joulesweep.launches.selection import used  # noqa: E402
from joulesweep.measure.points import Point, points_by_model  # noqa: E402
from joulesweep.measure.processes.server import Server  # noqa: E402
from joulesweep.model import inputs  # noqa: E402
from joulesweep.pipeline import probe  # noqa: E402
from joulesweep.pipeline.configuration import config  # noqa: E402
from joulesweep.pipeline.jobs import Jobs  # noqa: E402
from joulesweep.uncertainty import drift, interval, moderated  # noqa: E402

MODELS = {
    "mobilenet_v3_small": "torchvision:mobilenet_v3_small",
    "resnet18": "torchvision:resnet18",
    "vit_tiny": "python:custom_models/vit_tiny.py:build",
}
RUNTIMES = ("eager", "onnxruntime")
WAYS = ("lab", "timer", "restarts", "pyperf", "timer-wall", "raw", "corrected")
PYPERF_PROCESSES = 5
LAUNCHES = 14
LAB_PASSES = 10
RESAMPLES = 2000
Cell = tuple[str, str, int]


def configuration(work: Path) -> config.Config:
    """Three models, two runtimes, one thread and all cores; no further launches, so that every way has the same seconds."""
    spec = {
        "models": {
            name: {"source": source, "input": {"shape": [3, 224, 224]}, "runtimes": list(RUNTIMES)}
            for name, source in MODELS.items()
        },
        "sweeps": {"threads": [1, os.cpu_count() or 1]},
        "latency": {"launches": LAUNCHES, "minutes": 0},
        "device": "here",
        "meter": "none",
    }
    (work / "config.yaml").write_text(json.dumps(spec))  # JSON is YAML
    return config.load(work / "config.yaml")


def joulesweep_run(jobs: Jobs, work: Path, run: int) -> None:
    """The latency stage, as Snakemake would start it."""
    manifests = [jobs.manifest(model) for model in MODELS]
    command = [sys.executable, SCRIPTS / "latency.py", "--job", json.dumps(jobs.latency())]
    out = work / "runs" / str(run)
    subprocess.run([*command, "--manifests", *manifests, "--out", out], check=True, cwd=ROOT)


def points(jobs: Jobs) -> dict[Cell, Point]:
    """Every point of the configuration."""
    by_model = points_by_model(jobs.latency(), [Path(jobs.manifest(model)) for model in MODELS])
    return {
        (model, point.identity["runtime"], point.identity["threads"]): point
        for model, own in by_model.items()
        for point in own
    }


def launches(work: Path, run: int, cells: Mapping[Cell, Point]) -> dict[Cell, list[LatencyLaunch]]:
    """Joulesweep's launches that are used in one run."""
    journals = {model: Journal(work / "runs" / str(run) / f"{model}.jsonl") for model in MODELS}
    return {cell: used(journals[cell[0]].launches(point.key, LatencyLaunch), LAUNCHES) for cell, point in cells.items()}


def peers_run(work: Path, run: int, cells: Mapping[Cell, Point]) -> None:
    """The other ways at every point, in a random order, in processes of servers that this run starts."""
    of_run = launches(work, run, cells)
    measured = {
        cell: sum(float(launch.timing.used_pass_s.sum()) for launch in own if launch.timing)
        for cell, own in of_run.items()
    }
    wall = {cell: sum(launch.wall_s for launch in own) for cell, own in of_run.items()}
    parts = {"lab": 1, "timer": 1, "timer-wall": 1, "pyperf": 1, "restarts": LAUNCHES}
    todo = [(cell, way) for cell in cells for way, count in parts.items() for _ in range(count)]
    random.Random(run).shuffle(todo)
    servers = {runtime: Server([*preload, "torch.utils.benchmark"]) for runtime, preload in _preloads(cells).items()}
    figures: dict[tuple[Cell, str], list[dict[str, float]]] = {}
    try:
        for cell, way in todo:
            times = PYPERF_PROCESSES if way == "pyperf" else 1
            seconds = (wall if way == "timer-wall" else measured)[cell] / times / parts[way]
            point = cells[cell]
            argument = {"artefact": point.artefact, "runtime": cell[1], "point": point.axes, "seconds": seconds}
            answers = [servers[cell[1]].run(PEERS[way], argument, 120.0) for _ in range(times)]
            if any(answer.status != "ok" for answer in answers):
                raise SystemExit(f"{cell} {way}: {answers}")
            figures.setdefault((cell, way), []).extend(answer.value for answer in answers)
    finally:
        for server in servers.values():
            server.close()
    for (cell, way), found in figures.items():
        seconds = [each["s"] for each in found]
        figure = _mean(seconds) if way == "pyperf" else {**found[0], "s": float(np.median(seconds))}
        append_line(work / "peers.jsonl", {"run": run, "cell": list(cell), "way": way, **figure})


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


PEERS = {"lab": lab, "timer": timer, "timer-wall": timer, "restarts": timer, "pyperf": pyperf}


def _forward(argument: Mapping[str, Any]) -> Any:
    artefact, point = argument["artefact"], argument["point"]
    runtime = plugins.load("runtimes", argument["runtime"])()
    forward = runtime.load(artefact, point["threads"])
    prepared = runtime.prepare(inputs.make(artefact.spec, point))
    return lambda: forward(prepared)


def _mean(values: Sequence[float]) -> dict[str, float]:
    found = moderated.NO_PRIOR.interval(values, 1.0)
    return {"s": found.value, "low": found.low, "high": found.high}


def _preloads(cells: Mapping[Cell, Point]) -> dict[str, list[str]]:
    return {
        runtime: sorted({module for cell, point in cells.items() if cell[1] == runtime for module in point.preload})
        for runtime in RUNTIMES
    }


def measure(work: Path, jobs: Jobs, runs: int) -> None:
    """All runs that `work` lacks; what a stopped run had begun is measured anew."""
    for model in MODELS:
        if not Path(jobs.manifest(model)).exists():
            command = [sys.executable, SCRIPTS / "export.py", "--job", json.dumps(jobs.export(model))]
            subprocess.run([*command, "--manifest", jobs.manifest(model)], check=True, cwd=ROOT)
    cells = points(jobs)
    done = {line["run"] for line in _lines(work / "runs.jsonl")}
    for run in range(runs):
        if run in done:
            continue
        start = time.time()
        joulesweep_run(jobs, work, run)
        middle = time.time()
        peers_run(work, run, cells)
        line = {"run": run, "joulesweep_s": middle - start, "peers_s": time.time() - middle}
        append_line(work / "runs.jsonl", line)
        print(line, flush=True)


def estimates(work: Path, jobs: Jobs) -> dict[Cell, dict[str, np.ndarray]]:
    """For every cell and way: value, lower and upper end (NaN where there is none) of each run, in seconds."""
    cells = points(jobs)
    runs = sorted(line["run"] for line in _lines(work / "runs.jsonl"))
    found = {cell: {way: np.full((len(runs), 3), np.nan) for way in WAYS} for cell in cells}
    for line in _lines(work / "peers.jsonl"):
        if line["run"] in runs:
            row = found[tuple(line["cell"])][line["way"]][runs.index(line["run"])]
            row[:] = [line["s"], line.get("low", math.nan), line.get("high", math.nan)]
    baseline_s = ReferenceBaseline.read(work / "runs" / "reference.json").seconds("cpu")
    made = [launches(work, run, cells) for run in runs]
    for run, of_run in zip(runs, made, strict=True):
        if not all(of_run.values()):
            raise SystemExit(f"{work}: run {run} was made by other code than this; begin anew in another folder")
    typical = {
        several: typical_speed(
            (launch for of_run in made for cell, own in of_run.items() if (cell[2] > 1) == several for launch in own),
            baseline_s,
        )
        for several in (False, True)
    }
    for index, of_run in enumerate(made):
        for cell, (raw, corrected) in _joulesweep(of_run, baseline_s, typical).items():
            for way, one in (("raw", raw), ("corrected", corrected)):
                found[cell][way][index] = [one.value, one.low, one.high]
    return found


def _joulesweep(
    of_run: Mapping[Cell, Sequence[LatencyLaunch]],
    baseline_s: Mapping[str, float],
    typical: Mapping[bool, TypicalSpeed],
) -> dict[Cell, tuple[interval.Interval, interval.Interval]]:
    """The raw and the corrected figure of every cell with their intervals, from the launches of one run, as the merge makes them."""
    times = {cell: [launch.started_s for launch in own] for cell, own in of_run.items()}
    raw = {cell: [launch.seconds for launch in own] for cell, own in of_run.items()}
    adjusted: dict[Cell, correction.Adjusted] = {}
    for alike in {cell[1:] for cell in of_run}:  # runtime and threads
        speed = typical[alike[1] > 1]
        group = {
            cell: [Rounds.of(launch, baseline_s, speed) for launch in own]
            for cell, own in of_run.items()
            if cell[1:] == alike
        }
        adjusted |= correction.adjusted(group)
    found = {}
    for several in (False, True):
        kind = [cell for cell in of_run if (cell[2] > 1) == several]
        drifts = [
            drift.estimate([(times[cell], seconds[cell]) for cell in kind])
            for seconds in (raw, {cell: adjusted[cell].seconds for cell in kind})
        ]
        for cell in kind:
            drifting = drift.interval(times[cell], adjusted[cell].seconds, drifts[1])
            corrected = correction.with_interval(adjusted[cell], drifting)
            found[cell] = drift.interval(times[cell], raw[cell], drifts[0]), corrected.interval
    return found


def ratios(found: Mapping[Cell, Mapping[str, np.ndarray]]) -> dict[Cell, dict[str, np.ndarray]]:
    """The same for the ratio of each model to resnet18; the interval by the square root of the summed squares, on logs."""
    made: dict[Cell, dict[str, np.ndarray]] = {}
    for model, runtime, threads in found:
        if model == "resnet18":
            continue
        made[f"{model} / resnet18", runtime, threads] = {
            way: _ratio(found[model, runtime, threads][way], found["resnet18", runtime, threads][way]) for way in WAYS
        }
    return made


def _ratio(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    logs, others = np.log(one), np.log(other)
    value = logs[:, 0] - others[:, 0]
    low = value - np.hypot(logs[:, 0] - logs[:, 1], others[:, 2] - others[:, 0])
    high = value + np.hypot(logs[:, 2] - logs[:, 0], others[:, 0] - others[:, 1])
    return np.exp(np.stack([value, low, high], axis=1))


def variation(estimate: np.ndarray) -> np.ndarray:
    """Standard deviation of the logarithm over runs, in percent; the last axis but one is that of the runs."""
    return 100 * np.log(estimate[..., 0]).std(axis=-1, ddof=1)


def coverage(estimate: np.ndarray) -> float:
    """How often the interval of a run holds the geometric mean of all runs; NaN where there is none."""
    truth = np.exp(np.log(estimate[:, 0]).mean())
    inside = (estimate[:, 1] <= truth) & (truth <= estimate[:, 2])
    return float(inside.mean()) if np.isfinite(estimate[:, 1]).all() else math.nan


def summary(found: Mapping[Cell, Mapping[str, np.ndarray]]) -> dict[str, Any]:
    """Variation and coverage by cell and way, and variation over that of the timer at equal wall time with its 95 % interval by bootstrap of runs."""
    runs = len(next(iter(found.values()))["raw"])
    draws = np.random.default_rng(0).integers(0, runs, (RESAMPLES, runs))
    over: dict[Cell, np.ndarray] = {}
    cells = []
    for cell, ways in found.items():
        drawn = {way: variation(ways[way][draws]) for way in WAYS}
        line: dict[str, Any] = {"cell": " ".join(map(str, cell))}
        for way in WAYS:
            line[way] = {"variation_percent": float(variation(ways[way])), "coverage": coverage(ways[way])}
            with np.errstate(divide="ignore", invalid="ignore"):  # a draw of one run alone has no variation
                ratio = drawn[way] / drawn["timer-wall"]
            line[way]["over_timer"] = [
                line[way]["variation_percent"] / float(variation(ways["timer-wall"])),
                *_ends(ratio),
            ]
            if way == "corrected":
                over[cell] = ratio
        cells.append(line)
    groups = {}
    for name, threads in (("one thread", 1), ("all cores", os.cpu_count() or 1)):
        chosen = [cell for cell in found if cell[2] == threads]
        if chosen:
            exact = [variation(found[cell]["corrected"]) / variation(found[cell]["timer-wall"]) for cell in chosen]
            drawn_mean = np.exp(np.mean([np.log(over[cell]) for cell in chosen], axis=0))
            groups[name] = [float(np.exp(np.mean(np.log(exact)))), *_ends(drawn_mean)]
    held = [line["corrected"]["coverage"] for line in cells]
    return {
        "runs": runs,
        "cells": cells,
        "over_timer": groups,
        "coverage": float(np.mean(held)),
        "half_width": _half_widths(found),
    }


def _half_widths(found: Mapping[Cell, Mapping[str, np.ndarray]]) -> dict[str, float]:
    """Median relative half width of the corrected interval, for one thread and for several."""
    halves = {
        name: [
            ways["corrected"][:, 2] / ways["corrected"][:, 0] - 1 for cell, ways in found.items() if is_kind(cell[2])
        ]
        for name, is_kind in (("one thread", lambda threads: threads == 1), ("all cores", lambda threads: threads > 1))
    }
    return {name: float(np.median(np.concatenate(each))) for name, each in halves.items() if each}


def _ends(values: np.ndarray) -> list[float]:
    return [float(end) for end in np.percentile(values[np.isfinite(values)], [2.5, 97.5])]


def show(title: str, found: dict[str, Any]) -> None:
    """A summary as a table."""
    print(
        f"\n{title}, {found['runs']} runs: variation from run to run in percent (coverage of the interval in percent)"
    )
    print(f"{'':<44}" + "".join(f"{way:>14}" for way in WAYS) + "   corrected over timer")
    for line in found["cells"]:
        text = "".join(
            f"{line[way]['variation_percent']:7.2f}"
            + (f" ({100 * line[way]['coverage']:3.0f})" if line[way]["coverage"] == line[way]["coverage"] else " " * 6)
            + " "
            for way in WAYS
        )
        ratio, low, high = line["corrected"]["over_timer"]
        print(f"{line['cell']:<44}{text}   {ratio:.2f} [{low:.2f}, {high:.2f}]")
    for name, (ratio, low, high) in found["over_timer"].items():
        print(f"{name}: corrected over timer at equal wall time {ratio:.2f} [{low:.2f}, {high:.2f}] (geometric mean)")
    for name, half in found["half_width"].items():
        print(f"{name}: median half width of the corrected interval {100 * half:.1f} %")
    print(f"coverage of the corrected interval, all cells: {100 * found['coverage']:.1f} %")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        yield from map(json.loads, path.read_text().splitlines())


def main(work: Path, runs: int, file: Path | None) -> None:
    """Measure what is lacking, then print."""
    work.mkdir(parents=True, exist_ok=True)
    os.chdir(ROOT)
    configured = configuration(work)
    jobs = Jobs(configured, SCRIPTS, work, probe.ask(configured, SCRIPTS, work))
    if runs:
        measure(work, jobs, runs)
    found = estimates(work, jobs)
    count = len(next(iter(found.values()))["raw"])
    results = {}
    for half, chosen in (("tuning", slice(0, count // 2)), ("judging", slice(count // 2, count))):
        part = {cell: {way: each[chosen] for way, each in ways.items()} for cell, ways in found.items()}
        for title, cells in (("latency", part), ("ratio of two models", ratios(part))):
            if count - count // 2 > 1 and len(next(iter(cells.values()))["raw"]) > 1:
                results[f"{title}, {half}"] = summary(cells)
                show(f"{title}, {half} half", results[f"{title}, {half}"])
    if file is not None:
        file.write_text(json.dumps(results, indent=1) + "\n")


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--runs", type=int, default=40, help="how often every way measures every point; 0 measures nothing")
parser.add_argument("--quick", action="store_true", help="three runs")
parser.add_argument("--work", type=Path, metavar="FOLDER", help="what is measured is kept here, and gone on with")
parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")

if __name__ == "__main__":
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="joulesweep-repeatability-") as folder:
        main(given.work or Path(folder), 3 if given.quick else given.runs, given.json)
