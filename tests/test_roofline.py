"""The most that a device does, and what the roofline model says of each variant by it."""

import json
from pathlib import Path
from typing import Any

import pytest
from joulesweep.analysis.anomalies import inversions
from joulesweep.analysis.merge.job import merge
from joulesweep.analysis.report.causes import roofs
from joulesweep.launches import columns
from joulesweep.launches.table_file import write_table
from joulesweep.measure.device import describe, peaks
from joulesweep.merged.base_points import base_points
from joulesweep.merged.load import Merged, load
from joulesweep.merged.roofline import COMPUTE, MEMORY, OVERHEAD, Roof, placed

from tests import synthetic

LAPTOP = "laptop"
JOB = {"device": "here", "meter": {"name": "none", "reason": "said so"}, "versions": {}}


PEAKS = {
    "one_thread_flops_per_s": 40e9,
    "one_thread_bytes_per_s": 8e9,
    "all_cores_flops_per_s": 80e9,
    "all_cores_bytes_per_s": 10e9,
}


# Measuring the peaks

_TRIES = 10


def test_peaks_are_measured_and_two_threads_do_not_do_less_than_half_of_one():
    for measure in (peaks.flops_per_s, peaks.bytes_per_s):
        pairs = ((measure(1), measure(2)) for _ in range(_TRIES))  # other processes may have the cores for a while
        assert any(1e7 < one < 1e15 and two > 0.5 * one for one, two in pairs)


def test_calls_of_all_threads_count_and_the_best_window_is_taken(monkeypatch):
    rates = iter([3.0, 5.0, 4.0])
    monkeypatch.setattr(peaks, "_window", lambda works: next(rates))
    called = []
    assert peaks._best([lambda: called.append(1), lambda: called.append(2)], 10.0) == 50.0
    assert called == [1, 2]


def test_peaks_are_measured_once_for_a_machine_and_its_governor(monkeypatch):
    measured = []
    monkeypatch.setattr(peaks, "flops_per_s", lambda threads: measured.append(threads) or 2e9)
    monkeypatch.setattr(peaks, "bytes_per_s", lambda threads: 1e9)
    about = describe.describe(JOB)
    first = describe.with_peaks(about, {})
    assert (first["one_thread_flops_per_s"], first["all_cores_bytes_per_s"]) == (2e9, 1e9)
    assert len(measured) == 2
    second = describe.with_peaks(about, json.loads(json.dumps(first | {"one_thread_flops_per_s": 3e9})))
    assert second["one_thread_flops_per_s"] == 3e9
    assert len(measured) == 2
    others = ("emulator", "governor", "power_mode", "machine_id", "cores_physical", "peaks_of", "all_cores_bytes_per_s")
    for name in others:
        describe.with_peaks(about, first | {name: "another"})
    assert len(measured) == 2 + 2 * len(others)


def test_a_device_without_memory_for_it_is_described_without_peaks(monkeypatch, caplog):
    def fail(threads: int) -> float:
        raise MemoryError("no room")

    monkeypatch.setattr(peaks, "flops_per_s", fail)
    about = describe.with_peaks(describe.describe(JOB), {})
    assert about["one_thread_flops_per_s"] is None
    assert about["machine"] is not None
    assert "was not measured: MemoryError: no room" in caplog.text


# The model


def test_the_roof_is_memory_up_to_the_ridge_and_arithmetic_beyond():
    roof = Roof(40e9, 8e9)
    assert roof.ridge == 5.0
    assert [roof.at(each) for each in (1.0, 5.0, 50.0)] == [8e9, 40e9, 40e9]


def _merged(
    results: Path, rows: dict[str, dict[str, Any]], per_byte: dict[str, float], peaks_known: bool = True
) -> Merged:
    """Results of one device: per model its latency row's changes, and its FLOPs per byte. Every model has 1 GFLOP."""
    synthetic.tree(results, (LAPTOP,), {model: synthetic.MODELS[model] for model in rows})
    for model, more in rows.items():
        row = synthetic.latency_row(LAPTOP, model, **{"runtime": "eager", "threads": 2, **more})
        write_table(results / f"devices/{LAPTOP}/latency/{model}.csv", columns.LATENCY, [row])
        counts = {
            "model": model, "runtime": row["runtime"], "batch": 1, "size": synthetic.MODELS[model][0], "base": 1, "status": "ok",
            "params": 1000, "flops": 10**9, "macs": 5 * 10**8, "flops_per_byte": per_byte[model], **synthetic.provenance(model),
        }  # fmt: skip
        write_table(results / f"models/{model}/counts.csv", columns.COUNTS, [counts])
        (results / f"devices/{LAPTOP}/energy/{model}.csv").unlink()
    file = results / f"devices/{LAPTOP}/device.json"
    about = {name: value for name, value in json.loads(file.read_text()).items() if "per_s" not in name}
    file.write_text(json.dumps(about | (PEAKS if peaks_known else {})))
    job = synthetic.job(models=rows)
    for model, more in rows.items():
        job["models"][model]["runtimes"] = [more.get("runtime", "eager")]
    merge(job, results, results / "merged")
    return load(results / "merged", job["models"])


