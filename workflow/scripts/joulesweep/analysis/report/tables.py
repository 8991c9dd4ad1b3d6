"""The tables of the report, as Markdown."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from joulesweep.analysis.report.markdown import table, text
from joulesweep.formatting import bracketed, digits, plural, si, significant, with_interval
from joulesweep.merged.base_points import LEVELS, METRICS, levels_s, model_counts
from joulesweep.merged.columns import UNSOUND
from joulesweep.merged.load import VARIANT, Merged, sweep
from joulesweep.uncertainty import rank_correlation

METRIC_WORDS = {"latency": "latency", "energy": "energy", "params": "parameters", "flops": "FLOPs"}


def benchmarked(models: Mapping[str, Mapping[str, Any]]) -> str:
    """The configured models, and why each was chosen."""
    rows = []
    for name, spec in models.items():
        shape = "; ".join(input_shape(entry, spec) for entry in spec["inputs"])
        weights = f"{spec['weights']}{', data: ' + spec['data']['name'] if spec.get('data') else ''}"
        cells = (name, spec["source"], shape, weights, ", ".join(spec["runtimes"]), spec.get("why", "") or "–")
        rows.append([text(cell) for cell in cells])
    return table(["model", "source", "input", "weights", "runtimes", "why"], rows)


def input_shape(entry: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    """One input as `name: 3 × 224 × 224`, the name only where there are several."""
    lengths = [
        length.values() if isinstance(length, Mapping) else [spec["axes"].get(length, length)]
        for length in entry["shape"]
    ]
    shape = " × ".join(str(length) for values in lengths for length in values) or "scalar"
    return f"{entry['name']}: {shape}" if len(spec["inputs"]) > 1 else shape


def counts(merged: Merged) -> str:
    """Parameters counted in three ways, weights and FLOPs, one row per model."""
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
        "every use counted",
        "by storage",
        "weights, largest file",
        "multiply-adds",
        "FLOPs",
        "FLOPs per byte",
    ]
    return table(header, rows, numbers=7) if rows else ""


def latency(merged: Merged, device: str) -> str:
    """The base point of every variant on one device, failed ones with their reason. Times in ms, digits as certain."""
    rows, base = [], at_base(merged.latency, device)
    for _, row in base.iterrows():
        name = variant_of(row)
        if row["status"] != "ok":
            rows.append([name, failure_of(row), *["–"] * 9])
            continue
        certain = significant(row["corrected_s"], row["ci_low_s"], row["ci_high_s"])
        rows.append(
            [
                name,
                with_interval(row["corrected_s"], row["ci_low_s"], row["ci_high_s"], 1e3) + _levels(row),
                *(digits(1e3 * row[column], certain) for column in ("raw_s", "median_s", "p95_s")),
                f"{digits(1e3 * row['lab_mean_s'], certain)} ± {digits(1e3 * row['lab_std_s'], 2)}",
                *(digits(1e3 * row[column], certain) for column in ("first_s", "load_s")),
                digits(row["throughput_per_s"], certain),
                digits(row["peak_bytes"] / 1e6),
                digits(row["correction"], 2),
            ]
        )
    header = [
        "variant",
        "**latency, ms** ± 95 %",
        "uncorrected, ms",
        "median, ms",
        "p95, ms",
        "lab's mean ± std, ms",
        "first pass, ms",
        "loading the model, ms",
        "examples per second",
        "peak memory, MB",
        "c",
    ]
    two = base[LEVELS].notna().any(axis=None)
    explained = (
        "\n\nIn brackets: the launches fell into two groups, and these are the times of the two. The device hardly ever takes the time in between."
        if two
        else ""
    )
    return table(header, rows, numbers=10) + explained


def _levels(row: pd.Series) -> str:
    """The two levels of a latency whose launches lie on two, in ms."""
    two = [digits(1e3 * level, 2) for level in levels_s(row)]
    return f" ({' or '.join(two)})" if two else ""


def sustained(merged: Merged, device: str) -> str:
    """Variants on one device that also ran for minutes without a rest; empty where none did."""
    base = at_base(merged.ok("latency"), device)
    rows = [
        [
            variant_of(row),
            digits(1e3 * row["burst_s"]),
            digits(1e3 * row["sustained_s"]),
            f"{row['sustained_s'] / row['burst_s']:.2f}",
        ]
        for _, row in base[base["sustained_s"].notna()].iterrows()
    ]
    return table(["variant", "at the beginning, ms", "at the end, ms", "ratio"], rows, numbers=3) if rows else ""


def conditions(merged: Merged, device: str) -> str:
    """What the device did while the base points were measured; empty where none has a figure."""
    rows = []
    for _, row in at_base(merged.ok("latency"), device).iterrows():
        start, end = row["temperature_start_C"], row["temperature_end_C"]
        rows.append(
            [
                variant_of(row),
                f"{row['launches']:.0f}",
                _whole(row["launches_set_aside"]),
                "–" if math.isnan(start) or math.isnan(end) else f"{start:.0f} to {end:.0f}",
                digits(row["clock_Hz"] / 1e9),
                digits(row["load"], 2),
                digits(100 * row["others_share"], 2),
                digits(row["wait_s"], 2),
            ]
        )
    header = [
        "variant",
        "launches used",
        "set aside, device busy",
        "temperature, °C",
        "clock, GHz",
        "system load",
        "other processes, % of the cores (median)",
        "waited to cool, s",
    ]
    return table(header, rows, numbers=7) if rows else ""


def energy(merged: Merged, device: str) -> str:
    """The base point of every variant on one device; every row says whether it is measured or modelled."""
    base = at_base(merged.energy, device)
    if len(base) and set(base["status"]) == {"no_meter"} and base["message"].nunique() == 1:
        return f"**No energy was measured here:** {text(base['message'].iloc[0])}. `make doctor` says what each meter needs."
    rows = []
    for _, row in base.iterrows():
        name = variant_of(row)
        if row["status"] != "ok":
            rows.append([name, "–", failure_of(row), *["–"] * 4])
            continue
        certain = significant(row["energy_J"], row["ci_low_J"], row["ci_high_J"])
        rows.append(
            [
                name,
                f"**{row['kind']}**" if row["kind"] == "modelled" else row["kind"],
                with_interval(row["energy_J"], row["ci_low_J"], row["ci_high_J"], 1e3),
                bracketed(row["net_energy_J"], row["net_ci_low_J"], row["net_ci_high_J"], 1e3),
                digits(row["power_W"], certain),
                digits(row["idle_W"], certain),
                text(f"{row['meter']} ({row['rails']})" if row["rails"] else row["meter"]),
            ]
        )
    header = [
        "variant",
        "basis",
        "**energy per pass, mJ** ± 95 %",
        "above idle, mJ [95 %]",
        "power, W",
        "idle, W",
        "meter",
    ]
    return table(header, rows)


def swept(merged: Merged, metric: str, axis: str, device: str) -> str:
    """One row per variant, one column per value of the axis; in a batch sweep the figure per example follows in brackets."""
    name, column, low, high = METRICS[metric]
    needed = [
        *VARIANT,
        axis,
        "status",
        column,
        low,
        high,
        "flags",
        "configured",
        *(["kind"] if metric == "energy" else []),
    ]
    rows = sweep(getattr(merged, name), axis)
    rows = rows.loc[rows["device"] == device, needed]
    values = sorted(set(rows[axis]))
    lines = []
    for _, group in rows.groupby(VARIANT, sort=False):
        at_value = {row[axis]: row for _, row in group.iloc[::-1].iterrows()}  # of several at one value, the first
        cells = []
        for value in values:
            row = at_value.get(value)
            if row is None:
                cells.append("–")
            elif row["status"] != "ok":
                cells.append(f"*{row['status']}*")
            else:
                certain = significant(row[column], row[low], row[high])
                example = f" ({digits(1e3 * row[column] / value, certain)})" if axis == "batch" and value > 1 else ""
                cells.append(with_interval(row[column], row[low], row[high], 1e3) + example)
        kind = " (modelled)" if metric == "energy" and "modelled" in set(group["kind"]) else ""
        lines.append([variant_of(group.iloc[0]) + kind, *cells])
    return table(["variant", *(f"{axis} {value:g}" for value in values)], lines, numbers=len(values)) if lines else ""


def correlations(points: pd.DataFrame) -> str:
    """Rank correlations over models at the base point, per runtime and device; empty where models are too few."""
    pairs = (("latency", "params"), ("latency", "flops"), ("energy", "latency"), ("energy", "flops"))
    rows = []
    for (device, runtime), group in points.groupby(["device", "runtime"], sort=False):
        for first, second in pairs:
            dots = group[group[first].notna() & group[second].notna()]
            if len(dots) < rank_correlation.FEWEST:
                continue
            correlation = rank_correlation.spearman(dots[first].tolist(), dots[second].tolist())
            modelled = "energy" in (first, second) and "modelled" in set(dots["kind"])
            names = f"{METRIC_WORDS[first]} and {METRIC_WORDS[second]}"
            rho = "undefined" if math.isnan(correlation.rho) else f"{correlation.rho:.2f}"
            note = _note(correlation, modelled, "latency" in (first, second))
            cells = (names, runtime, device, rho, digits(correlation.p, 2), str(correlation.n), note)
            rows.append([text(cell) for cell in cells])
    return table(["between", "runtime", "device", "ρ", "p", "models", "remark"], rows) if rows else ""


def _note(correlation: rank_correlation.RankCorrelation, modelled: bool, latency: bool) -> str:
    notes = []
    if math.isnan(correlation.rho):
        notes.append("all values of one side are equal")
    elif not correlation.exact:
        notes.append("p from random orders")
    if modelled:
        notes.append("modelled energy is computed from time, so it follows latency" if latency else "modelled energy")
    return "; ".join(notes)


def measured_on(merged: Merged, configured: Collection[str]) -> str:
    """The devices of a report in one line, each with its processor, cores, memory and system, as far as they are known."""
    about = merged.devices.set_index("device")
    named = []
    for device in configured:
        if device not in about.index:
            named.append(text(device))
            continue
        row = about.loc[device]
        memory = row["memory_bytes"] / 2**30
        cores = row["cores_physical"]
        parts = [
            row["machine"],
            row["cpu"],
            row["emulator"] and f"emulated by {row['emulator']}",
            "" if math.isnan(cores) else plural(int(cores), "core"),
            "" if math.isnan(memory) else f"{memory:.1f} GiB",
            row["os"],
        ]
        known = ", ".join(filter(None, parts))
        named.append(text(f"{device} ({known})" if known else device))
    return "; ".join(named)


def devices(merged: Merged, configured: Collection[str]) -> str:
    """What each device is; † marks one of which this configuration names no row."""
    rows = []
    for _, row in merged.devices.iterrows():
        memory, clock = row["memory_bytes"] / 2**30, row["max_clock_Hz"]
        cells = (
            row["device"] + ("" if row["device"] in configured else " †"),
            row["machine"] or "–",
            "; ".join(
                filter(None, (row["cpu"], row["soc"], "" if math.isnan(clock) else f"up to {clock / 1e9:.2f} GHz"))
            )
            or "–",
            f"{_whole(row['cores_physical'])} / {_whole(row['cores_logical'])}",
            "–" if math.isnan(memory) else f"{memory:.1f} GiB",
            row["accelerator"] or "–",
            row["os"] or "–",
            ", ".join(filter(None, (row["governor"], row["power_mode"]))) or "not reported",
            row["meter"] or "–",
        )
        rows.append([text(cell) for cell in cells])
    header = [
        *("device", "machine", "processor", "cores: physical / logical", "memory", "accelerator", "system"),
        *("governor, power mode", "meter"),
    ]
    return table(header, rows) if rows else ""


def side_by_side(points: pd.DataFrame, devices: Sequence[str]) -> str:
    """For each model its latency in its fastest runtime on each device; empty for one device. `points` are the base points."""
    points = points[points["latency"].notna()]
    if len(devices) < 2 or points.empty:
        return ""
    cells = {}
    for _, row in points.loc[points.groupby(["model", "device"])["latency"].idxmin()].iterrows():
        latency = with_interval(row["latency"], row["latency_low"], row["latency_high"], 1e3)
        cells[row["model"], row["device"]] = f"{latency} ({text(row['runtime'])})"
    rows = [
        [text(model), *(cells.get((model, device), "–") for device in devices)]
        for model in dict.fromkeys(points["model"])
    ]
    return table(["model", *map(text, devices)], rows, numbers=len(devices))


def _whole(number: float) -> str:
    return "–" if math.isnan(number) else f"{number:.0f}"


def at_base(frame: pd.DataFrame, device: str) -> pd.DataFrame:
    """The base points of one device."""
    return frame[frame["base"] & (frame["device"] == device)]


def variant_of(row: pd.Series) -> str:
    """The variant, marked where this configuration does not name it (†) or nothing may be concluded from the row (‡)."""
    foreign = "" if row.get("configured", "yes") == "yes" else " †"
    unsound = "" if UNSOUND.isdisjoint(row.get("flags", "").split()) else " ‡"
    return text(f"{row['model']} @ {row['runtime']}") + foreign + unsound


def failure_of(row: pd.Series) -> str:
    """The status of a row without a figure, and the reason."""
    return f"*{row['status']}*: {text(row['message']) or 'no reason was recorded'}"
