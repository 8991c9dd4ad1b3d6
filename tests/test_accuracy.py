"""Accuracy on labelled data, in each runtime, in a process of its own; real inputs beside random ones."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from joulesweep.export.job import export
from joulesweep.launches import columns
from joulesweep.launches.packing import unpack
from joulesweep.measure import lock
from joulesweep.measure.accuracy import job as accuracy
from joulesweep.measure.accuracy import timing
from joulesweep.uncertainty import share

from tests.digits_model import DIGITS, ROOT, digits_spec, export_job
from tests.installed import require

require("torch", "sklearn")

pytestmark = pytest.mark.slow


SCRIPT = ROOT / "workflow" / "scripts" / "evaluate.py"


def _job(runtimes: list[str], **spec: Any) -> dict[str, Any]:
    return {
        "device": "test-accuracy",
        "model": {**digits_spec(), "runtimes": runtimes, **spec},
        "threads": 1,
        "code_digest": dict.fromkeys(runtimes, "c"),
        "versions": {runtime: {"torch": "2"} for runtime in runtimes},
    }


def _evaluate(exported: Path, tmp_path: Path, runtimes: list[str], **spec: Any) -> list[dict[str, str]]:
    accuracy.evaluate(_job(runtimes, **spec), exported, tmp_path / "accuracy.csv")
    with (tmp_path / "accuracy.csv").open() as rows:
        return list(csv.DictReader(rows))


def _data(name: str, examples: int | None = None, **settings: Any) -> dict[str, Any]:
    """The data of a specification, all settings written."""
    from joulesweep import plugins

    known = plugins.declared("datasets", name, "SETTINGS")
    whole = {key: settings.get(key, entry.get("default")) for key, entry in known.items()}
    return {"set": name, "name": name, "settings": whole, "content": {}, "examples": examples}


def test_the_shipped_network_reads_digits_in_every_runtime(exported, tmp_path):
    rows = _evaluate(exported, tmp_path, ["eager", "onnxruntime", "onnxruntime-int8"])
    assert [row["status"] for row in rows] == ["ok"] * 3
    assert all(float(row["value"]) > 0.95 for row in rows)
    assert all(float(row["ci_low"]) < float(row["value"]) < float(row["ci_high"]) for row in rows)
    assert rows[0]["value"] == rows[1]["value"]
    assert len({row["data_digest"] for row in rows}) == 1
    assert set(rows[0]) == set(columns.ACCURACY.header)
    assert all(not value for row in rows for name, value in row.items() if name == "message")
    assert all(value for name, value in rows[0].items() if name != "message")


def test_what_is_kept_per_example_makes_the_figure_and_its_interval(exported, tmp_path):
    (row,) = _evaluate(exported, tmp_path, ["onnxruntime"])
    right = unpack(row["per_example"])
    assert len(right) == int(row["examples"]) == 500
    found = share.wilson(int(right.sum()), 500)
    assert float(row["value"]) == pytest.approx(found.value)
    assert float(row["ci_low"]) == pytest.approx(found.low)


def test_a_pass_on_real_inputs_is_timed_beside_one_on_random_ones_and_beside_all_from_the_file(exported, tmp_path):
    (row,) = _evaluate(exported, tmp_path, ["onnxruntime"])
    real, random, whole = (float(row[name]) for name in ("real_s", "synthetic_s", "end_to_end_s"))
    assert real > 0
    assert random > 0
    assert whole > 0
    assert float(row["real_ratio_low"]) <= float(row["real_ratio"]) <= float(row["real_ratio_high"])


class _Clock:
    """A model whose passes take a second on real inputs and half a second on the random one; nothing is computed."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def prepared(self, example: str) -> str:
        return example

    def prepared_random(self) -> str:
        return "random"

    def pass_s(self, prepared: str) -> float:
        self.asked.append(prepared)
        return 0.5 if prepared == "random" else 1.0


class _Examples(list):
    """Examples that are decoded by looking them up."""

    def read(self, place: int) -> str:
        return self[place]


@pytest.mark.parametrize("count", [2, 7, 80])
def test_real_and_random_passes_alternate_and_which_comes_first_changes(count):
    model, examples = _Clock(), _Examples(f"real {place}" for place in range(count))
    found = timing.measure(model, examples)
    assert (found["real_s"], found["synthetic_s"], found["real_ratio"]) == (1.0, 0.5, 2.0)
    assert found["real_ratio_low"] == found["real_ratio_high"] == 2.0
    pairs = [model.asked[place : place + 4] for place in range(0, 4 * 50, 4)]  # each untimed, then timed
    assert all(pair[:2] == pair[2:] for pair in pairs)
    assert [pair[0] for pair in pairs].count("random") == [pair[1] for pair in pairs].count("random") == 25
    real = [f"real {place}" for place in range(min(count, 50))]
    assert {word for pair in pairs for word in pair} == {"random", *real}
    assert model.asked[200:] == real


