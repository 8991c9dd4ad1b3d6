"""Whether latency is what it says: the reference and the passes leave each other alone, and known work is found again.

  level     the reference's level right after passes of every runtime, over its level after idling: within 3 %
  passes    a pass in a process with the reference over one in a process without, in pairs: within 1 %; on several
            threads also with the distance of the cores over without
  servers   the spread between fork servers beside the spread between the launches of one
  known     work of a set processor time, through the whole latency stage: inside its interval, or within 0.2 %, since the
            clock that ends it is read a few microseconds late, and interrupts are in nobody's processor time
  memory    what a process of onnxruntime holds and imports

With --json FILE the figures are written there too; --quick takes fewer looks and pairs.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
MODELS = {"mobilenet_v3_small": "torchvision:mobilenet_v3_small", "resnet18": "torchvision:resnet18"}
RUNTIMES = ("eager", "onnxruntime")
THREADS = sorted({1, os.cpu_count() or 1})
KNOWN_MS = (2, 5, 20)
KNOWN = '''"""A stand-in for a runtime: a pass takes a set time of the processor."""

import time

from joulesweep.runtimes import onnxruntime


class Runtime(onnxruntime.Runtime):
    """Burns processor time."""

    format = "onnx"
    device = "cpu"
    libraries = ("onnxruntime",)
    preload = ("onnxruntime",)

    def load(self, artefact, threads):
        def forward(_):
            end = time.thread_time_ns() + {nanoseconds}
            while time.thread_time_ns() < end:
                pass

        return forward
'''


def warm(argument: Mapping[str, Any]) -> Callable[[], float]:
    """A model's pass, loaded and warm, which returns its seconds."""
    from joulesweep.measure.latency.launch import warm_up
    from joulesweep.measure.processes.prepare import prepare_pass

    one_pass = prepare_pass(argument).one_pass
    warm_up(one_pass)
    return one_pass


def levels(argument: Mapping[str, Any]) -> dict[str, Any]:
    """Looks at the reference after a round of each model and after idling as long, in turns, in one process."""
    from joulesweep.measure.latency.reference import Reference

    blocks: dict[str, Callable[[], float] | None] = {name: warm(one) for name, one in argument["models"].items()}
    blocks["idle"] = None
    reference = Reference()
    looks: dict[str, list[float]] = {name: [] for name in blocks}
    for _ in range(argument["looks"]):
        for name in random.sample(list(blocks), len(blocks)):
            block, end = blocks[name], time.perf_counter() + 0.05
            while time.perf_counter() < end:
                if block is None:
                    time.sleep(0.005)
                else:
                    block()
            looks[name].append(float(np.log(reference.sample()).mean()))
    return looks


def passes(argument: Mapping[str, Any]) -> dict[str, Any]:
    """A launch's figure, in seconds, with samples of the reference, or only with rests of the same length.

    `cores`: the distance of the cores is asked for too.
    """
    from joulesweep.measure.latency import launch
    from joulesweep.measure.latency.core_distance import CoreDistance
    from joulesweep.measure.latency.reference import Reference
    from joulesweep.measure.latency.rest import rest

    def only_rest() -> list[float]:
        rest()
        return [1.0]

    distance = CoreDistance() if argument["cores"] else None
    one_pass = warm(argument)
    look = Reference().sample if argument["reference"] else only_rest
    found = launch.rounds(one_pass, look, distance.sample if distance else list)
    if distance:
        distance.close()
    return {
        "s": float(np.median([one["mean_s"] for one in found["rounds"]])),
        "reference": float(np.median(np.log(found["samples"]).mean(axis=1))),
    }


def imported(argument: Mapping[str, Any]) -> dict[str, Any]:
    """What a process of a runtime holds after a pass, and whether torch is in it."""
    import psutil

    warm(argument)()
    return {"bytes": psutil.Process().memory_info().rss, "torch": "torch" in sys.modules}


