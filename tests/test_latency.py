"""The latency of a model, from the job to the table and its journal."""

import csv
import json
import os
import subprocess
import sys
import time
from itertools import cycle
from pathlib import Path

import pytest
from joulesweep.launches.columns import LATENCY
from joulesweep.launches.journal import Journal
from joulesweep.launches.packing import unpack
from joulesweep.measure.latency import launch, sustained
from joulesweep.measure.latency.reference import Reference

from tests.digits_model import ROOT, measured_models

pytestmark = pytest.mark.slow


SCRIPT = ROOT / "workflow" / "scripts" / "latency.py"
SETTINGS = {
    "launches": 3,
    "busy_retries": 0,
    "precision": 1.0,
    "minutes": 0,
    "sustain_s": 0,
    "timeout_s": 60,
    "memory_bytes": None,
}
MODEL = "digits_cnn"
POINT = {"runtime": "onnxruntime", "batch": 1, "size": 8, "sequence": None, "threads": 1, "base": 1}
_CORES_ANSWER = sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1


def _job(*points: dict, **settings: float) -> dict:
    return {
        "device": "latency-test",
        "models": measured_models(*points),
        "settings": SETTINGS | settings,
        "reference_digest": "r",
    }


def _measure(job: dict, manifest: Path, folder: Path) -> list[dict[str, str]]:
    out = folder / "device" / "latency"
    command = [sys.executable, str(SCRIPT), "--job", json.dumps(job), "--manifests", str(manifest), "--out", str(out)]
    subprocess.run(command, check=True)
    with (out / f"{MODEL}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _lines(folder: Path) -> list[dict]:
    """The launches in the journal, and what supersedes them; not that a point has all its launches."""
    journal = folder / "device" / "latency" / f"{MODEL}.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    return [line for line in lines if "complete" not in line.get("key", {})]


def test_a_point_becomes_a_row_and_its_launches_a_journal(exported, tmp_path):
    """The batch of eight is measured between the launches of the single example, and everything raw is kept."""
    job = _job(POINT, {**POINT, "batch": 8, "base": 0})
    rows = _measure(job, exported, tmp_path)
    assert [list(row) for row in rows] == [LATENCY.header] * 2
    for row in rows:
        assert (row["status"], row["message"], row["launches"], row["launches_failed"]) == ("ok", "", "3", "0")
        assert 0 < float(row["raw_ci_low_s"]) <= float(row["raw_s"]) <= float(row["raw_ci_high_s"])
        assert float(row["min_s"]) <= float(row["median_s"]) <= float(row["p95_s"]) <= float(row["max_s"])
        assert float(row["first_s"]) > 0
        assert float(row["lab_mean_s"]) > 0
        assert 0 < float(row["reference_share"]) < 1
        assert float(row["load"]) >= 0
        assert 0 <= float(row["others_share"]) <= 1
        assert int(row["peak_bytes"]) > int(row["peak_above_load_bytes"]) >= 0
    assert float(rows[1]["raw_s"]) > float(rows[0]["raw_s"])

    lines = _lines(tmp_path)
    orders = [[line["order"] for line in lines if line["key"]["batch"] == batch] for batch in (1, 8)]
    assert sorted(orders[0] + orders[1]) == list(range(6))
    assert all(line["timing"]["lab_s"] for line in lines if line["order"] < 2)
    for line in lines:
        timing = line["timing"]
        assert len(timing["samples"]) == len(timing["rounds"]) + 1
        assert not any(timing["core_s"])  # one thread
        assert len(unpack(timing["pass_s"])) == sum(round_["passes"] for round_ in timing["rounds"])
    baseline = json.loads((tmp_path / "device" / "reference.json").read_text())
    assert [len(each["samples"]) > 0 for each in baseline["references"].values()] == [True]

    assert _measure(job, exported, tmp_path) == rows
    assert _lines(tmp_path) == lines, "what the journal holds is not measured again"


@pytest.mark.skipif(not _CORES_ANSWER, reason="needs Linux and two cores")
def test_a_point_on_several_cores_keeps_their_distance_beside_each_sample_of_the_reference(exported, tmp_path):
    (row,) = _measure(_job({**POINT, "threads": 2}), exported, tmp_path)
    assert row["status"] == "ok"
    for line in _lines(tmp_path):
        assert len(line["timing"]["core_s"]) == len(line["timing"]["samples"])
        assert all(1e-8 < seconds < 0.02 for sample in line["timing"]["core_s"] for seconds in sample)


def test_the_sustained_speed_of_the_base_point_is_measured_once_where_it_is_asked_for(exported, tmp_path):
    job = _job(POINT, {**POINT, "batch": 2, "base": 0}, sustain_s=1.5)
    base, other = _measure(job, exported, tmp_path)
    assert 0 < float(base["burst_s"]) < 1
    assert 0 < float(base["sustained_s"]) < 1
    assert other["burst_s"] == other["sustained_s"] == ""
    lines = _lines(tmp_path)
    assert sum("blocks" in line for line in lines) == 1
    _measure(job, exported, tmp_path)
    assert _lines(tmp_path) == lines


def test_the_first_tenth_of_the_time_is_the_burst_and_the_last_fifth_is_sustained():
    """A device that slows down by a half after a minute of five."""
    blocks = [[second, 1.0 if second <= 60 else 1.5, None, None] for second in range(1, 301)]
    assert sustained.speeds(blocks) == (1.0, 1.5)
    assert sustained.speeds(blocks[:1]) == (1.0, 1.0)


def test_further_launches_are_made_where_the_first_disagree_and_there_is_time_and_then_no_more(exported, tmp_path):
    """How many minutes that takes depends on the machine, and on what else it does."""

    def row(minutes: float, *points: dict) -> dict[str, str]:
        return _measure(_job(POINT, *points, precision=1e-9, minutes=minutes), exported, tmp_path)[0]

    minutes, first = 0.1, row(0.1)
    while int(first["launches"]) <= 3 and minutes < 5:
        minutes *= 2
        first = row(minutes)
    assert int(first["launches"]) > 3
    assert "wide" in first["flags"]
    lines = _lines(tmp_path)
    assert row(minutes, {**POINT, "batch": 2, "base": 0})["launches"] == first["launches"]
    new = _lines(tmp_path)[len(lines) :]
    assert {line["key"]["batch"] for line in new} == {2}, (
        "a new point leaves more or less time for each, which changes nothing"
    )
    made = len(_lines(tmp_path))  # those beside other processes too, which a row may set aside
    while len(_lines(tmp_path)) == made and minutes < 5:
        minutes *= 2
        row(minutes)
    assert len(_lines(tmp_path)) > made


def test_a_failure_is_a_row_and_is_tried_again_when_its_cause_has_changed(exported, tmp_path):
    (row,) = _measure(_job(POINT, timeout_s=1e-3), exported, tmp_path)
    assert (row["status"], row["message"]) == ("timeout", "not done after 0.001 s")
    failures = len(_lines(tmp_path))
    (row,) = _measure(_job(POINT, timeout_s=1e-3), exported, tmp_path)
    assert len(_lines(tmp_path)) == failures, "nothing has changed, so nothing is tried"
    (row,) = _measure(_job(POINT), exported, tmp_path)
    assert (row["status"], row["launches"]) == ("ok", "3")


def test_a_broken_file_fails_its_own_points_alone(exported, tmp_path):
    manifest = json.loads(exported.read_text())
    for entry in manifest["artefacts"]["onnx"]:
        (tmp_path / entry["file"]).write_bytes(b"no graph")
    for entry in manifest["artefacts"]["module"]:
        (tmp_path / entry["file"]).write_bytes((exported.parent / entry["file"]).read_bytes())
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    broken, good = _measure(_job(POINT, {**POINT, "runtime": "eager"}), tmp_path / "manifest.json", tmp_path)
    assert broken["status"] == "error"
    assert broken["raw_s"] == ""
    assert broken["message"]
    assert good["status"] == "ok"


def test_a_model_whose_outputs_are_not_finite_has_no_latency(exported, tmp_path):
    from safetensors.torch import load_file, save_file

    manifest = json.loads(exported.read_text())
    (entry,) = manifest["artefacts"]["module"]
    weights = load_file(exported.parent / entry["file"])
    save_file({name: tensor * float("nan") for name, tensor in weights.items()}, tmp_path / entry["file"])
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (row,) = _measure(_job({**POINT, "runtime": "eager"}), tmp_path / "manifest.json", tmp_path)
    assert (row["status"], row["raw_s"]) == ("error", "")
    assert row["message"].startswith("output 1 is not finite: 10 of 10 values are NaN or infinite; check")


def test_what_was_superseded_is_kept_and_counts_no_more(exported, tmp_path):
    (before,) = _measure(_job(POINT), exported, tmp_path)
    Journal(tmp_path / "device" / "latency" / "digits_cnn.jsonl").supersede("onnxruntime")
    (after,) = _measure(_job(POINT), exported, tmp_path)
    assert after["launches"] == before["launches"]
    assert len(_lines(tmp_path)) == 3 + 1 + 3


def test_a_runtime_whose_code_changed_is_all_that_is_measured_anew(exported, tmp_path):
    job = _job(POINT, {**POINT, "runtime": "onnxruntime-int8"})
    _measure(job, exported, tmp_path)
    before = _lines(tmp_path)
    job["models"][MODEL]["code_digest"]["onnxruntime-int8"] = "changed"
    _measure(job, exported, tmp_path)
    after = _lines(tmp_path)
    assert after[: len(before)] == before
    assert [line["key"]["runtime"] for line in after[len(before) :]] == ["onnxruntime-int8"] * 3


def test_a_point_that_cannot_be_run_is_a_row(exported, tmp_path):
    manifest = json.loads(exported.read_text()) | {"artefacts": {}, "errors": {"onnx": "an operator is missing"}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (row,) = _measure(_job(POINT), tmp_path / "manifest.json", tmp_path)
    assert (row["status"], row["message"]) == ("unsupported", "an operator is missing")


def test_warm_up_ends_when_blocks_agree_and_says_when_they_never_do():
    changing = cycle([1e-3, 2e-3])

    def slow() -> float:
        time.sleep(0.02)  # a block of its own
        return next(changing)

    assert launch.warm_up(lambda: 1e-3)
    assert not launch.warm_up(slow)


def test_the_passes_that_still_feel_the_reference_are_kept_and_not_used():
    """Passes of 2 ms: those that begin in the first 5 ms are left out; of a single long pass nothing is."""
    assert launch._unused([2e-3] * 10) == 3
    assert launch._unused([0.3, 0.3]) == 1
    assert launch._unused([0.3]) == 0


def test_a_launch_is_two_rounds_of_passes_between_three_samples_of_the_reference():
    found = launch.rounds(lambda: 1e-3, Reference().sample)
    assert len(found["rounds"]) == 2
    assert len(found["samples"]) == 3
    assert all(one["used"] >= 1 for one in found["rounds"])
