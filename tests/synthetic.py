"""Made-up result trees for the tests of the analysis; nothing here was measured."""

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from joulesweep import plugins, products
from joulesweep.axes import AXES
from joulesweep.figures.base import file_name
from joulesweep.launches import columns
from joulesweep.launches.journal import Journal
from joulesweep.launches.latency_launch import LatencyLaunch, Round, SustainedLaunch, Timing
from joulesweep.launches.launch import DeviceState
from joulesweep.launches.packing import pack
from joulesweep.launches.reference_baseline import MIXTURE, ReferenceBaseline
from joulesweep.launches.table_file import write_table
from joulesweep.merged.load import load
from joulesweep.schema import SCHEMA
from joulesweep.uncertainty import drift

# Model: native size, parameters, multiply-adds at native size, latency of eager at batch 1 in seconds, accuracy.
MODELS: dict[str, tuple[int, int, float, float, float | None]] = {
    "mobilenet_v3_small": (224, 2_542_856, 56.5e6, 9.1e-3, None),
    "squeezenet1_1": (224, 1_235_496, 349e6, 11.8e-3, None),
    "shufflenet_v2_x1_0": (224, 2_278_604, 145e6, 14.9e-3, None),
    "resnet18": (224, 11_689_512, 1814e6, 33.2e-3, None),
    "vit_tiny": (224, 5_717_416, 1258e6, 52.7e-3, None),
    "digits_mlp": (8, 9_034, 8.9e3, 0.031e-3, 0.942),
    "digits_cnn": (8, 19_466, 0.32e6, 0.118e-3, 0.983),
}
_SPEED = {"eager": 1.0, "onnxruntime": 0.52, "onnxruntime-int8": 0.31}
_INT8 = ("resnet18", "mobilenet_v3_small", "digits_cnn")


def runtimes(model: str) -> list[str]:
    """Runtimes of a model; some have int8."""
    return ["eager", "onnxruntime", *(["onnxruntime-int8"] if model in _INT8 else [])]


def job(device: str = "laptop", models: Any = MODELS, **more: Any) -> dict[str, Any]:
    """An analysis job for these models."""
    specs = {
        name: {
            "name": name,
            "source": f"torchvision:{name}",
            "inputs": [{"name": "input", "shape": [3, "size", "size"], "dtype": "float32", "low": 0, "high": 1}],
            "axes": {"size": MODELS[name][0]},
            "weights": "random",
            "runtimes": runtimes(name),
            "data": {"set": "digits", "name": "digits", "settings": {}, "content": {}, "examples": None}
            if MODELS[name][4]
            else None,
            "metric": "top-1" if MODELS[name][4] else None,
            "why": "a made-up model for the tests",
            "sweeps": {"batch": [1, 2, 4, 8], "size": [128, 224]},
            "threads": "physical",
            "content": {},
        }
        for name in models
    }
    return {
        "device": device,
        "devices": [device],
        "models": specs,
        "axes": ["batch", "size"],
        "hypotheses": [],
        "choose": {},
        "title": "Made-up inference",
        "config_digest": "0123456789abcdef",
        **more,
    }


def points(model: str) -> list[dict[str, Any]]:
    """The base point, a batch sweep, and a size sweep for models whose native size is 224."""
    native = MODELS[model][0]
    found = [{"batch": batch, "size": native, "sequence": None} for batch in (1, 2, 4, 8)]
    return found + ([{"batch": 1, "size": 128, "sequence": None}] if native == 224 else [])


def provenance(model: str) -> dict[str, str]:
    """Columns that say where a row comes from."""
    return {
        "model_digest": f"m-{model}",
        "artefact_digest": f"a-{model}",
        "input_digest": f"i-{model}",
        "code_digest": "c0de",
        "versions": "numpy=2.4.6 torch=2.14.1",
        "measured_at": "2026-11-20T10:00:00+00:00",
    }


def latency_row(
    device: str, model: str, runtime: str, seconds: float, half: float = 0.02, **more: Any
) -> dict[str, Any]:
    """A latency row that is ok, at the base point if `more` says nothing else; its interval is ± `half`, relative."""
    row = {
        "device": device, "model": model, "runtime": runtime, "batch": 1, "size": MODELS.get(model, (224,))[0], "threads": 2,
        "status": "ok", "launches": 5, "launches_failed": 0, "rounds": 60, "passes": 600, "load_s": 0.2, "first_s": seconds * 3,
        "raw_s": seconds, "raw_ci_low_s": seconds / (1 + half), "raw_ci_high_s": seconds * (1 + half), "mean_s": seconds * 1.04,
        "std_s": seconds * 0.1, "median_s": seconds, "min_s": seconds * 0.9, "max_s": seconds * 2.1, "p95_s": seconds * 1.2,
        "lab_mean_s": seconds * 1.06, "lab_std_s": seconds * 0.05, "reference_s": 1.5e-3, "reference_baseline_s": 1.5e-3,
        "reference_share": 0.05, "peak_bytes": int(3e8 + seconds * 1e9), "peak_above_load_bytes": 4_000_000, "flags": "",
        "ran_on": "torch on cpu, float32", "max_error": 1e-6, "tolerance": 1e-3, "agrees": "yes",
        **provenance(model),
    }  # fmt: skip
    return _with_base({**row, **more})


