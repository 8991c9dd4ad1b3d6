"""Parameters and FLOPs."""

import csv
import os
import subprocess
import sys

import pytest
from joulesweep.counters.base import Subject
from joulesweep.counting import job as counting_job
from joulesweep.launches import columns

from tests.digits_model import ROOT, digits_spec
from tests.installed import require
from tests.test_inputs import declared

require("torch")


def _count(exported, tmp_path, **more):
    job = {
        "model": {**digits_spec(), "runtimes": ["eager", "onnxruntime"], **more.pop("spec", {})},
        "points": [
            {"batch": batch, "size": size, "sequence": None, "base": int((batch, size) == (1, 8))}
            for batch, size in ((1, 8), (4, 8), (1, 16))
        ],
        "code_digest": "c",
        "versions": {"torch": "2", "numpy": "1"},
        **more,
    }
    counting_job.count(job, exported, tmp_path / "counts.csv", tmp_path / "layers.csv")
    with (tmp_path / "counts.csv").open() as rows, (tmp_path / "layers.csv").open() as layers:
        return list(csv.DictReader(rows)), list(csv.DictReader(layers))


@pytest.mark.slow
def test_counts_of_a_known_network(exported, tmp_path):
    """Multiply-adds by hand: pixels x kernel x channels in x channels out, three convolutions and a linear layer."""
    rows, _ = _count(exported, tmp_path)
    macs = 64 * 9 * 1 * 16 + 64 * 9 * 16 * 32 + 16 * 9 * 32 * 32 + 32 * 10
    assert [row["status"] for row in rows] == ["ok"] * 6
    assert int(rows[0]["macs"]) == macs
    assert int(rows[0]["flops"]) == 2 * macs
    assert int(rows[1]["macs"]) == 4 * macs
    assert int(rows[0]["params"]) == 9 * 16 + 32 + 9 * 16 * 32 + 64 + 9 * 32 * 32 + 64 + 330


