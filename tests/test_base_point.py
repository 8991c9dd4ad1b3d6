"""The base point is the configured one, and table, figures, hypotheses and findings take it from the same column."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from joulesweep import plugins
from joulesweep.analysis.merge.job import merge
from joulesweep.analysis.report import findings, tables
from joulesweep.analysis.report.verdicts import check
from joulesweep.launches import columns
from joulesweep.launches.table_file import write_table
from joulesweep.measure import points
from joulesweep.merged.base_points import base_points, model_counts
from joulesweep.merged.load import Merged, load, sweep
from joulesweep.model.manifest import Entry, Manifest
from joulesweep.pipeline.configuration import config

from tests import synthetic

FAST = {"source": "torchvision:resnet18", "input": {"shape": [3, 106, 106]}, "runtimes": ["eager"]}
SLOW = {**FAST, "input": {"shape": [3, 96, 96]}}
SWEEPS = {"batch": [4], "size": [64, 160], "threads": [1, 2, 4]}


def _merged(folder: Path, device: str, threads: object = "physical", **changes: Any) -> Merged:
    """What a device would write at every configured point, merged: at the base point 1 ms and 10 mJ, elsewhere far more."""
    path = folder / "config.yaml"
    path.write_text(
        yaml.safe_dump(
            {"device": device, "models": {"fast": FAST, "slow": SLOW}, "sweeps": SWEEPS, "threads": threads, **changes}
        )
    )
    found = config.load(path)
    for place, (model, spec) in enumerate(found.models.items()):
        entry = Entry("m.safetensors", {}, "a", 1, 1)
        manifest = Manifest(model, "s", f"m-{model}", "i", spec, folder, {"module": [entry]})
        job = {"device": device, "points": found.latency_points(model), "code_digest": {"eager": "c"}, "versions": {}}
        job["versions"] = {"eager": {"numpy": "2"}}
        identities = [point.identity for point in points.points_of(job, manifest)]
        latency, energy = [], []
        for identity in identities:
            native = next(iter(spec["axes"].values()))
            is_base = (identity["batch"], identity["size"], identity["threads"]) == (1, native, 2)
            scale = 10.0**place * (1 if is_base else 100 + identity["size"] + identity["threads"])
            more = {"measured_at": "2026-11-20T10:00:00+00:00", **identity}
            latency.append(synthetic.latency_row(device, model, "eager", 1e-3 * scale) | more)
            energy.append(synthetic.energy_row(device, model, "eager", 1e-2 * scale) | more)
        results = folder / "results"
        write_table(results / "devices" / device / "latency" / f"{model}.csv", columns.LATENCY, latency)
        write_table(results / "devices" / device / "energy" / f"{model}.csv", columns.ENERGY, energy)
        counts = [
            {"model": model, "runtime": "eager", **point, "status": "ok", "params": 5, "macs": point["size"] ** 2}
            | {"model_digest": f"m-{model}", "input_digest": "i"}
            for point in found.count_points(model)
        ]
        write_table(results / "models" / model / "counts.csv", columns.COUNTS, counts)
    merge({"device": device, "models": found.models}, folder / "results", folder / "merged")
    return load(folder / "merged", found.models)


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points, "number", lambda threads: 2 if threads == "physical" else threads)


def test_a_sweep_of_threads_and_a_native_size_in_its_middle_leave_the_configured_base_point_everywhere(tmp_path):
    merged = _merged(tmp_path, "laptop")
    for table in (merged.latency, merged.energy):
        base = table[table["base"]]
        assert list(zip(base["batch"], base["size"], base["threads"], strict=True)) == [(1, 106, 2), (1, 96, 2)]
    assert list(model_counts(merged)["macs"]) == [106**2, 96**2]

    assert _figures(tables.latency(merged, "laptop")) == [1, 10]
    assert _figures(tables.energy(merged, "laptop")) == [10, 100]

    at_base = base_points(merged)
    assert list(at_base["latency"]) == pytest.approx([1e-3, 1e-2])
    assert list(at_base["energy"]) == pytest.approx([1e-2, 1e-1])

    for figure, values in (("latency", [1, 10]), ("energy", [10, 100])):
        (axes,) = plugins.load("figures", figure)().draw(merged, "").axes
        drawn = [float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() not in ("", "None")]
        assert sorted(drawn) == pytest.approx(values)

    less = {"metric": "latency", "of": "fast", "less_than": "slow"}
    found = check(less, merged, at_base)
    assert found.verdict == "supported"
    assert re.search(r"\b0\.10*\b", found.cases[0].numbers)
    assert re.search(r"\b10(\.0)? times", findings.answers(merged, at_base, "laptop")[0])


def _figures(table: str) -> list[float]:
    """The first number with an interval in each row of a table in Markdown."""
    return [float(text) for text in re.findall(r"^\|.*?([\d.]+) ± .*?\d", table, re.MULTILINE)]


def test_a_sweep_holds_the_base_point_and_its_own_points_only(tmp_path):
    merged = _merged(tmp_path, "laptop")
    values = {axis: sweep(merged.ok("latency"), axis).groupby("model")[axis].apply(list) for axis in SWEEPS}
    assert values["threads"]["fast"] == [1, 2, 4]
    assert values["size"]["fast"] == [64, 106, 160]
    assert values["size"]["slow"] == [64, 96, 160]
    assert values["batch"]["slow"] == [1, 4]


def test_another_devices_base_point_is_its_own(tmp_path):
    _merged(tmp_path, "pi", threads=4)
    merged = _merged(tmp_path, "laptop")
    base = merged.latency[merged.latency["base"]]
    assert set(zip(base["device"], base["threads"], strict=True)) == {("laptop", 2), ("pi", 4)}
    swept = sweep(merged.ok("latency"), "size")
    assert set(zip(swept["device"], swept["threads"], strict=True)) == {("laptop", 2), ("pi", 4)}
