"""Accuracy on labelled data."""

import builtins
import csv
import json
import math
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
from hypothesis import given
from hypothesis import strategies as st
from joulesweep import plugins
from joulesweep.errors import UserError
from joulesweep.launches import columns
from joulesweep.measure import accuracy, lock

from tests.digits_model import ROOT, digits_spec
from tests.installed import require

require("torch", "sklearn")

pytestmark = pytest.mark.slow


SCRIPT = ROOT / "workflow" / "scripts" / "evaluate.py"


def _job(runtimes: list[str]) -> dict[str, Any]:
    return {
        "device": "test-accuracy",
        "model": {**digits_spec(), "runtimes": runtimes},
        "threads": 1,
        "code_digest": dict.fromkeys(runtimes, "c"),
        "versions": {runtime: {"torch": "2"} for runtime in runtimes},
    }


def _evaluate(exported: Path, tmp_path: Path, runtimes: list[str]) -> list[dict[str, str]]:
    accuracy.evaluate(_job(runtimes), exported, tmp_path / "accuracy.csv")
    with (tmp_path / "accuracy.csv").open() as rows:
        return list(csv.DictReader(rows))


def test_the_shipped_network_reads_digits_in_every_runtime(exported, tmp_path):
    rows = _evaluate(exported, tmp_path, ["eager", "onnxruntime", "onnxruntime-int8"])
    assert [row["status"] for row in rows] == ["ok"] * 3
    assert all(float(row["value"]) > 0.95 for row in rows)
    assert all(float(row["ci_low"]) < float(row["value"]) < float(row["ci_high"]) for row in rows)
    assert rows[0]["value"] == rows[1]["value"]
    assert set(rows[0]) == set(columns.ACCURACY.header)


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
    monkeypatch.setattr(accuracy, "correct", work)
    monkeypatch.setattr(accuracy, "_TIMEOUT_S", 1.0 if work is never_return else 120.0)
    (row,) = _evaluate(exported, tmp_path, ["onnxruntime"])
    assert row["status"] == status
    assert row["message"]
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
        "output 1 is not finite: 500 of 500 values are NaN or infinite; check the model's weights"
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


@given(st.integers(1, 2000).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
def test_wilson_s_interval_solves_its_equation_and_holds_the_share(pair):
    """Its ends are the shares p with |right / n - p| = z sqrt(p (1 - p) / n)."""
    right, count = pair
    low, high = accuracy.wilson(right, count)
    assert 0 <= low <= right / count <= high <= 1
    for end in (low, high):
        assert math.isclose(abs(right / count - end), 1.959964 * math.sqrt(end * (1 - end) / count), abs_tol=1e-6)


def test_the_digits_are_split_into_parts_that_share_no_example():
    found = plugins.load("datasets", "digits")().load()
    assert found.test_inputs.shape == (500, 1, 8, 8)
    assert len(found.train_inputs) + len(found.test_inputs) == 1797
    assert 0 == found.train_inputs.min() < found.train_inputs.max() == 1
    assert np.bincount(found.test_labels).min() > 30


def test_the_split_is_the_one_that_the_shipped_weights_were_trained_with():
    found = plugins.load("datasets", "digits")().load()
    assert found.test_labels[:8].tolist() == [6, 4, 2, 3, 6, 9, 7, 0]


@pytest.mark.parametrize(("module", "package"), [("sklearn", "scikit-learn"), ("scipy", "scipy")])
def test_the_package_that_the_digits_lack_is_the_one_that_is_named(monkeypatch, module, package):
    """scikit-learn may be there and something that it imports not."""
    real = builtins.__import__

    def fail(name: str, *arguments: Any, **more: Any) -> Any:
        if name.startswith("sklearn"):
            raise ModuleNotFoundError(f"No module named '{module}'", name=module)
        return real(name, *arguments, **more)

    data_set = plugins.load("datasets", "digits")()
    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(UserError, match=f"pip install {package}$"):
        data_set.load()