@pytest.mark.slow
def test_no_warning_about_a_graphics_card_is_shown_where_there_is_none(exported, tmp_path):
    """torch warns once in a process, so that only a new one shows it."""
    command = (
        "import sys; from tests import test_counting; from pathlib import Path;"
        "point = {'batch': 1, 'size': 8, 'sequence': None, 'base': 1};"
        "test_counting._count(Path(sys.argv[1]), Path(sys.argv[2]), points=[point])"
    )
    paths = {"PYTHONPATH": f"{ROOT}:{ROOT / 'workflow' / 'scripts'}"}
    done = subprocess.run(
        [sys.executable, "-c", command, str(exported), str(tmp_path)],
        env=os.environ | paths,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "TF32" not in done.stderr


def test_operators_without_a_formula_are_listed(exported, tmp_path):
    listed = dict(part.split("=") for part in _count(exported, tmp_path)[0][0]["uncounted_operators"].split())
    assert listed["relu"] == "3"
    assert "max_pool2d_with_indices" in listed
    assert not {"view", "convolution", "addmm", "t"} & set(listed)


def test_a_convolution_with_a_filter_per_channel_is_an_operator_of_its_own():
    """Grouped, but with several channels per group, it is not."""
    from joulesweep.counters.flops import Counter
    from torch import nn

    module = nn.Sequential(nn.Conv2d(4, 8, 3, groups=4, padding=1), nn.Conv2d(8, 8, 1, groups=2), nn.Conv2d(8, 4, 1))
    subject = Subject({**digits_spec(), "inputs": [declared("x", [4, 8, 8])], "axes": {}}, module, has_numbers=True)
    found = Counter().point(subject, {"batch": 1})
    assert found["macs_by_operator"] == f"convolution={64 * (8 * 4 + 4 * 8)} depthwise_convolution={64 * 8 * 9}"


def test_each_runtime_s_row_has_the_bytes_of_its_own_file(exported, tmp_path):
    rows, _ = _count(exported, tmp_path)
    assert {row["runtime"] for row in rows} == {"eager", "onnxruntime"}
    assert rows[0]["weight_bytes"] != rows[3]["weight_bytes"]
    assert rows[0]["artefact_digest"] != rows[3]["artefact_digest"]
    assert rows[0]["versions"] == "numpy=1 torch=2"
    assert set(rows[0]) == set(columns.COUNTS.header)


def test_layers_add_up_to_the_model(exported, tmp_path):
    rows, layers = _count(exported, tmp_path)
    assert (layers[0]["module"], layers[0]["operator"]) == ("(model)", "(all)")
    parts = [layer for layer in layers if layer["operator"] == "(all)"][1:]
    kinds = [layer for layer in layers[1:] if layer["module"] == "(model)"]
    for column in ("params", "flops"):
        assert sum(int(part[column]) for part in parts) == int(layers[0][column]) == int(rows[0][column])
    for column in ("macs", "flops", "weight_moved_bytes", "activation_moved_bytes"):
        assert sum(int(kind[column]) for kind in kinds) == int(layers[0][column]) == int(rows[0][column])


def test_bytes_moved_are_those_of_every_operator_and_intensity_is_flops_over_them(exported, tmp_path):
    """Of the first convolution: its weights, one example of 64 pixels in, 16 channels of them out, 4 bytes each."""
    rows, layers = _count(exported, tmp_path)
    first = next(layer for layer in layers if layer["module"] == "0")
    assert int(first["weight_moved_bytes"]) == 4 * 9 * 16
    assert int(first["activation_moved_bytes"]) == 4 * (64 + 64 * 16)
    moved = int(rows[0]["weight_moved_bytes"]) + int(rows[0]["activation_moved_bytes"])
    assert float(rows[0]["flops_per_byte"]) == pytest.approx(int(rows[0]["flops"]) / moved)
    assert rows[1]["weight_moved_bytes"] == rows[0]["weight_moved_bytes"], "a batch reads the weights once"


def test_the_size_of_the_exported_file_and_the_checksum_of_the_weights_are_in_the_row(exported, tmp_path):
    weights = digits_spec()["weights"]
    rows, _ = _count(exported, tmp_path, spec={"content": {weights: "0123"}})
    assert {row["weights_digest"] for row in rows} == {"0123"}
    assert int(rows[0]["file_bytes"]) == (exported.parent / "weights.safetensors").stat().st_size


def test_a_cross_check_that_is_missing_is_a_note_and_the_row_stands(exported, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ptflops", None)
    monkeypatch.delitem(sys.modules, "joulesweep.counters.ptflops", raising=False)
    row = _count(exported, tmp_path)[0][0]
    assert row["status"] == "ok"
    assert "ptflops: ptflops is missing; pip install ptflops" in row["notes"]
    assert not row["macs_ptflops"]


def test_a_point_that_the_model_refuses_is_a_row_with_its_parameters(exported, tmp_path):
    rows, _ = _count(exported, tmp_path, spec={"source": "python:custom_models/digits.py:mlp"})
    assert rows[2]["status"] == "error"
    assert rows[2]["params"] == "2410"
    assert not rows[2]["flops"]


def test_a_model_that_looks_at_numbers_while_it_runs_is_counted_with_its_weights(exported, tmp_path):
    """Attention and recurrence are counted too, whose fused forms on the CPU have no formula."""
    file = tmp_path / "decides.py"
    file.write_text(
        "import torch\nfrom torch import nn\n"
        "class Decides(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.recurrent = nn.LSTM(8, 4, batch_first=True)\n"
        "    def forward(self, x):\n"
        "        rows, _ = self.recurrent(x[:, 0])\n"
        "        if rows.abs().max() > 100:\n"
        "            return rows\n"
        "        return nn.functional.scaled_dot_product_attention(rows, rows, rows)\n"
        "def build(): return Decides()\n"
    )
    spec = {"source": f"python:{file}:build", "weights": "random"}
    row = _count(exported, tmp_path, spec=spec)[0][0]
    assert (row["status"], int(row["macs"])) == ("ok", 8 * (16 * 8 + 16 * 4) + 2 * 8 * 8 * 4)


def test_a_model_that_multiplies_nothing_has_no_flops_and_its_operators_are_listed(exported, tmp_path):
    file = tmp_path / "adds.py"
    file.write_text("from torch import nn\ndef build(): return nn.ReLU()\n")
    row = _count(exported, tmp_path, spec={"source": f"python:{file}:build", "weights": "random"})[0][0]
    assert (row["status"], row["macs"], row["params"], row["uncounted_operators"]) == ("ok", "0", "0", "relu=1")


def test_a_model_that_looks_at_numbers_while_it_is_built_is_counted(exported, tmp_path):
    file = tmp_path / "peeks.py"
    file.write_text(
        "import torch\nfrom torch import nn\n"
        "def build():\n    wide = int(torch.linspace(1, 4, 4)[-1].item())\n"
        "    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, wide))\n"
    )
    rows, _ = _count(exported, tmp_path, spec={"source": f"python:{file}:build", "weights": "random"})
    assert (rows[0]["status"], rows[0]["macs"], rows[0]["params"]) == ("ok", "4", "8")
