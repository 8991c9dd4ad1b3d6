"""Each anomaly fires where made-up results show it, names its number and a likely cause, and stays silent elsewhere."""

from pathlib import Path
from typing import Any

import pytest
from joulesweep.analysis.anomalies import (
    first_passes,
    idle_threads,
    inversions,
    knees,
    large_batches,
    single_processes,
    slow_runtimes,
    sustained_speed,
)
from joulesweep.analysis.anomalies.all import anomalies
from joulesweep.analysis.merge.job import merge
from joulesweep.analysis.report import sweeps
from joulesweep.launches import columns
from joulesweep.launches.table_file import write_table
from joulesweep.merged.base_points import base_points
from joulesweep.merged.load import Merged, load

from tests import synthetic

LAPTOP = "laptop"


def _merged(results: Path, latency: list[dict[str, Any]], counts: dict[str, dict[str, Any]] | None = None) -> Merged:
    """The tables of these rows; `counts` has more columns per model."""
    for model in {row["model"] for row in latency}:
        own = [row for row in latency if row["model"] == model]
        write_table(results / f"devices/{LAPTOP}/latency/{model}.csv", columns.LATENCY, own)
        row = {
            "model": model,
            "runtime": "eager",
            "batch": 1,
            "size": synthetic.MODELS[model][0],
            "base": 1,
            "status": "ok",
        }
        row |= {"params": 1000, "params_every_use": 1000, "params_by_storage": 1000, **synthetic.provenance(model)}
        write_table(results / f"models/{model}/counts.csv", columns.COUNTS, [row | (counts or {}).get(model, {})])
    job = synthetic.job()
    merge(job, results, results / "merged")
    merged = load(results / "merged", job["models"])
    assert merged.problems.empty
    return merged


def _latency(model: str, seconds: float, runtime: str = "eager", half: float = 0.02, **more: Any) -> dict[str, Any]:
    return synthetic.latency_row(LAPTOP, model, runtime, seconds, half, **more)


