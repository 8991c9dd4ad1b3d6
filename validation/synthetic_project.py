"""A project with results that nobody measured, as large as is asked for: `scale.py` and the tests analyse it.

It is a copy of the workflow with a configuration, and with what its devices would hold: manifests, counts and layers of every
model; and on each device a description, a baseline of the reference, journals of latency with raw passes, and the tables of
latency, energy, time shares and accuracy. The project's own classes check, derive and write all of it, so the merge takes
every row. The models' files and the journals that no analysis reads are left out, so nothing more can be measured in it.

The first device is a virtual machine whose cores move. On the last one the largest batch of the largest models fails. The
same seed makes the same results.
"""

import contextlib
import json
import math
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import yaml

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from joulesweep import plugins  # noqa: E402
from joulesweep.launches import columns, energy_row, latency_row  # noqa: E402
from joulesweep.launches.energy_launch import EnergyLaunch  # noqa: E402
from joulesweep.launches.journal import Journal  # noqa: E402
from joulesweep.launches.latency_launch import LatencyLaunch  # noqa: E402
from joulesweep.launches.packing import pack  # noqa: E402
from joulesweep.launches.reference_baseline import MIXTURE, ReferenceBaseline  # noqa: E402
from joulesweep.launches.table_file import write_table  # noqa: E402
from joulesweep.launches.time_shares import rows as time_share_rows  # noqa: E402
from joulesweep.measure.points import Point, points_by_model, points_of  # noqa: E402
from joulesweep.model.manifest import OUTPUTS, Entry, Manifest  # noqa: E402
from joulesweep.pipeline import probe  # noqa: E402
from joulesweep.pipeline.configuration import config  # noqa: E402
from joulesweep.pipeline.jobs import Jobs  # noqa: E402
from joulesweep.schema import SCHEMA  # noqa: E402

from tests.workflow_copy import PARTS  # noqa: E402
from validation import synthetic_launches as launches  # noqa: E402
from validation.synthetic_launches import NATIVE, NOW, RUNTIMES, Device, Model  # noqa: E402

DEVICE = "device-0"  # the one that the configuration names
_MOST_BATCHES = 6  # values of the batch beside the base point; further points vary the size
_THREADS = 2
_EXAMPLES = 500
_FAILING = 0.1  # of the models, the largest ones, on the device with little memory