def energy_row(device: str, model: str, runtime: str, joules: float, half: float = 0.04, **more: Any) -> dict[str, Any]:
    """An energy row that is ok and measured, at the base point if `more` says nothing else."""
    row = {
        "device": device, "model": model, "runtime": runtime, "batch": 1, "size": MODELS.get(model, (224,))[0], "threads": 2,
        "status": "ok", "meter": "rapl", "kind": "measured", "rails": "package", "windows": 3, "samples": 3000, "passes": 900,
        "interval_s": 0.001, "power_W": 14.2, "idle_W": 5.1, "idle_std_W": 0.2, "energy_J": joules,
        "ci_low_J": joules / (1 + half), "ci_high_J": joules * (1 + half), "net_energy_J": joules * 0.64,
        "net_ci_low_J": joules * 0.6, "net_ci_high_J": joules * 0.68, "ran_on": "torch on cpu, float32", "flags": "", **provenance(model),
    }  # fmt: skip
    return _with_base({**row, **more})


# What accuracy is measured on and by.
TOP_1 = {"dataset": "digits", "metric": "top-1", "unit": "%", "higher_is_better": 1}


def base_point(model: str, runtime: str, seconds: float, accuracy: float = math.nan, **more: Any) -> dict[str, Any]:
    """A row of the table of base points, with intervals of ± 2 %, and for accuracy of ± one percentage point."""
    row = {
        "device": "laptop", "model": model, "runtime": runtime, "latency": seconds, "energy": math.nan, "kind": math.nan,
        "accuracy": accuracy, "accuracy_low": accuracy - 0.01, "accuracy_high": accuracy + 0.01,
        **(dict.fromkeys(TOP_1, math.nan) if math.isnan(accuracy) else TOP_1), "memory": 300e6, "weights": 1e6, **more,
    }  # fmt: skip
    ends = {
        f"{metric}_{end}": row[metric] * factor
        for metric in ("latency", "energy")
        for end, factor in (("low", 1 / 1.02), ("high", 1.02))
    }
    return ends | row


def _with_base(row: dict[str, Any]) -> dict[str, Any]:
    """The row, marked as the base point or not as the configuration of these models does."""
    native = MODELS.get(row["model"], (224,))[0]
    is_base = row["batch"] == 1 and row.get("size") in (None, native) and row.get("threads", 2) == 2
    return {"base": int(is_base), **row}


# A device that was seen for ten minutes and shows no drift.
STEADY = drift.estimate([([0.0, 600.0], [1.0, 1.0])])


def state(**changes: Any) -> DeviceState:
    """A device that nothing slows."""
    calm: dict[str, Any] = {"clock_Hz": 1e9, "temperature_C": 50.0, "load": 0.5, "busy_s": 0.0}
    return DeviceState(**{**calm, "throttling": None, "throttle_events": None, **changes})


def launch(
    seconds: float = 0.01, slower: Mapping[str, float] | None = None, rounds: int = 5, **changes: Any
) -> LatencyLaunch:
    """A launch of rounds with two passes, one of them used; parts of the reference so many times slower than 1 ms.

    `changes` are fields of the launch or of its timing; without figures unless the status is ok.
    """
    sample = tuple(1e-3 * (slower or {}).get(part, 1.0) for part in MIXTURE)
    timing: dict[str, Any] = {
        "load_s": 0.1, "first_s": 0.02, "settled": True, "peak_bytes": 100, "peak_above_load_bytes": 10, "lab_s": (),
        "parts": MIXTURE, "samples": (sample,) * (rounds + 1), "rounds": (Round(2, 1, seconds),) * rounds,
        "pass_s": pack(np.full(2 * rounds, seconds, np.float32)), "reference_share": 0.1, "core_s": (),
    }  # fmt: skip
    line: dict[str, Any] = {
        "status": "ok", "message": "", "measured_at": "2026-01-01T00:00:00+00:00", "limits": {}, "started_s": 0.0, "wall_s": 1.0,
        "wait_s": 0.5, "cool": True, "before": state(), "after": state(temperature_C=55.0), "others_share": 0.02, "order": 0,
        "reference": "cpu", "first_stage": 3, "target": 0.5,
    }  # fmt: skip
    timing |= {name: value for name, value in changes.items() if name in timing}
    line |= {name: value for name, value in changes.items() if name in line}
    return LatencyLaunch(**line, timing=Timing(**timing) if line["status"] == "ok" else None)