def _flops(flops: int, per_byte: float) -> dict[str, Any]:
    return {"macs": flops // 2, "flops": flops, "flops_per_byte": per_byte}


COUNTS = {"shufflenet_v2_x1_0": _flops(300_000_000, 4.0), "squeezenet1_1": _flops(700_000_000, 11.0)}


def test_fewer_flops_that_take_longer_are_named_with_their_cause(tmp_path):
    rows = [_latency("shufflenet_v2_x1_0", 0.03), _latency("squeezenet1_1", 0.02)]
    merged = _merged(tmp_path, rows, COUNTS)
    (sentence,) = inversions.found(merged, base_points(merged))
    assert sentence.startswith(
        "**Fewer FLOPs, yet slower**, in eager on laptop: shufflenet_v2_x1_0 (300 MFLOP, 30.0 ms ± 2.0 %, 10.0 GFLOP/s)"
    )
    assert "(4.0 FLOPs per byte against 11), so it probably waits for memory" in sentence
    equal = {**COUNTS, "shufflenet_v2_x1_0": _flops(300_000_000, 10.0)}
    merged = _merged(tmp_path / "equal", rows, equal)
    assert "it moves hardly more bytes for its FLOPs" in next(inversions.found(merged, base_points(merged)))


def test_a_model_without_flops_is_no_inversion(tmp_path):
    """Embeddings, pooling and element-wise operators only: nothing that a formula counts."""
    counts = {"shufflenet_v2_x1_0": _flops(0, 0.0), "squeezenet1_1": _flops(700_000_000, 11.0)}
    merged = _merged(tmp_path, [_latency("shufflenet_v2_x1_0", 0.03), _latency("squeezenet1_1", 0.02)], counts)
    assert list(inversions.found(merged, base_points(merged))) == []


@pytest.mark.parametrize(("first", "half"), [(0.01, 0.02), (0.021, 0.2)])
def test_an_order_as_the_flops_have_it_or_within_the_intervals_is_no_inversion(tmp_path, first, half):
    merged = _merged(
        tmp_path, [_latency("shufflenet_v2_x1_0", first, half=half), _latency("squeezenet1_1", 0.02, half=half)], COUNTS
    )
    assert list(inversions.found(merged, base_points(merged))) == []


def test_a_runtime_that_is_slower_than_eager_or_than_its_own_32_bits_is_named(tmp_path):
    rows = [
        _latency("resnet18", s, r) for s, r in ((0.02, "eager"), (0.03, "onnxruntime"), (0.045, "onnxruntime-int8"))
    ]
    merged = _merged(tmp_path, rows)
    sentences = list(slow_runtimes.found(base_points(merged)))
    assert [sentence.split("**")[1] for sentence in sentences] == [
        "onnxruntime is slower than eager",
        "onnxruntime-int8 is slower than eager",
        "onnxruntime-int8 is slower than onnxruntime",
    ]
    assert "resnet18 (1.50 [1.46, 1.54] times as long)" in sentences[0]
    assert "lacks instructions for products of 8-bit numbers" in sentences[2]
    faster = _merged(tmp_path / "faster", [_latency("resnet18", 0.02), _latency("resnet18", 0.0201, "onnxruntime")])
    assert list(slow_runtimes.found(base_points(faster))) == []


def test_a_first_pass_is_named_where_it_is_far_slower_and_long_enough_to_be_noticed(tmp_path):
    rows = [
        _latency("resnet18", 0.05, first_s=2.0),
        _latency("digits_mlp", 0.0001, first_s=0.01),
        _latency("vit_tiny", 0.05, first_s=0.2),
    ]
    (sentence,) = first_passes.found(_merged(tmp_path, rows))
    assert "resnet18 @ eager on laptop (2000 ms, then 50.0 ms). A likely cause" in sentence
    assert list(first_passes.found(_merged(tmp_path / "none", rows[1:]))) == []


def test_a_device_that_becomes_slower_without_a_rest_is_named(tmp_path):
    hot = {"sustain_s": 60, "burst_s": 0.05, "sustained_s": 0.065}
    (sentence,) = sustained_speed.found(_merged(tmp_path, [_latency("resnet18", 0.05, **hot)]))
    assert "resnet18 @ eager on laptop by 30 %. The device probably became hot" in sentence
    cool = {**hot, "sustained_s": 0.052}
    assert list(sustained_speed.found(_merged(tmp_path / "cool", [_latency("resnet18", 0.05, **cool)]))) == []


def test_large_batches_are_named_where_each_further_example_costs_more(tmp_path):
    def swept(power: float, half: float) -> list[dict[str, Any]]:
        return [_latency("resnet18", 0.01 * batch**power, half=half, batch=batch) for batch in (1, 2, 4, 8)]

    (sentence,) = large_batches.found(_merged(tmp_path, swept(1.6, 0.02)))
    assert "resnet18 @ eager on laptop (bend " in sentence
    assert "no longer fit into a cache" in sentence
    assert list(large_batches.found(_merged(tmp_path / "line", swept(1.0, 0.02)))) == []
    assert list(large_batches.found(_merged(tmp_path / "noise", swept(1.3, 0.4)))) == []


def _swept(axis: str, seconds: dict[int, float], half: float = 0.02) -> list[dict[str, Any]]:
    return [_latency("resnet18", s, half=half, **{axis: value}) for value, s in seconds.items()]


@pytest.mark.parametrize("axis", ["batch", "size"])
def test_a_knee_is_named_with_the_value_where_it_begins(tmp_path, axis):
    """10 ms per unit up to 64, 30 ms per unit from there."""
    first, knee = (1, 64) if axis == "batch" else (160, 224)
    values = [first, (first + knee) // 2, knee, 2 * knee]
    seconds = {n: 0.01 * n + (0.02 * (n - knee) if n > knee else 0) for n in values}
    (sentence,) = knees.found(_merged(tmp_path, _swept(axis, seconds, 0.01)))
    assert sentence.startswith(
        f"**A knee in the sweep of {axis}**: resnet18 @ eager on laptop from {axis} {knee} on (3.0"
    )
    assert "no longer fit into a cache" in sentence


@pytest.mark.parametrize(
    ("seconds", "half"),
    [
        ({1: 0.02, 2: 0.03, 4: 0.05, 8: 0.09}, 0.02),  # a fixed cost and the same for each example
        ({1: 0.02, 2: 0.03, 4: 0.05, 8: 0.13}, 0.3),  # nothing beyond the intervals
        ({1: 0.02, 2: 0.03, 4: 0.09}, 0.02),  # three values
    ],
)
def test_a_sweep_without_a_clear_knee_is_not_named(tmp_path, seconds, half):
    assert list(knees.found(_merged(tmp_path, _swept("batch", seconds, half)))) == []


def test_threads_that_bring_nothing_are_named_at_the_first_such_step(tmp_path):
    (sentence,) = idle_threads.found(_merged(tmp_path, _swept("threads", {1: 0.08, 2: 0.041, 4: 0.042, 8: 0.05})))
    assert "resnet18 @ eager on laptop from 2 to 4 (0.976 [0.949, 1.004] times as fast)" in sentence
    for name, seconds, half in (("gain", {1: 0.08, 2: 0.041}, 0.02), ("noise", {1: 0.08, 2: 0.08}, 0.2)):
        assert list(idle_threads.found(_merged(tmp_path / name, _swept("threads", seconds, half)))) == []


def test_a_process_outside_the_interval_over_many_is_named(tmp_path):
    rows = [
        _latency("resnet18", 0.02, half=0.05, lab_mean_s=0.03),
        _latency("vit_tiny", 0.02, half=0.05, lab_mean_s=0.0215),
    ]
    (sentence,) = single_processes.found(_merged(tmp_path, rows))
    assert sentence.startswith("**One process is not typical** at 1 of 2 points")
    assert "resnet18 @ eager on laptop at the base point (30.0 ms, 20.0 ms ± 5.0 % over 5 processes)" in sentence
    assert list(single_processes.found(_merged(tmp_path / "inside", rows[1:]))) == []
    low = [_latency("resnet18", 0.02, half=0.05, lab_mean_s=0.015)]
    assert len(list(single_processes.found(_merged(tmp_path / "low", low)))) == 1


def test_eight_bits_that_are_fast_for_another_model_do_not_lack_instructions(tmp_path):
    rows = [
        *(_latency("resnet18", s, r) for s, r in ((0.03, "onnxruntime"), (0.015, "onnxruntime-int8"))),
        *(_latency("digits_cnn", s, r) for s, r in ((0.0001, "onnxruntime"), (0.0002, "onnxruntime-int8"))),
    ]
    (sentence,) = slow_runtimes.found(base_points(_merged(tmp_path, rows)))
    assert "for digits_cnn" in sentence
    assert "other models are faster in 8 bits here" in sentence
    assert "lacks instructions" not in sentence


def test_nothing_strange_is_an_empty_list(tmp_path):
    merged = _merged(tmp_path, [_latency("shufflenet_v2_x1_0", 0.01), _latency("squeezenet1_1", 0.02)], COUNTS)
    (only,) = anomalies(merged, base_points(merged))
    assert only.startswith("**no_journal** in latency, 2 of 2 points: ")  # made-up tables have none


def test_a_batch_sweep_tells_its_fixed_cost_its_cost_per_example_and_the_smallest_batch_that_pays(tmp_path):
    """40 ms for each pass and 10 ms for each example; from batch 4 to 8 the gain is within the intervals."""
    seconds = {1: 0.05, 2: 0.06, 4: 0.08, 8: 0.158}
    rows = [_latency("resnet18", s, batch=batch) for batch, s in seconds.items()]
    merged = _merged(tmp_path, rows)
    cells = [cell.strip() for cell in sweeps.batches(merged, LAPTOP).splitlines()[2].split("|")[1:-1]]
    assert cells[0] == "resnet18 @ eager"
    assert float(cells[1]) == pytest.approx(40, rel=0.2)
    assert float(cells[2]) == pytest.approx(12, rel=0.3)
    assert cells[4:6] == ["4", "50.0"]
    assert cells[6:] == ["–", "–"]
    two = _merged(tmp_path / "two", rows[:2])
    assert [cell.strip() for cell in sweeps.batches(two, LAPTOP).splitlines()[2].split("|")[2:5]] == ["–", "–", "–"]
    assert sweeps.batches(_merged(tmp_path / "none", rows[:1]), LAPTOP) == ""
