"""The tables of the report, as Markdown."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from joulesweep.analysis.report.markdown import table, text
from joulesweep.analysis.statistics import rank_correlation
from joulesweep.formatting import accuracy as in_percent
from joulesweep.formatting import digits, si, with_interval
from joulesweep.merged.base_points import METRICS, model_counts
from joulesweep.merged.load import VARIANT, Merged, sweep


def benchmarked(models: Mapping[str, Mapping[str, Any]]) -> str:
    """What the configuration asks for."""
    rows = []
    for name, spec in models.items():
        shape = "; ".join(_input(one, spec) for one in spec["inputs"])
        weights = f"{spec['weights']}{', data: ' + spec['data'] if spec.get('data') else ''}"
        cells = (name, spec["source"], shape, weights, ", ".join(spec["runtimes"]), spec.get("why", "") or "–")
        rows.append([text(cell) for cell in cells])
    return table(["model", "source", "input", "weights", "runtimes", "why"], rows)


def _input(one: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    """One input as `name: 3 × 224 × 224`, the name only where there are several."""
    lengths = [
        length.values() if isinstance(length, Mapping) else [spec["axes"].get(length, length)]
        for length in one["shape"]
    ]
    shape = " × ".join(str(length) for values in lengths for length in values) or "scalar"
    return f"{one['name']}: {shape}" if len(spec["inputs"]) > 1 else shape


def counts(merged: Merged) -> str:
    """Parameters three ways, weights and FLOPs, one row a model."""
    rows = [
        [
            text(str(model)),
            *(si(row[name]) for name in ("params", "params_every_use", "params_by_storage")),
            si(row["weight_bytes"], "B"),
            si(row["macs"]),
            si(row["flops"]),
            digits(row["flops_per_byte"]),
        ]
        for model, row in model_counts(merged).iterrows()
    ]
    header = [
        "model",
        "parameters (lab's formula)",
        "every use",
        "by storage",
        "weights, largest file",
        "multiply-adds",
        "FLOPs",
        "FLOPs a byte",
    ]
    return table(header, rows, numbers=7)


def latency(merged: Merged, device: str) -> str:
    """The base point of every variant on one device, failed ones with their reason."""
    rows = []
    for _, row in _base(merged.latency, device).iterrows():
        name = _variant(row)
        if row["status"] != "ok":
            rows.append([name, _failure(row), *["–"] * 9])
            continue
        rows.append(
            [
                name,
                with_interval(row["corrected_s"], row["ci_low_s"], row["ci_high_s"], 1e3),
                digits(1e3 * row["raw_s"]),
                digits(row["correction"], 2),
                digits(1e3 * row["median_s"]),
                digits(1e3 * row["p95_s"]),
                f"{digits(1e3 * row['lab_mean_s'])} ± {digits(1e3 * row['lab_std_s'], 2)}",
                digits(1e3 * row["first_s"]),
                digits(1e3 * row["load_s"]),
                digits(row["throughput_per_s"]),
                f"{digits(row['peak_bytes'] / 1e6)}",
            ]
        )
    header = [
        "variant",
        "**latency, ms** ± 95 %",
        "uncorrected, ms",
        "c",
        "median, ms",
        "p95, ms",
        "lab's mean ± std, ms",
        "first pass, ms",
        "load, ms",
        "examples/s",
        "peak, MB",
    ]
    return table(header, rows, numbers=10)


def sustained(merged: Merged, device: str) -> str:
    """Variants on one device whose speed after minutes without a rest was measured; empty where none was."""
    base = _base(merged.ok("latency"), device)
    rows = [
        [
            _variant(row),
            digits(1e3 * row["burst_s"]),
            digits(1e3 * row["sustained_s"]),
            f"{row['sustained_s'] / row['burst_s']:.2f}",
        ]
        for _, row in base[base["sustained_s"].notna()].iterrows()
    ]
    return table(["variant", "at first, ms", "at last, ms", "ratio"], rows, numbers=3) if rows else ""


def energy(merged: Merged, device: str) -> str:
    """The base point of every variant on one device; every row says whether it is measured or modelled."""
    base = _base(merged.energy, device)
    if len(base) and set(base["status"]) == {"no_meter"} and base["message"].nunique() == 1:
        return f"**No energy was measured here:** {text(base['message'].iloc[0])}. `make doctor` tells what each meter needs."
    rows = []
    for _, row in base.iterrows():
        name = _variant(row)
        if row["status"] != "ok":
            rows.append([name, "–", _failure(row), *["–"] * 4])
            continue
        net = f"{digits(1e3 * row['net_energy_J'])} [{digits(1e3 * row['net_ci_low_J'])}, {digits(1e3 * row['net_ci_high_J'])}]"
        rows.append(
            [
                name,
                f"**{row['kind']}**" if row["kind"] == "modelled" else row["kind"],
                with_interval(row["energy_J"], row["ci_low_J"], row["ci_high_J"], 1e3),
                net if row["net_energy_J"] == row["net_energy_J"] else "–",
                digits(row["power_W"]),
                digits(row["idle_W"]),
                text(f"{row['meter']} ({row['rails']})" if row["rails"] else row["meter"]),
            ]
        )
    header = [
        "variant",
        "kind",
        "**energy of a pass, mJ** ± 95 %",
        "above idle, mJ [95 %]",
        "power, W",
        "idle, W",
        "meter",
    ]
    return table(header, rows)


def swept(merged: Merged, metric: str, axis: str, device: str) -> str:
    """One row a variant, one column a value of the axis; in a batch sweep the figure of one example follows in brackets."""
    name, column, low, high = METRICS[metric]
    rows = sweep(getattr(merged, name), axis)
    rows = rows[rows["device"] == device]
    values = sorted(set(rows[axis]))
    lines = []
    for _, group in rows.groupby(VARIANT, sort=False):
        cells = []
        for value in values:
            found = group[group[axis] == value]
            if found.empty:
                cells.append("–")
            elif found.iloc[0]["status"] != "ok":
                cells.append(f"*{found.iloc[0]['status']}*")
            else:
                row = found.iloc[0]
                item = f" ({digits(1e3 * row[column] / value)})" if axis == "batch" and value > 1 else ""
                cells.append(with_interval(row[column], row[low], row[high], 1e3) + item)
        kind = " (modelled)" if metric == "energy" and "modelled" in set(group["kind"]) else ""
        lines.append([_variant(group.iloc[0]) + kind, *cells])
    return table(["variant", *(f"{axis} {value:g}" for value in values)], lines, numbers=len(values)) if lines else ""


def correlations(points: pd.DataFrame) -> str:
    """Rank correlations over models at the base point, within a runtime and device."""
    pairs = (("latency", "params"), ("latency", "flops"), ("energy", "latency"), ("energy", "flops"))
    rows = []
    for (device, runtime), group in points.groupby(["device", "runtime"], sort=False):
        for one, other in pairs:
            dots = group[group[one].notna() & group[other].notna()]
            if len(dots) < 3:
                continue
            found = rank_correlation.spearman(dots[one].tolist(), dots[other].tolist())
            modelled = "energy" in (one, other) and "modelled" in set(dots["kind"])
            note = "" if found.exact else "p from random permutations"
            if modelled:
                note = "modelled: tracks by construction" if "latency" in (one, other) else "modelled"
            cells = (f"{one} and {other}", runtime, device, f"{found.rho:.2f}", digits(found.p, 2), str(found.n), note)
            rows.append([text(cell) for cell in cells])
    return table(["what", "runtime", "device", "ρ (Spearman)", "p", "models", ""], rows) if rows else ""


def accuracy(merged: Merged, points: pd.DataFrame) -> str:
    """Accuracy of every variant that has labelled data, with its latency beside it."""
    times = points.set_index(VARIANT)["latency"]
    rows = []
    for _, row in merged.accuracy.iterrows():
        if row["status"] == "ok":
            share = f"{in_percent(row['value'])} [{in_percent(row['ci_low'])}, {in_percent(row['ci_high'])}]"
        else:
            share = _failure(row)
        seconds = times.get((row["device"], row["model"], row["runtime"]), float("nan"))
        count = f"{row['examples']:.0f}" if row["examples"] == row["examples"] else "–"
        rows.append([_variant(row), text(row["device"]), text(row["dataset"]), share, count, digits(1e3 * seconds)])
    header = ["variant", "device", "data", "accuracy, % [95 %]", "examples", "latency, ms"]
    return table(header, rows, numbers=3) if rows else ""


def devices(merged: Merged) -> str:
    """What each device is."""
    rows = []
    for _, row in merged.devices.iterrows():
        cores = f"{row['cores_physical']:.0f} / {row['cores_logical']:.0f}"
        cells = (
            row["device"],
            row["machine"] or "–",
            row["cpu"] or "–",
            cores,
            f"{row['memory_bytes'] / 2**30:.1f} GiB",
            row["os"],
        )
        more = (row["governor"] or "not said", row["meter"])
        rows.append([text(cell) for cell in (*cells, *more)])
    header = ["device", "machine", "processor", "cores physical / logical", "memory", "system", "governor", "meter"]
    return table(header, rows) if rows else ""


def problems(merged: Merged) -> str:
    """What the merge could not take."""
    rows = [
        [
            text(row["file"]),
            f"{row['row']:.0f}" if row["row"] == row["row"] else "–",
            *(text(row[name]) or "–" for name in ("column", "problem", "cure")),
        ]
        for _, row in merged.problems.iterrows()
    ]
    return table(["file", "line", "column", "problem", "what to do"], rows) if rows else ""


def _base(frame: pd.DataFrame, device: str) -> pd.DataFrame:
    return frame[frame["base"] & (frame["device"] == device)]


def _variant(row: pd.Series) -> str:
    return text(f"{row['model']} @ {row['runtime']}") + ("" if row.get("configured", "yes") == "yes" else " †")


def _failure(row: pd.Series) -> str:
    return f"*{row['status']}*: {text(row['message']) or 'no reason given'}"