SLOWDOWNS = (1.0, 1.5, 1.1, 1.3, 1.2)


def journal(
    results: Path, table: str, rows: Sequence[Mapping[str, Any]], slowdowns: Sequence[float] = SLOWDOWNS
) -> None:
    """The journal beside a table of latency, and the device's level: launches that a device so many times slower made."""
    written = Journal((results / table).with_suffix(".jsonl"))
    scale = math.exp(-sum(map(math.log, slowdowns)) / len(slowdowns))
    for row in rows:
        key = columns.launch_key(defaultdict(str, dict.fromkeys(AXES) | row))
        for place, slowdown in enumerate(slowdowns):
            slower = dict.fromkeys(MIXTURE, scale * slowdown)
            begun = {"first_stage": len(slowdowns), "started_s": 60.0 * place}
            written.append(key, launch(row["raw_s"] * scale * slowdown, slower, **begun).to_line())
    baseline = ReferenceBaseline().with_sample("cpu", MIXTURE, [1e-3] * len(MIXTURE))
    (results / Path(table).parents[1] / "reference.json").write_text(baseline.to_json("r"))


def sustained(
    status: str, message: str = "", burst_s: float | None = None, sustained_s: float | None = None
) -> SustainedLaunch:
    timed = {
        name: getattr(launch(), name)
        for name in ("started_s", "wall_s", "wait_s", "cool", "before", "after", "others_share")
    }
    return SustainedLaunch(
        status=status,
        message=message,
        measured_at="",
        limits={},
        **timed,
        sustain_s=60.0,
        burst_s=burst_s,
        sustained_s=sustained_s,
        blocks=(),
    )


def tree(
    results: Path, devices: tuple[str, ...] = ("laptop",), models: Any = MODELS, kind: str = "measured", seed: int = 1
) -> Path:
    """Write a whole results tree with one failed variant, and return its path."""
    random = np.random.default_rng(seed)
    for model in models:
        _counts(results, model)
    for place, device in enumerate(devices):
        slower = 3.1**place
        for model in models:
            _device_rows(results, device, model, slower, kind, random)
        description = {
            "schema": SCHEMA, "device": device, "machine": "Made-up board", "cpu": "Made-up CPU @ 2 GHz",
            "architecture": "x86_64", "cores_physical": 2, "cores_logical": 4, "memory_bytes": 8 << 30, "os": "Debian 12",
            "kernel": "Linux 6.1", "python": "3.11.7", "libraries": "torch=2.14.1 onnxruntime=1.32.0", "governor": "performance",
            "one_thread_flops_per_s": 200e9, "one_thread_bytes_per_s": 40e9, "all_cores_flops_per_s": 400e9, "all_cores_bytes_per_s": 50e9,
            "meter": "rapl: counts joules" if kind == "measured" else "cpu-time: no better meter works here",
            "described_at": "2026-11-20T09:00:00+00:00",
        }  # fmt: skip
        (results / "devices" / device / "device.json").write_text(json.dumps(description), encoding="utf-8")
    return results


def _counts(results: Path, model: str) -> None:
    native, params, macs, _, _ = MODELS[model]
    rows = [
        {
            "model": model, "runtime": runtime, **point, "base": int(point == points(model)[0]), "status": "ok", "params": params,
            "params_every_use": params + (4096 if model == "vit_tiny" else 0), "params_by_storage": params,
            "params_trainable": params, "weight_bytes": params * (1 if "int8" in runtime else 4),
            "macs": int(macs * point["batch"] * (point["size"] / native) ** 2),
            "flops": int(2 * macs * point["batch"] * (point["size"] / native) ** 2), "flops_per_byte": 5.0, **provenance(model),
        }
        for runtime in runtimes(model)
        for point in points(model)
    ]  # fmt: skip
    write_table(results / "models" / model / "counts.csv", columns.COUNTS, rows)
    shares = {"(all)": 1.0, "convolution": 0.62, "depthwise_convolution": 0.08, "addmm": 0.3, "relu": 0.0}
    layers = [
        {
            "model": model,
            "module": "(model)",
            "operator": operator,
            "macs": int(macs * share),
            "flops": int(2 * macs * share),
        }
        for operator, share in shares.items()
    ]
    write_table(results / "models" / model / "layers.csv", columns.LAYERS, layers)