class Bench:
    """Exported models, and servers to run them in."""

    def __init__(self, folder: Path, scripts: Path) -> None:
        from joulesweep.pipeline import probe
        from joulesweep.pipeline.configuration import config
        from joulesweep.pipeline.jobs import Jobs

        models = {
            name: {"source": source, "input": {"shape": [3, 224, 224]}, "runtimes": list(RUNTIMES)}
            for name, source in MODELS.items()
        }
        (folder / "config.yaml").write_text(json.dumps({"models": models, "meter": "none", "device": "validation"}))
        configured = config.load(folder / "config.yaml")
        self.jobs = Jobs(configured, scripts, folder, probe.ask(configured, scripts, folder))
        for model in MODELS:
            command = [sys.executable, scripts / "export.py", "--job", json.dumps(self.jobs.export(model))]
            subprocess.run([*command, "--manifest", self.jobs.manifest(model)], check=True, cwd=ROOT)

    def argument(self, model: str, runtime: str, threads: int, **more: Any) -> dict[str, Any]:
        """What a launch is given."""
        from joulesweep import plugins
        from joulesweep.model.manifest import Manifest

        point = {"batch": 1, "size": 224, "sequence": None, "threads": threads}
        manifest = Manifest.read(Path(self.jobs.manifest(model)))
        artefact = manifest.artefact(plugins.declared("runtimes", runtime, "format"), point)
        return {"artefact": artefact, "runtime": runtime, "point": point, **more}

    def server(self, *runtimes: str) -> Any:
        """A server that imports what these runtimes need, and torchvision for eager."""
        from joulesweep import plugins
        from joulesweep.measure.processes.server import Server

        modules = [module for name in runtimes for module in plugins.declared("runtimes", name, "preload")]
        return Server([*modules, *(["torchvision"] if "eager" in runtimes else [])])


