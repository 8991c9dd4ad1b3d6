"""ONNX files without a torch original, counted from their graphs."""

import csv
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from joulesweep import plugins
from joulesweep.counters.base import Graph
from joulesweep.counting import job as counting_job
from joulesweep.model.manifest import Manifest

from tests.digits_model import digits_spec
from tests.test_inputs import declared

onnx = pytest.importorskip("onnx")
graphs = pytest.importorskip("joulesweep.model.graph")
helper, numpy_helper = onnx.helper, onnx.numpy_helper

FLOAT = onnx.TensorProto.FLOAT


def _graph(nodes: list, tensors: dict[str, np.ndarray], given: dict[str, list], axes: dict | None = None) -> Graph:
    """A graph whose last node's first output is its own, with inputs of these declared shapes, and names for free ones."""
    values = [helper.make_tensor_value_info(name, FLOAT, [str(n) for n in shape]) for name, shape in given.items()]
    out = helper.make_empty_tensor_value_info(nodes[-1].output[0])
    stored = [numpy_helper.from_array(array, name) for name, array in tensors.items()]
    model = helper.make_model(
        helper.make_graph(nodes, "g", values, [out], stored),
        opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)],
    )
    inputs = [declared(name, shape, batched=False) for name, shape in given.items()]
    return Graph({"name": "m", "source": "onnx:m.onnx", "inputs": inputs, "axes": axes or {}}, model)


def _columns(graph: Graph, **at: int) -> dict[str, Any]:
    found = counting_job.point_columns(graph, {"batch": 1, "size": None, "sequence": None, **at})
    assert found["status"] == "ok", found["message"]
    return found


def _zeros(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return np.zeros(shape, dtype=dtype)


@pytest.mark.parametrize("point", [{"batch": 1, "size": 8}, {"batch": 3, "size": 12}])
def test_an_exported_network_has_the_multiply_adds_of_its_module_at_every_point(exported, point):
    point = {"sequence": None, **point}
    graph = Graph(digits_spec(), onnx.load(exported.parent / "model.onnx"))
    wanted = plugins.load("counters", "flops")().point(counting_job.module(digits_spec()), point)
    assert counting_job.point_columns(graph, point)["macs"] == wanted["macs"]


def test_a_convolution_with_a_filter_per_channel_is_an_operator_of_its_own():
    nodes = [
        helper.make_node("Conv", ["x", "deep"], ["y"], group=4),
        helper.make_node("Conv", ["y", "whole"], ["z"]),
    ]
    tensors = {"deep": _zeros(4, 1, 3, 3), "whole": _zeros(4, 4, 1, 1)}
    found = _columns(_graph(nodes, tensors, {"x": [1, 4, 8, 8]}))
    assert found["macs_by_operator"] == "Conv=576 depthwise_Conv=1296"


def test_eight_bits_change_the_bytes_and_nothing_that_is_multiplied(exported):
    plain, quantised = (
        _columns(Graph(digits_spec(), onnx.load(exported.parent / name)), size=8)
        for name in ("model.onnx", "model-int8.onnx")
    )
    assert (quantised["macs"], quantised["params"]) == (plain["macs"], plain["params"])
    kinds = dict(part.split("=") for part in quantised["bytes_by_type"].split())
    assert int(kinds["int8"]) > 14000


def test_every_kind_of_product_is_counted():
    """By hand: what comes out, times the length of the sum behind each number."""
    x = {"x": [2, 6, 5, 5]}
    for node, weight, macs in (
        (helper.make_node("Conv", ["x", "w"], ["y"], group=2), _zeros(8, 3, 3, 3), 2 * 8 * 9 * 27),
        (helper.make_node("ConvTranspose", ["x", "w"], ["y"]), _zeros(6, 4, 3, 3), 2 * 6 * 25 * 36),
        (helper.make_node("MatMul", ["x", "w"], ["y"]), _zeros(5, 7), 2 * 6 * 5 * 7 * 5),
        (helper.make_node("Einsum", ["x", "w"], ["y"], equation="abcd,de->abce"), _zeros(5, 3), 300 * 3),
    ):
        found = _columns(_graph([node], {"w": weight}, x))
        assert (found["macs"], found["params"]) == (macs, weight.size)
        assert found["uncounted_operators"] == ""


def test_recurrent_layers_multiply_at_every_step():
    node = helper.make_node("LSTM", ["x", "w", "r"], ["y"], hidden_size=8)
    found = _columns(_graph([node], {"w": _zeros(1, 32, 5), "r": _zeros(1, 32, 8)}, {"x": [7, 2, 5]}))
    assert found["macs"] == 7 * 2 * (32 * 5 + 32 * 8)


def test_fused_attention_is_counted():
    q = {name: [2, 4, length, 16] for name, length in (("q", 10), ("k", 12), ("v", 12))}
    found = _columns(_graph([helper.make_node("Attention", ["q", "k", "v"], ["y"])], {}, q))
    assert found["macs"] == 2 * 2 * 4 * 10 * 12 * 16


def test_shapes_that_other_operators_compute_are_known_at_every_point():
    """A reshape to the batch's length, half the sequence and the rest, as exporters write it."""
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "zero"], ["batch"], axis=0),
        helper.make_node("Gather", ["shape", "one"], ["length"], axis=0),
        helper.make_node("Div", ["length", "two"], ["half"]),
        helper.make_node("Concat", ["batch", "half", "rest"], ["target"], axis=0),
        helper.make_node("Reshape", ["x", "target"], ["turned"]),
        helper.make_node("MatMul", ["turned", "w"], ["y"]),
    ]
    numbers = {name: np.array([n]) for name, n in (("zero", 0), ("one", 1), ("two", 2), ("rest", -1))}
    graph = _graph(nodes, {**numbers, "w": _zeros(12, 50)}, {"x": ["batch", "sequence", 6]}, {"sequence": 4})
    assert _columns(graph, sequence=4)["macs"] == 2 * 12 * 50
    assert _columns(graph, batch=3, sequence=10)["macs"] == 3 * 5 * 12 * 50
    assert _columns(graph)["params"] == 600