@dataclass(frozen=True)
class Size:
    """How many models, runtimes of each, devices, points of each variant, and launches of each point."""

    models: int = 100
    runtimes: int = 3
    devices: int = 10
    points: int = 10
    launches: int = 8

    def __post_init__(self) -> None:
        fewest = {"models": 2, "runtimes": 1, "devices": 1, "points": 1, "launches": latency_row.FEWEST_LAUNCHES}
        if any(getattr(self, name) < number for name, number in fewest.items()):
            raise ValueError(f"{self}: expected at least {fewest}")
        if self.runtimes > len(RUNTIMES):
            raise ValueError(f"{self}: expected at most {len(RUNTIMES)} runtimes")

    @property
    def rows(self) -> int:
        """Rows of latency on all devices."""
        return self.models * self.runtimes * self.devices * self.points

    @property
    def sweeps(self) -> dict[str, list[int]]:
        """Values of the axes, those of the base point first."""
        batches = min(_MOST_BATCHES, self.points // 2)
        sizes = self.points - 1 - batches
        return {
            "batch": [2**power for power in range(batches + 1)],
            "size": [NATIVE + 4 * step for step in range(sizes + 1)],
        }


def make(folder: Path, size: Size, seed: int = 0) -> None:
    """Write the project into a folder that is not there, or is empty."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part)
        else:
            shutil.copy(ROOT / part, folder / part)
    (folder / "config.yaml").write_text(yaml.safe_dump(configuration(size), sort_keys=False), encoding="utf-8")
    # Nothing here is worth waiting for the disk.
    with contextlib.chdir(folder), mock.patch("os.fsync", _not_at_all):
        scripts, configured = Path("workflow", "scripts").resolve(), config.load(Path("config.yaml"))
        jobs = Jobs(configured, scripts, Path("results"), probe.ask(configured, scripts, Path("results")))
        random = np.random.default_rng(seed)
        models = _models(size, random)
        for model in models:
            _write_manifest(jobs, model)
            _write_counts(jobs, model)
        for device in _devices(size, random):
            _write_device(jobs, models, device, size, random)


def _not_at_all(_: int) -> None:
    """In place of a wait for the disk."""


def configuration(size: Size) -> dict[str, Any]:
    """The configuration: every model has every runtime, sweeps of batch and size, and labelled data."""
    model = {
        "source": "python:custom_models/digits.py:cnn",
        "input": {"shape": [1, NATIVE, NATIVE]},
        "runtimes": list(RUNTIMES)[: size.runtimes],
        "data": "digits",
        "why": "a synthetic model, of which nothing was measured",
    }
    names = _names(size)
    return {
        "title": "Synthetic results",
        "device": DEVICE,
        "models": {name: dict(model) for name in names},
        "sweeps": size.sweeps,
        "hypotheses": [
            {"metric": "latency", "of": names[0], "less_than": names[-1], "because": "it has fewer FLOPs"},
            {"metric": "latency", "tracks": "params", "because": "more weights have to be read"},
            {"metric": "latency", "grows": "linearly", "with": "batch", "because": "every example costs the same work"},
            {"metric": "energy", "tracks": "latency", "because": "power is about the same for every model"},
        ],
        "choose": {"max_latency_ms": 50, "min_accuracy": 80},
        "threads": _THREADS,
        "meter": "cpu-time",  # by name, so that every machine plans the same
        "meters": {"cpu-time": {"watts_per_core": 5}},
        "latency": {"launches": size.launches},
        "energy": {"points": "all", "launches": launches.WINDOWS},
    }


def _names(size: Size) -> list[str]:
    return [f"model_{place:0{len(str(size.models))}d}" for place in range(size.models)]


def _models(size: Size, random: np.random.Generator) -> list[Model]:
    """Models from a million multiply-adds to some billions; the larger ones are right more often."""
    models = []
    for name, power in zip(_names(size), np.linspace(6, 9.6, size.models), strict=True):
        macs = int(10 ** float(power + random.normal(0, 0.1)))
        params = int(macs / 10 ** float(random.uniform(1.2, 2.2)))
        models.append(Model(name, params, macs, float(random.uniform(0.6, 0.7) + 0.08 * (power - 6))))
    return models


def _devices(size: Size, random: np.random.Generator) -> Iterator[Device]:
    for place in range(size.devices):
        yield Device(
            name=f"device-{place}",
            slower=1.4**place,
            watts=float(random.uniform(4, 15)),
            phases=random.uniform(0, 2 * math.pi, 3).tolist(),
            cores_move=place == 0,
            has_little_memory=0 < place == size.devices - 1,
        )


def _write_manifest(jobs: Jobs, model: Model) -> None:
    """What the export would have written, apart from the files that the manifest names."""
    job, path = jobs.export(model.name), jobs.manifest(model.name)
    entries = {
        form: [
            Entry(
                form,
                {"batch": 1} if form == OUTPUTS else {},
                f"a-{model.name}-{form}",
                4 * model.params,
                4 * model.params,
            )
        ]
        for form in job["formats"]
    }
    Manifest(
        model=model.name,
        spec_digest=job["spec_digest"],
        model_digest=f"m-{model.name}",
        input_digest="i-digits",
        spec=job["model"],
        folder=path.parent,
        artefacts=entries,
        versions=job["versions"],
        code=job["formats"],
        exported_at=NOW,
    ).write(path)


def _write_counts(jobs: Jobs, model: Model) -> None:
    """The counts at every point in every runtime, and those of the layers."""
    job, manifest = jobs.count(model.name), Manifest.read(jobs.manifest(model.name))
    rows = []
    for runtime in job["model"]["runtimes"]:
        form = plugins.declared("runtimes", runtime, "format")
        identity = {
            "model": model.name,
            "runtime": runtime,
            "status": "ok",
            "measured_at": NOW,
            **columns.provenance(
                model_digest=manifest.model_digest,
                artefact_digest=manifest.artefact(form, {"batch": 1}).digest,
                input_digest=manifest.input_digest,
                code_digest=job["code_digest"],
                versions=job["versions"],
            ),
        }
        weight_bytes = model.params * (1 if "int8" in form else 4)
        for point in job["points"]:
            axes = {name: point.get(name) for name in ("batch", "size", "base")}
            rows.append({**identity, **axes, **_counted(model, point), "weight_bytes": weight_bytes})
    folder = jobs.results / "models" / model.name
    write_table(folder / "counts.csv", columns.COUNTS, rows)
    write_table(folder / "layers.csv", columns.LAYERS, _layers(model))


def _counted(model: Model, point: Mapping[str, Any]) -> dict[str, Any]:
    macs = int(model.macs * point["batch"] * (point["size"] / NATIVE) ** 2)
    weights, activations = 4 * model.params, macs // 20
    return {
        **dict.fromkeys(("params", "params_every_use", "params_by_storage", "params_trainable"), model.params),
        "params_unregistered": 0,
        "buffers": model.params // 1000,
        "file_bytes": weights + 4096,
        "macs": macs,
        "flops": 2 * macs,
        "weight_moved_bytes": weights,
        "activation_moved_bytes": activations,
        "flops_per_byte": 2 * macs / (weights + activations),
        "macs_ptflops": int(1.006 * macs),
        "macs_ptflops_aten": macs,
        "bytes_by_type": f"float32={weights}",
        "macs_by_operator": f"addmm={macs // 10} convolution={macs - macs // 10}",
        "uncounted_operators": "relu=13",
        "notes": "formula: no transformer whose dimensions it knows",
    }


def _layers(model: Model) -> list[dict[str, Any]]:
    parts = model.parts
    whole, head = sum(macs for *_, macs in parts), parts[-1][-1]
    rows = [
        {"module": "(model)", "type": "Net", "operator": operator, "macs": macs}
        for operator, macs in (("(all)", whole), ("addmm", head), ("convolution", whole - head), ("relu", 0))
    ]
    rows += [
        {"module": name, "type": class_, "operator": operator, "macs": macs}
        for name, class_, _, macs in parts
        for operator in ("(all)", class_.lower())
    ]
    return [{"model": model.name, "calls": 1, "flops": 2 * row["macs"], **row} for row in rows]


def _write_device(jobs: Jobs, models: Sequence[Model], device: Device, size: Size, random: np.random.Generator) -> None:
    folder = jobs.results / "devices" / device.name
    folder.mkdir(parents=True)
    latency_job, manifests = jobs.latency(), [jobs.manifest(model.name) for model in models]
    latency, energy, shares = (
        points_by_model({**job, "device": device.name}, manifests)
        for job in (latency_job, jobs.energy(), jobs.time_shares())
    )
    baseline = ReferenceBaseline().with_sample("cpu", MIXTURE, launches.REFERENCE_S)
    (folder / "reference.json").write_text(baseline.to_json(latency_job["reference_digest"]), encoding="utf-8")
    (folder / "device.json").write_text(json.dumps(_description(device), indent=1) + "\n", encoding="utf-8")
    timed: list[tuple[Point, list[LatencyLaunch]]] = []
    metered: list[tuple[Point, list[EnergyLaunch]]] = []
    for place, model in enumerate(models):
        is_large = device.has_little_memory and place >= len(models) - max(1, round(_FAILING * len(models)))
        failed = [is_large and point.axes["batch"] == max(size.sweeps["batch"]) for point in latency[model.name]]
        own = launches.latency(model, place, device, latency[model.name], failed, size.launches, random)
        timed += zip(latency[model.name], own, strict=True)
        _write_journal(folder / "latency" / f"{model.name}.jsonl", latency[model.name], own)
        windows = launches.energy(model, device, energy[model.name], failed, random)
        metered += zip(energy[model.name], windows, strict=True)
        _write_time_shares(folder / "time_shares" / f"{model.name}.csv", shares[model.name], model, device, random)
        _write_accuracy(folder / "accuracy" / f"{model.name}.csv", jobs, model, device, random)
    drifts = latency_row.drifts((point.axes["threads"], own) for point, own in timed)
    kinds = [latency_row.kind(point.axes["threads"], own) for point, own in timed]
    spread = energy_row.spread(windows for _, windows in metered)
    tables = {
        columns.LATENCY: [
            latency_row.row(point.identity, own, [], baseline.seconds("cpu"), drifts[kind])
            for (point, own), kind in zip(timed, kinds, strict=True)
        ],
        columns.ENERGY: [energy_row.row({**point.identity, "meter": "rapl"}, own, spread) for point, own in metered],
    }
    for table, rows in tables.items():
        for model in models:
            own_rows = [row for row in rows if row["model"] == model.name]
            write_table(folder / table.name / f"{model.name}.csv", table, own_rows)


def _description(device: Device) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "device": device.name,
        "machine_id": f"synthetic-{device.name}",
        "machine": "Synthetic board",
        "cpu": "Synthetic CPU",
        "architecture": "x86_64",
        "cores_physical": _THREADS,
        "cores_logical": 2 * _THREADS,
        "memory_bytes": (2 if device.has_little_memory else 8) << 30,
        "os": "Debian GNU/Linux 12 (bookworm)",
        "kernel": "Linux 6.1",
        "python": "3.11.7",
        "libraries": "numpy=2.4.6",
        "governor": "performance",
        "meter": "rapl: counts joules",
        "described_at": NOW,
        "one_thread_flops_per_s": 400e9 / device.slower,
        "one_thread_bytes_per_s": 40e9 / device.slower,
        "all_cores_flops_per_s": 800e9 / device.slower,
        "all_cores_bytes_per_s": 50e9 / device.slower,
    }


def _write_journal(path: Path, points: Sequence[Point], made: Sequence[Sequence[LatencyLaunch]]) -> None:
    """The journal of a model, its lines in the order in which the launches were made."""
    journal = Journal(path)
    lines = [(launch, point.key) for point, own in zip(points, made, strict=True) for launch in own]
    for launch, key in sorted(lines, key=lambda line: line[0].order):
        journal.append(key, launch.to_line())


def _write_time_shares(
    path: Path, points: Sequence[Point], model: Model, device: Device, random: np.random.Generator
) -> None:
    rows = []
    for point in points:
        identity = {name: value for name, value in point.identity.items() if name in columns.TIME_SHARES.header}
        if profiler := plugins.declared("runtimes", str(identity["runtime"]), "profiler"):
            made = launches.time_shares(model, device.seconds(model, point.identity), random)
            rows += time_share_rows.rows(identity, plugins.declared("profilers", profiler, "splits_by"), made)
        else:
            rows.append({**identity, "status": "unsupported", "message": time_share_rows.NO_PROFILER})
    write_table(path, columns.TIME_SHARES, rows)


def _write_accuracy(path: Path, jobs: Jobs, model: Model, device: Device, random: np.random.Generator) -> None:
    """Every runtime gives the answers of the first one, apart from one in a hundred."""
    job, manifest = jobs.evaluate(model.name), Manifest.read(jobs.manifest(model.name))
    metric = plugins.load("metrics", job["model"]["metric"])()
    base = {"batch": 1, "size": NATIVE, "base": 1, "threads": _THREADS}
    runtimes = job["model"]["runtimes"]
    points = points_of(
        {**job, "device": device.name, "points": [{**base, "runtime": runtime} for runtime in runtimes]}, manifest
    )
    answers = random.random(_EXAMPLES) < model.right
    rows = []
    for point in points:
        right = answers ^ ((random.random(_EXAMPLES) < 0.01) & (point is not points[0]))
        scores = right.astype(np.float32)[:, None]
        estimate, seconds = metric.estimate(scores), device.seconds(model, point.identity)
        identity = {name: value for name, value in point.identity.items() if name in columns.ACCURACY.header}
        rows.append(
            {
                **identity,
                "status": "ok",
                "dataset": job["model"]["data"]["name"],
                "metric": job["model"]["metric"],
                "unit": metric.unit,
                "higher_is_better": int(metric.higher_is_better),
                "value": estimate.value,
                "ci_low": estimate.low,
                "ci_high": estimate.high,
                "examples": _EXAMPLES,
                "agreement": float((right == answers).mean()),
                "agreement_with": runtimes[0],
                "preprocessing": "values from 0 to 1",
                "data_digest": "d-digits",
                "end_to_end_s": 1.2 * seconds,
                "real_s": 1.01 * seconds,
                "synthetic_s": seconds,
                "real_ratio": 1.01,
                "real_ratio_low": 0.99,
                "real_ratio_high": 1.03,
                "per_example": pack(scores),
                "measured_at": NOW,
            }
        )
    write_table(path, columns.ACCURACY, rows)