def test_fewer_examples_are_a_choice_that_the_row_names(exported, tmp_path):
    (row,) = _evaluate(exported, tmp_path, ["onnxruntime"], data=_data("digits", examples=60))
    assert row["examples"] == "60"
    assert row["dataset"] == "digits (60 of 500, chosen at random)"


@pytest.mark.parametrize(
    ("metric", "status"),
    [("f1", "ok"), ("top-5", "ok"), ("mae", "unsupported"), ("spearman", "unsupported")],
)
def test_another_metric_is_computed_or_the_row_says_what_it_takes(exported, tmp_path, metric, status):
    (row,) = _evaluate(exported, tmp_path, ["onnxruntime"], metric=metric)
    assert row["status"] == status
    if status == "ok":
        assert 0.9 < float(row["value"]) <= 1
        assert float(row["ci_low"]) <= float(row["value"]) <= float(row["ci_high"])
    else:
        assert "takes a single number" in row["message"]


def test_examples_of_another_size_are_unsupported_with_both_shapes(exported, tmp_path):
    np.savez(tmp_path / "a.npz", labels=np.arange(3), x=np.zeros((3, 1, 9, 9), np.float32))
    (row,) = _evaluate(exported, tmp_path, ["onnxruntime"], data=_data("npz", file=str(tmp_path / "a.npz")))
    assert row["status"] == "unsupported"
    assert "takes 'input' of shape [1, 1, 8, 8], batch included; the examples have [1, 9, 9]" in row["message"]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["rose", "tulip", "rose"], "the model has 10 outputs, the data have 2 classes; name all classes in the order"),
        ([0, 1, 10], "the model has 10 outputs, but labels of the data go up to 10"),
        ([-1, 1, 0], "the labels of the data are whole numbers, such as -1; top-1 takes names or whole numbers from 0"),
        ([0.5, 1, 2], "the labels of the data are real numbers, such as 0.5; top-1 takes names"),
    ],
)
def test_labels_that_are_no_places_among_the_outputs_are_an_error(exported, tmp_path, labels, words):
    np.savez(tmp_path / "a.npz", labels=np.array(labels), x=np.zeros((3, 1, 8, 8), np.float32))
    (row,) = _evaluate(exported, tmp_path, ["onnxruntime"], data=_data("npz", file=str(tmp_path / "a.npz")))
    assert row["status"] == "error"
    assert words in row["message"]


TEXT_MODEL = '''
from torch import nn
import torch


class Bag(nn.Module):
    """One number per text: the mean of its tokens, those under the mask only."""

    def forward(self, input_ids, attention_mask):
        return (input_ids * attention_mask).sum(1, keepdim=True) / attention_mask.sum(1, keepdim=True)


def build():
    return Bag()
'''


def test_a_model_of_texts_with_several_inputs_is_evaluated_by_a_metric_of_numbers(tmp_path):
    """Good texts have small tokens, so the order of the outputs is that of the labels turned round."""
    tokenizers = pytest.importorskip("tokenizers")
    made = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({"[PAD]": 0, "good": 1, "so": 2, "bad": 3}, unk_token="[PAD]")
    )
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "texts.csv").write_text("text,label\n" + "good,3\ngood so,2.5\nso so,2\nbad so,1.5\nbad,1\n" * 4)
    (tmp_path / "bag.py").write_text(TEXT_MODEL)
    entry = {"shape": ["sequence"], "dtype": "int64", "low": 0, "high": 4}
    spec = {
        "name": "bag",
        "source": f"python:{tmp_path / 'bag.py'}:build",
        "inputs": [{"name": name, **entry} for name in ("input_ids", "attention_mask")],
        "axes": {"sequence": 6},
        "weights": "random",
        "content": {},
    }
    manifest = tmp_path / "bag" / "manifest-0.json"
    export({**export_job(spec, formats=["module"]), "values": {}}, manifest)
    data = _data("texts", file=str(tmp_path / "texts.csv"), tokenizer=str(tmp_path / "tokenizer.json"), length=6)
    (row,) = _evaluate(manifest, tmp_path, ["eager"], **spec, data=data, metric="spearman")
    assert (row["status"], row["message"]) == ("ok", "")
    assert float(row["value"]) == pytest.approx(-1)
    assert (row["unit"], row["higher_is_better"], row["examples"]) == ("", "1", "20")


def crash(_: dict) -> dict:
    os.kill(os.getpid(), signal.SIGSEGV)
    return {}


def be_killed(_: dict) -> dict:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def never_return(_: dict) -> dict:
    time.sleep(600)
    return {}