# All cores do 80 GFLOP/s and 10 GB/s: the ridge is at 8 FLOPs per byte, and 1 GFLOP takes 12.5 ms at least.
@pytest.mark.parametrize(
    ("seconds", "per_byte", "bound", "roof"),
    [
        (0.02, 16.0, COMPUTE, 80e9),
        (0.05, 4.0, MEMORY, 40e9),
        (0.5, 16.0, OVERHEAD, 80e9),
        (0.5, 1.0, MEMORY, 10e9),
    ],
)
def test_a_variant_waits_for_what_its_roof_says_unless_it_is_far_below(tmp_path, seconds, per_byte, bound, roof):
    (row,) = placed(_merged(tmp_path, {"resnet18": {"seconds": seconds}}, {"resnet18": per_byte})).to_dict("records")
    assert (row["bound"], row["roof_flops_per_s"], row["threads"]) == (bound, roof, 2)


def test_the_roof_is_that_of_the_threads_and_other_numbers_of_threads_have_none(tmp_path):
    rows = {"resnet18": {"seconds": 0.05, "threads": 1, "base": 1}}
    (row,) = placed(_merged(tmp_path, rows, {"resnet18": 100.0})).to_dict("records")
    assert (row["roof_flops_per_s"], row["threads"]) == (40e9, 1)
    rows["resnet18"]["threads"] = 4
    assert placed(_merged(tmp_path / "four", rows, {"resnet18": 100.0})).empty


@pytest.mark.parametrize("runtime", ["eager-cuda", "onnxruntime-int8", "a-runtime-of-tomorrow"])
def test_a_pass_that_does_not_compute_in_32_bits_on_the_cpu_has_no_roof(tmp_path, runtime):
    rows = {"resnet18": {"seconds": 0.05, "runtime": runtime}}
    assert placed(_merged(tmp_path, rows, {"resnet18": 16.0})).empty


def test_the_report_names_the_roofs_and_what_holds_each_variant(tmp_path):
    rows = {"resnet18": {"seconds": 0.02}, "vit_tiny": {"seconds": 0.5}}
    lines = roofs.sentences(_merged(tmp_path, rows, {"resnet18": 16.0, "vit_tiny": 16.0}))
    assert lines == [
        "**laptop, 2 threads:** numpy reaches 80.0 GFLOP/s and 10.0 GB/s, so memory is the lower limit below 8.0 FLOPs per byte, and "
        "arithmetic above.",
        "laptop, 2 threads: arithmetic is the lower limit, but not a close one, for resnet18 @ eager (62 %).",
        "laptop, 2 threads: far below the limit: vit_tiny @ eager (2.5 %). Many small operators or slow kernels are the likely causes.",
    ]


def test_from_seven_tenths_of_the_roof_it_is_called_the_limit(tmp_path):
    lines = roofs.sentences(_merged(tmp_path, {"resnet18": {"seconds": 0.0156}}, {"resnet18": 16.0}))
    assert lines[1:] == ["laptop, 2 threads: arithmetic limits the speed of resnet18 @ eager (80 %)."]


def test_a_roof_below_what_a_variant_does_says_nothing_but_that(tmp_path):
    """1 GFLOP in 5 ms is 200 GFLOP/s, where numpy does 80."""
    rows = {"resnet18": {"seconds": 0.005}, "vit_tiny": {"seconds": 0.5}}
    merged = _merged(tmp_path, rows, {"resnet18": 16.0, "vit_tiny": 16.0})
    assert placed(merged).empty
    (line,) = roofs.sentences(merged)
    assert line.startswith(
        "laptop: numpy multiplies matrices more slowly than resnet18 @ eager computes, which does 2.5 times"
    )


def test_without_measured_peaks_nothing_is_said(tmp_path):
    assert (
        roofs.sentences(_merged(tmp_path, {"resnet18": {"seconds": 0.02}}, {"resnet18": 16.0}, peaks_known=False)) == []
    )


@pytest.mark.parametrize(
    ("per_byte", "words"),
    [(16.0, "so many small operators or slow kernels are a likely cause"), (0.5, "where memory is the nearest limit")],
)
def test_an_inversion_is_explained_by_the_roof(tmp_path, per_byte, words):
    rows = {"shufflenet_v2_x1_0": {"seconds": 0.3}, "resnet18": {"seconds": 0.05}}
    merged = _merged(tmp_path, rows, {"shufflenet_v2_x1_0": per_byte, "resnet18": 16.0})
    points = base_points(merged)
    points.loc[points["model"] == "resnet18", "flops"] *= 4
    (sentence,) = inversions.found(merged, points)
    assert words in sentence
