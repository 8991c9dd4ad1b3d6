"""Parameters and FLOPs."""

import csv

import pytest
from joulesweep import counts, plugins, records

from tests.digits_model import digits_spec

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

parameters = plugins.load("counting", "parameters")


def _count(exported, tmp_path, **more):
    job = {
        "model": {**digits_spec(), "runtimes": ["eager", "onnxruntime"], **more.pop("spec", {})},
        "points": [{"batch": batch, "size": size, "sequence": None} for batch, size in ((1, 8), (4, 8), (1, 16))],
        "code_digest": "c",
        "versions": {"torch": "2", "numpy": "1"},
        **more,
    }
    counts.count(job, exported, tmp_path / "counts.csv", tmp_path / "layers.csv")
    with (tmp_path / "counts.csv").open() as rows, (tmp_path / "layers.csv").open() as layers:
        return list(csv.DictReader(rows)), list(csv.DictReader(layers))


def test_sharing_is_seen_in_the_three_ways_of_counting():
    """Two layers with one matrix of 800, and a parameter that is a view of it."""
    for device in ("cpu", "meta"):
        with torch.device(device):
            model = nn.ModuleList([nn.Linear(20, 40, bias=False), nn.Linear(20, 40, bias=False)])
            model[1].weight = model[0].weight
            model.view = nn.Parameter(model[0].weight.detach().view(-1), requires_grad=False)
        assert parameters.count(model) == {
            "params": 1600,
            "params_every_use": 2400,
            "params_by_storage": 800,
            "params_trainable": 800,
        }


def test_counts_of_a_known_network(exported, tmp_path):
    """Multiply-adds by hand: pixels x kernel x channels in x channels out, three convolutions and a linear layer."""
    rows, _ = _count(exported, tmp_path)
    macs = 64 * 9 * 1 * 16 + 64 * 9 * 16 * 32 + 16 * 9 * 32 * 32 + 32 * 10
    assert [row["status"] for row in rows] == ["ok"] * 6
    assert int(rows[0]["macs"]) == macs
    assert int(rows[0]["flops"]) == 2 * macs
    assert int(rows[1]["macs"]) == 4 * macs
    assert int(rows[0]["params"]) == 9 * 16 + 32 + 9 * 16 * 32 + 64 + 9 * 32 * 32 + 64 + 330


def test_operators_without_a_formula_are_listed(exported, tmp_path):
    listed = dict(part.split("=") for part in _count(exported, tmp_path)[0][0]["uncounted_operators"].split())
    assert listed["relu"] == "3"
    assert "max_pool2d_with_indices" in listed
    assert not {"view", "convolution", "addmm", "t"} & set(listed)


def test_each_runtime_s_row_has_the_bytes_of_its_own_file(exported, tmp_path):
    rows, _ = _count(exported, tmp_path)
    assert {row["runtime"] for row in rows} == {"eager", "onnxruntime"}
    assert rows[0]["weight_bytes"] != rows[3]["weight_bytes"]
    assert rows[0]["artefact_digest"] != rows[3]["artefact_digest"]
    assert rows[0]["versions"] == "numpy=1 torch=2"
    assert set(rows[0]) == set(records.COUNTS.header)


def test_layers_add_up_to_the_model(exported, tmp_path):
    rows, layers = _count(exported, tmp_path)
    assert layers[0]["module"] == "(model)"
    for column in ("params", "flops"):
        assert sum(int(layer[column]) for layer in layers[1:]) == int(layers[0][column]) == int(rows[0][column])


def test_a_point_that_the_model_refuses_is_a_row_with_its_parameters(exported, tmp_path):
    rows, _ = _count(exported, tmp_path, spec={"source": "python:custom_models/digits.py:mlp"})
    assert rows[2]["status"] == "error"
    assert rows[2]["params"] == "2410"
    assert not rows[2]["flops"]


def test_a_model_that_looks_at_numbers_while_it_is_built_is_counted(exported, tmp_path):
    file = tmp_path / "peeks.py"
    file.write_text(
        "import torch\nfrom torch import nn\n"
        "def build():\n    wide = int(torch.linspace(1, 4, 4)[-1].item())\n"
        "    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, wide))\n"
    )
    rows, _ = _count(exported, tmp_path, spec={"source": f"python:{file}:build"})
    assert (rows[0]["status"], rows[0]["macs"], rows[0]["params"]) == ("ok", "4", "8")


def test_an_onnx_file_s_parameters_are_counted_and_its_flops_said_to_be_missing(exported, tmp_path):
    pytest.importorskip("onnx")
    rows, layers = _count(exported, tmp_path, spec={"source": "onnx:a.onnx", "runtimes": ["onnxruntime"]})
    assert rows[0]["status"] == "ok"
    assert "not counted" in rows[0]["message"]
    assert int(rows[0]["params"]) > 14000
    assert not rows[0]["flops"]
    assert layers == []