def test_what_has_no_formula_no_shape_or_a_graph_inside_is_listed_and_not_silently_zero():
    branch = helper.make_graph(
        [helper.make_node("MatMul", ["x", "in_branch"], ["z"])],
        "branch",
        [],
        [helper.make_empty_tensor_value_info("z")],
        [numpy_helper.from_array(_zeros(3, 3), "in_branch")],
    )
    nodes = [
        helper.make_node("NonZero", ["x"], ["places"]),  # as many as there are numbers that are not zero
        helper.make_node("Cast", ["places"], ["floats"], to=FLOAT),
        helper.make_node("MatMul", ["w", "floats"], ["product"]),
        helper.make_node("ReduceSum", ["product"], ["sum"], keepdims=0),
        helper.make_node("Cast", ["sum"], ["condition"], to=onnx.TensorProto.BOOL),
        helper.make_node("If", ["condition"], ["y"], then_branch=branch, else_branch=branch),
    ]
    graph = _graph(nodes, {"w": _zeros(4, 2)}, {"x": [2, 3]})
    found = _columns(graph)
    listed = dict(part.split("=") for part in found["uncounted_operators"].split())
    assert listed == {"If": "1", "MatMul_of_unknown_shape": "1", "NonZero": "1", "ReduceSum": "1"}
    assert found["params"] == 8 + 2 * 9
    assert graphs.weight_bytes(graph.model) == 4 * (8 + 2 * 9)


def test_a_branch_whose_condition_is_known_is_taken():
    """As where a model serves two sampling rates, and the rate is declared as a range of one number."""
    branches = {
        name: helper.make_graph(
            [helper.make_node("MatMul", ["x", "w"], ["z"])],
            name,
            [],
            [helper.make_empty_tensor_value_info("z")],
            [numpy_helper.from_array(_zeros(3, width), "w")],
        )
        for name, width in (("then_branch", 5), ("else_branch", 7))
    }
    nodes = [
        helper.make_node("Equal", ["rate", "sixteen"], ["condition"]),
        helper.make_node("If", ["condition"], ["y"], **branches),
    ]
    graph = _graph(nodes, {"sixteen": np.array(16000)}, {"x": [2, 3], "rate": []})
    graph.model.graph.input[1].type.tensor_type.elem_type = onnx.TensorProto.INT64
    for rate, macs in ((16000, 2 * 3 * 5), (8000, 2 * 3 * 7)):
        graph.spec["inputs"][1] = declared("rate", [], dtype="int64", low=rate, high=rate + 1, batched=False)
        assert _columns(graph)["macs"] == macs


def test_a_tensor_that_two_operators_use_is_told_apart():
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("MatMul", ["h", "w"], ["y"])]
    found = _columns(_graph(nodes, {"w": _zeros(4, 4)}, {"x": [2, 4]}))
    assert (found["params"], found["params_every_use"]) == (16, 32)
    assert found["shared"] == "w in 2 operators (16)"


def test_quantised_weights_are_whole_numbers_and_their_scales_are_no_weights():
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "scale", "zero"], ["floats"], axis=1),
        helper.make_node("MatMul", ["x", "floats"], ["y"]),
    ]
    tensors = {"w": _zeros(4, 6, dtype=np.int8), "scale": _zeros(6), "zero": _zeros(6, dtype=np.int8)}
    found = _columns(_graph(nodes, tensors, {"x": [2, 4]}))
    assert (found["params"], found["buffers"], found["macs"]) == (24, 12, 48)
    assert found["bytes_by_type"] == "float=24 int8=30"


def test_bytes_moved_are_those_of_weights_and_of_what_goes_in_and_out():
    found = _columns(_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": _zeros(40, 50)}, {"x": [3, 40]}))
    assert (found["weight_moved_bytes"], found["activation_moved_bytes"]) == (4 * 2000, 4 * (120 + 150))
    assert found["flops_per_byte"] == found["flops"] / (8000 + 1080)


def test_an_onnx_model_is_counted_without_torch(exported, tmp_path):
    spec = {**digits_spec(), "source": "onnx:a.onnx", "runtimes": ["onnxruntime"], "weights": "pretrained"}
    job = {
        "model": spec,
        "points": [{"batch": 1, "size": 8, "sequence": None, "base": 1}],
        "code_digest": "c",
        "versions": {},
    }
    code = (
        "import sys; sys.modules['torch'] = None; sys.path.insert(0, 'workflow/scripts')\n"
        "from pathlib import Path; from joulesweep.counting.job import count\n"
        f"count({job!r}, Path({str(exported)!r}), Path({str(tmp_path)!r}, 'c.csv'), Path({str(tmp_path)!r}, 'l.csv'))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with (tmp_path / "c.csv").open() as rows, (tmp_path / "l.csv").open() as layers:
        (row,), kinds = list(csv.DictReader(rows)), list(csv.DictReader(layers))
    assert row["status"] == "ok"
    assert int(row["macs"]) == sum(int(kind["macs"]) for kind in kinds if kind["operator"] in ("Conv", "Gemm"))
    assert row["model_digest"] == Manifest.read(exported).model_digest