@pytest.mark.parametrize(("work", "status"), [(crash, "crashed"), (be_killed, "oom"), (never_return, "timeout")])
def test_a_process_that_dies_or_hangs_is_a_row(exported, tmp_path, monkeypatch, work, status):
    monkeypatch.setattr(accuracy.launch, "run", work)
    monkeypatch.setattr(accuracy, "_TIMEOUT_S", 1.0 if work is never_return else 120.0)
    (row,) = _evaluate(exported, tmp_path, ["onnxruntime"])
    assert row["status"] == status
    assert row["message"]
    assert ("examples: 1000" in row["message"]) == (status == "timeout")
    assert not row["value"]


def _copy(exported: Path, folder: Path, **files: bytes) -> Path:
    """The exported model in another folder, with other contents of the files of these formats."""
    manifest = json.loads(exported.read_text())
    for name, entries in manifest["artefacts"].items():
        for entry in entries:
            content = (exported.parent / entry["file"]).read_bytes()
            (folder / entry["file"]).write_bytes(files.get(name, content))
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder / "manifest.json"


def test_a_runtime_that_fails_is_a_row_and_the_others_are_measured(exported, tmp_path):
    rows = _evaluate(_copy(exported, tmp_path, onnx=b"no graph"), tmp_path, ["onnxruntime", "eager"])
    assert [row["status"] for row in rows] == ["error", "ok"]
    assert rows[0]["message"]
    assert not rows[0]["value"]


def test_outputs_that_are_not_finite_are_an_error_and_no_accuracy(exported, tmp_path):
    from safetensors.torch import load_file, save

    (entry,) = json.loads(exported.read_text())["artefacts"]["module"]
    weights = load_file(exported.parent / entry["file"])
    broken = save({name: tensor * float("nan") for name, tensor in weights.items()})
    (row,) = _evaluate(_copy(exported, tmp_path, module=broken), tmp_path, ["eager"])
    assert row["status"] == "error"
    assert row["message"].startswith(
        "output 1 is not finite: 10 of 10 values are NaN or infinite; check the model's weights"
    )


def test_a_killed_run_leaves_no_orphan_and_no_lock(exported, tmp_path):
    """The parent of the job, as Snakemake is, is killed while the job's server imports torch."""
    command = [sys.executable, str(SCRIPT), "--job", json.dumps(_job(["eager"]))]
    command += ["--manifest", str(exported), "--out", str(tmp_path / "accuracy.csv")]
    parent = subprocess.Popen([sys.executable, "-c", f"import subprocess; subprocess.run({command!r})"])
    below: list[psutil.Process] = []
    while len(below) < 2 and parent.poll() is None:
        below = psutil.Process(parent.pid).children(recursive=True)
        time.sleep(0.01)
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs(below, timeout=60)
    assert not alive
    assert lock.holder() == ""


def test_int8_is_calibrated_with_the_training_part_and_with_random_inputs_where_there_is_none(tmp_path):
    from joulesweep.formats._calibration import calibration_inputs
    from joulesweep.model import inputs

    spec = digits_spec()
    point = inputs.base_point(spec)
    passes, words = calibration_inputs(spec, point, 4)
    assert words == "64 training examples of digits"
    assert [each["input"].shape for each in passes] == [(4, 1, 8, 8)] * 16
    for other in ({**spec, "calibration": None}, spec):
        at = point if other is not spec else {**point, "size": 16}
        (drawn,), words = calibration_inputs(other, at, None)
        assert words == "4 random inputs"
        assert drawn["input"].shape[0] == 4
    assert spec["calibration"] == DIGITS


def test_answers_are_compared_with_those_of_eager(exported, tmp_path):
    onnxruntime, eager = _evaluate(exported, tmp_path, ["onnxruntime", "eager"])
    assert (onnxruntime["agreement_with"], eager["agreement_with"]) == ("eager", "eager")
    assert float(onnxruntime["agreement"]) >= 0.99
    assert float(eager["agreement"]) == 1


@pytest.mark.parametrize(
    ("runtimes", "baseline"),
    [
        (["onnxruntime", "eager"], "eager"),
        (["onnxruntime-int8", "openvino", "onnxruntime"], "openvino"),
        (["onnxruntime-int8"], ""),
    ],
)
def test_answers_are_compared_with_eager_or_the_first_runtime_in_single_precision(runtimes, baseline):
    assert accuracy._baseline(runtimes) == baseline


def test_the_agreement_is_the_share_of_the_same_answers():
    assert accuracy._agreement(np.array([1, 2, 3, 3]), np.array([1, 2, 0, 3]), "eager") == {
        "agreement": 0.75,
        "agreement_with": "eager",
    }
    assert accuracy._agreement(np.array([1]), None, "eager") == {}