def _device_rows(results: Path, device: str, model: str, slower: float, kind: str, random: np.random.Generator) -> None:
    native, _, _, base, accuracy = MODELS[model]
    latency, energy = [], []
    for runtime in runtimes(model):
        for point in points(model):
            work = point["batch"] ** 0.93 * ((point["size"] or 1) / native) ** 1.8
            seconds = base * slower * _SPEED[runtime] * work * float(random.lognormal(0, 0.02))
            half = float(random.uniform(0.004, 0.07))
            latency.append(latency_row(device, model, runtime, seconds, half, **point))
            joules = seconds * 14.2 * float(random.lognormal(0, 0 if kind == "modelled" else 0.08))
            meter = {"meter": "cpu-time", "kind": "modelled", "rails": "CPU time"} if kind == "modelled" else {}
            energy.append(energy_row(device, model, runtime, joules, **point, **meter))
    if model == "resnet18":
        latency[-1] = failed(latency[-1], "oom", "the kernel killed the process: out of memory")
        energy[-1] = failed(energy[-1], "crashed", "signal 11")
        latency[0] |= {
            "flags": "wide not_settled",
            "raw_ci_low_s": latency[0]["raw_s"] / 1.3,
            "raw_ci_high_s": latency[0]["raw_s"] * 1.3,
        }
    if model == "vit_tiny":
        latency = [
            failed(row, "timeout", "300 s passed") if row["runtime"] == "onnxruntime" else row for row in latency
        ]
    folder = results / "devices" / device
    write_table(folder / "latency" / f"{model}.csv", columns.LATENCY, latency)
    write_table(folder / "energy" / f"{model}.csv", columns.ENERGY, energy)
    profiled = [row for runtime in runtimes(model) for row in time_share_rows(device, model, runtime)]
    write_table(folder / "time_shares" / f"{model}.csv", columns.TIME_SHARES, profiled)
    if accuracy is not None:
        rows = [accuracy_row(device, model, runtime, accuracy, latency[0]["raw_s"]) for runtime in runtimes(model)]
        write_table(folder / "accuracy" / f"{model}.csv", columns.ACCURACY, rows)


def accuracy_row(
    device: str, model: str, runtime: str, value: float, seconds: float = 0.001, **more: Any
) -> dict[str, Any]:
    """A row of accuracy that is ok: top-1 on 450 digits, of which nothing was kept per example, if `more` says nothing else."""
    return {
        "device": device, "model": model, "runtime": runtime, "status": "ok", "dataset": "digits", "metric": "top-1", "unit": "%",
        "higher_is_better": 1, "value": value, "ci_low": value - 0.02, "ci_high": value + 0.01, "examples": 450,
        "preprocessing": "values from 0 to 1", "data_digest": "d161", "end_to_end_s": 1.5 * seconds, "real_s": 1.01 * seconds,
        "synthetic_s": seconds, "real_ratio": 1.01, "real_ratio_low": 0.99, "real_ratio_high": 1.03, "per_example": "",
        **provenance(model), **more,
    }  # fmt: skip


# Made-up shares of the time of a pass.
TIME_SHARES = {
    "depthwise convolution": 0.41,
    "convolution": 0.29,
    "matrix product": 0.2,
    "activation": 0.08,
    "between the layers": 0.02,
}


def time_share_rows(
    device: str, model: str, runtime: str, shares: Mapping[str, float] = MappingProxyType(TIME_SHARES), **more: Any
) -> list[dict[str, Any]]:
    """Rows of the table of time shares: of each kind as a whole, and of its only part."""
    rows = [
        {
            "device": device, "model": model, "runtime": runtime, "status": "ok", "splits_by": "operator", "kind": kind, "part": part,
            "type": "" if part == "(all)" else "Made", "calls": 1.0, "own_s": share * 1e-3, "time_share": share,
            "time_low_share": max(0.0, share - 0.02), "time_high_share": min(1.0, share + 0.02), "slowdown": 1.05, "launches": 3,
            **provenance(model), **more,
        }
        for kind, share in shares.items()
        for part in ("(all)", f"the {kind}")
    ]  # fmt: skip
    return rows


def failed(row: dict[str, Any], status: str, message: str) -> dict[str, Any]:
    """The same point without a figure."""
    keep = ("device", "model", "runtime", *AXES, "base", *provenance(row["model"]))
    return {**{name: row[name] for name in keep if name in row}, "status": status, "message": message}


def list_figures(results: Path, job: Mapping[str, Any], drawn: bool) -> Path:
    """The list of the figures, as if each had been `drawn`, or none; drawing them would take seconds."""
    merged = load(results / "merged", job["models"])
    named = {
        file_name(name, axis): plugins.load("figures", name)().heading(merged, axis)
        for name in plugins.names("figures")
        for axis in (job["axes"] if plugins.load("figures", name).per_axis else [""])
    }
    listing = results / "figures" / "figures.json"
    not_drawn = {} if drawn else {name: (title, "not needed") for name, (title, _) in named.items()}
    products.write(listing, "", [], words=named if drawn else {}, not_drawn=not_drawn)
    return listing
