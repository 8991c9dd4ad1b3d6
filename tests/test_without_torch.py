"""A device with Python 3.10 and ONNX Runtime only: it measures artefacts that were made elsewhere, and its rows merge with theirs."""

import csv
import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.digits_model import ROOT
from tests.installed import pythons
from tests.workflow_copy import Copy, configuration

pytest.importorskip("torch")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory) -> Path:
    """An interpreter of Python 3.10 with what measuring needs and ONNX Runtime, no torch, no onnx."""
    found = pythons("3.10")
    if not found:
        pytest.skip("needs Python 3.10, on the PATH or of pyenv")
    venv = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run([found[0], "-m", "venv", venv], check=True)
    envs = ROOT / "workflow" / "envs"
    install = [venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install += ["-r", envs / "measuring.txt", "onnxruntime", "-c", envs / "constraints" / "jetson.txt"]
    done = subprocess.run(install, capture_output=True, text=True)
    if "No matching distribution" in done.stderr or "connection" in done.stderr.lower():
        pytest.skip(f"the package index cannot be reached: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return venv / "bin" / "python"


def _measure(copy: Copy) -> None:
    """Everything but figures and report."""
    here = f"results/devices/{copy.config['device']}"
    stages = ("latency", "energy", "time_shares")
    copy.run("--cores", "1", "--", f"{here}/device.json", *(f"{here}/{stage}/mlp.csv" for stage in stages))
    copy.run("--cores", "1", "merge")


def _rows(copy: Copy, table: str) -> list[dict[str, str]]:
    with (copy.folder / "results" / "merged" / f"{table}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_the_rows_of_a_device_without_torch_merge_with_those_of_the_device_that_exported(bare_python, tmp_path):
    models = {
        "mlp": {"source": "onnx:mlp.onnx", "runtimes": ["onnxruntime"]},
        "cnn": {
            "source": "python:custom_models/digits.py:mlp",
            "input": {"shape": [1, 8, 8]},
            "runtimes": ["onnxruntime"],
            "weights": "custom_models/digits_mlp.safetensors",
        },
    }
    copy = Copy(tmp_path / "copy", configuration("desk", models=models))
    _measure(copy)
    copy.configure({**copy.config, "device": "board", "python": str(bare_python)})
    _measure(copy)
    latency = {(row["device"], row["model"]): row for row in _rows(copy, "latency")}
    assert {key: (row["status"], row["agrees"]) for key, row in latency.items()} == {
        (device, model): ("ok", "yes") for device in ("desk", "board") for model in models
    }
    for model in models:
        desk, board = latency["desk", model], latency["board", model]
        for column in ("model_digest", "artefact_digest", "input_digest", "code_digest"):
            assert desk[column] == board[column]
        assert "onnxruntime=1.23" in board["versions"]
        # Without torch in it, a launch is small.
        assert int(board["peak_bytes"]) < 150e6
    assert {row["device"] for row in _rows(copy, "energy") if row["status"] == "ok"} == {"desk", "board"}
    described = json.loads((copy.folder / "results/devices/board/device.json").read_text())
    assert described["python"].startswith("3.10.")


@pytest.mark.slow
def test_a_launch_without_torch_runs_by_hand_and_imports_no_torch(bare_python, exported):
    """As in CONTRIBUTING: the job of latency, one launch of it."""
    code = """
import sys
from pathlib import Path
from joulesweep.measure.latency import launch
from joulesweep.model.manifest import Manifest
manifest = Manifest.read(Path(sys.argv[1]))
point = {"batch": 1, "size": 8, "threads": 1}
line = launch.run({"artefact": manifest.artefact("onnx", point), "runtime": "onnxruntime", "point": point, "lab": True})
assert not {"torch", "onnx", "pandas", "scipy"} & set(sys.modules)
print(line["peak_bytes"], line["max_error"])
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow" / "scripts"), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [bare_python, "-c", code, exported], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    peak_bytes, max_error = map(float, done.stdout.split())
    assert peak_bytes < 150e6
    assert max_error < 1e-3