def run(server: Any, function: Callable[[Any], dict[str, Any]], argument: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a function in a process of its own."""
    outcome = server.run(function, argument, 300.0)
    if outcome.status != "ok":
        raise SystemExit(f"{outcome.status}: {outcome.message}")
    return outcome.value


def check_levels(bench: Bench, looks: int) -> list[dict[str, Any]]:
    """The level after each model and runtime over that after idling."""
    models = {
        f"{model} {runtime}, {threads} threads": bench.argument(model, runtime, threads)
        for model in MODELS
        for runtime in RUNTIMES
        for threads in THREADS
    }
    found = []
    for name, argument in models.items():  # one at a time: a process has one number of threads
        with bench.server(argument["runtime"]) as server:
            logs = run(server, levels, {"models": {name: argument}, "looks": looks})
        differences = np.subtract(logs[name], logs["idle"])
        found.append(_ratio(f"level after {name}", differences, 0.03))
    return found


def check_passes(bench: Bench, pairs: int) -> list[dict[str, Any]]:
    """Passes beside the reference over passes without one, and with the distance of the cores over without."""
    found = []
    for runtime in RUNTIMES:
        with bench.server(runtime) as server:
            for model in MODELS:
                for threads in THREADS:
                    for what in ("reference", *(["cores"] if threads > 1 and sys.platform == "linux" else [])):
                        logs = []
                        for _ in range(pairs):
                            seconds = {}
                            for asked in random.sample([True, False], 2):
                                more = {"reference": True, "cores": False} | {what: asked}
                                argument = bench.argument(model, runtime, threads, **more)
                                seconds[asked] = run(server, passes, argument)["s"]
                            logs.append(np.log(seconds[True] / seconds[False]))
                        found.append(_ratio(f"{what}: passes of {model} {runtime}, {threads} threads", logs, 0.01))
    return found


def check_servers(bench: Bench, servers: int, launches: int) -> list[dict[str, Any]]:
    """Standard deviation between servers and between the launches of one, both on the logarithm, in percent.

    The launches of all servers are made in turn, so that drift falls upon all alike; `p` is that of an analysis of
    variance: how often servers that do not differ would differ as much.
    """
    from scipy import stats

    found = []
    for runtime in RUNTIMES:
        running = [bench.server(runtime) for _ in range(servers)]
        for model in MODELS:
            argument = bench.argument(model, runtime, 1, reference=True)
            logs = np.array(
                [[np.log(run(server, passes, argument)["s"]) for server in running] for _ in range(launches)]
            )
            within = float(np.sqrt(logs.var(axis=0, ddof=1).mean()))
            between = float(np.sqrt(max(0.0, logs.mean(axis=0).var(ddof=1) - within**2 / launches)))
            p = float(stats.f_oneway(*logs.T).pvalue)
            line = {"what": f"servers, {model} {runtime}", "between_percent": 100 * between, "p": p}
            found.append({**line, "within_percent": 100 * within, "as_it_must_be": p > 0.01 or between <= within})
        for server in running:
            server.close()
    return found


def check_known(bench: Bench, folder: Path, scripts: Path) -> list[dict[str, Any]]:
    """Work of a set time, measured by the latency stage as any model is."""
    found = []
    for milliseconds in KNOWN_MS:
        plugin = scripts / "joulesweep" / "runtimes" / "known.py"
        plugin.write_text(KNOWN.replace("{nanoseconds}", str(milliseconds * 1_000_000)))
        job = bench.jobs.latency()
        of_model = job["models"]["resnet18"]
        of_model["points"] = [{**of_model["points"][0], "runtime": "known", "threads": 1}]
        of_model["code_digest"], of_model["versions"] = {"known": str(milliseconds)}, {"known": {}}
        job["models"] = {"resnet18": of_model}
        out = folder / "known" / str(milliseconds)
        command = [sys.executable, scripts / "latency.py", "--job", json.dumps(job), "--out", out]
        subprocess.run([*command, "--manifests", bench.jobs.manifest("resnet18")], check=True, cwd=ROOT)
        header, row = (line.split(",") for line in (out / "resnet18.csv").read_text().splitlines())
        low, value, high = (
            float(dict(zip(header, row, strict=True))[f"raw_{name}s"]) for name in ("ci_low_", "", "ci_high_")
        )
        known = 1e-3 * milliseconds
        inside = low <= known <= high or abs(value / known - 1) < 0.002
        found.append(
            {"what": f"known work of {milliseconds} ms", "s": value, "low": low, "high": high, "as_it_must_be": inside}
        )
    return found


def check_memory(bench: Bench) -> list[dict[str, Any]]:
    """What a process of onnxruntime holds."""
    with bench.server("onnxruntime") as server:
        held = run(server, imported, bench.argument("mobilenet_v3_small", "onnxruntime", 1))
    return [{"what": "memory of mobilenet_v3_small onnxruntime", **held, "as_it_must_be": not held["torch"]}]


def _ratio(what: str, logs: Sequence[float] | np.ndarray, limit: float) -> dict[str, Any]:
    """The median of paired ratios with its 95 % interval (bootstrap); as it must be within the limit."""
    draws = np.random.default_rng(0).choice(np.asarray(logs), (2000, len(logs)))
    low, high = np.exp(np.percentile(np.median(draws, axis=1), [2.5, 97.5]))
    ratio = float(np.exp(np.median(logs)))
    fine = abs(ratio - 1) <= limit
    return {"what": what, "ratio": ratio, "low": float(low), "high": float(high), "as_it_must_be": fine}


def main(quick: bool, file: Path | None) -> int:
    """Run all, print, and return how many results are not as they must be."""
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory(prefix="joulesweep-validation-") as name:
        folder = Path(name)
        scripts = folder / "workflow" / "scripts"
        shutil.copytree(ROOT / "workflow", folder / "workflow", ignore=shutil.ignore_patterns("__pycache__"))
        sys.path.insert(0, str(scripts))
        bench = Bench(folder, scripts)
        results = [
            *check_levels(bench, 40 if quick else 200),
            *check_passes(bench, 10 if quick else 60),
            *check_servers(bench, 4 if quick else 8, 4 if quick else 10),
            *check_known(bench, folder, scripts),
            *check_memory(bench),
        ]
    for result in results:
        figures = ", ".join(
            f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
            for key, value in result.items()
            if key not in ("what", "as_it_must_be")
        )
        print(f"{result['what']:<52} {figures}  {'as it must be' if result['as_it_must_be'] else 'NOT AS IT MUST BE'}")
    if file is not None:
        file.write_text(json.dumps(results, indent=1) + "\n")
    return sum(not result["as_it_must_be"] for result in results)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--quick", action="store_true", help="fewer looks and pairs")
parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")

if __name__ == "__main__":
    given = parser.parse_args()
    sys.exit(bool(main(given.quick, given.json)))
