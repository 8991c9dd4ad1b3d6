"""Models that are ONNX files: read without the onnx package, whole with their external weights, quantised where they can be."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from joulesweep import plugins
from joulesweep.errors import UserError
from joulesweep.export.job import export
from joulesweep.model import inputs, onnx_header
from joulesweep.model.manifest import Manifest
from joulesweep.pipeline.configuration import config

from tests.digits_model import export_job
from tests.test_inputs import declared

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402


def _net(file: Path, batch: Any = "N", dtype: Any = np.float32, opset: int = 17, listed: bool = False) -> Path:
    """A product with a matrix, as exporters of several ages write it."""
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    weights = numpy_helper.from_array(np.random.default_rng(0).standard_normal((64, 10)).astype(dtype), "w")
    taken = [helper.make_tensor_value_info("data", kind, [batch, 64])]
    taken += [helper.make_tensor_value_info("w", kind, [64, 10])] if listed else []
    given = [helper.make_tensor_value_info("y", kind, [batch, 10])]
    graph = helper.make_graph([helper.make_node("MatMul", ["data", "w"], ["y"])], "g", taken, given, [weights])
    opsets = [helper.make_opsetid("", opset)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=4 if opset < 10 else 8), file)
    return file


def _external(file: Path, location: str = "weights.bin") -> Path:
    model = onnx.load(_net(file))
    onnx.save(model, file, save_as_external_data=True, location="weights.bin", size_threshold=0)
    if location != "weights.bin":
        model = onnx.load(file, load_external_data=False)
        next(entry for entry in model.graph.initializer[0].external_data if entry.key == "location").value = location
        file.write_bytes(model.SerializeToString())
    return file


def _export(file: Path, folder: Path, shape: list[Any] | None = None, **more: Any) -> Manifest:
    spec = {"name": "m", "source": f"onnx:{file}", "inputs": [{**declared("data", shape or [64]), **more}], "axes": {}}
    spec |= {"weights": "pretrained", "content": {}}
    return export(export_job(spec, values={}, formats=["onnx", "onnx-int8"]), folder / "out" / "manifest-1.json")


def _outputs(manifest: Manifest, name: str, batch: int) -> np.ndarray:
    runtime = plugins.load("runtimes", name)()
    point = {**inputs.base_point(manifest.spec), "batch": batch}
    forward = runtime.load(manifest.artefact(runtime.format, point), 1)
    return runtime.arrays(forward(runtime.prepare(inputs.make(manifest.spec, point))))[0]


def _load(folder: Path, source: Path, **model: Any) -> dict[str, Any]:
    entry = {"source": f"onnx:{source}", "runtimes": ["onnxruntime"], **model}
    (folder / "c.yaml").write_text(yaml.safe_dump({"models": {"m": entry}}))
    return config.load(folder / "c.yaml").models["m"]


def _refusal(folder: Path, source: Path, **model: Any) -> str:
    with pytest.raises(UserError) as raised:
        _load(folder, source, **model)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) <= 300
    return str(raised.value)


def test_weights_in_a_file_beside_it_are_taken_in_and_belong_to_the_content(tmp_path):
    plain, external = _net(tmp_path / "plain.onnx"), _external(tmp_path / "net.onnx")
    manifests = [_export(file, tmp_path / file.stem) for file in (plain, external)]
    assert not manifests[1].errors
    np.testing.assert_array_equal(*(_outputs(manifest, "onnxruntime", 2) for manifest in manifests))
    content = _load(tmp_path, external)["content"]
    assert set(content) == {str(external), str(tmp_path / "weights.bin")}
    (tmp_path / "weights.bin").write_bytes(bytes(64 * 10 * 4))
    assert _load(tmp_path, external)["content"] != content
    assert _export(external, tmp_path / "other").model_digest != manifests[1].model_digest


@pytest.mark.parametrize("location", ["../weights.bin", "/etc/hostname", "a/../../weights.bin", "link.bin"])
def test_weights_outside_the_folder_are_refused(tmp_path, location):
    folder = tmp_path / "inner"
    folder.mkdir()
    (tmp_path / "weights.bin").write_bytes(bytes(64 * 10 * 4))
    (folder / "link.bin").symlink_to(tmp_path / "weights.bin")
    file = _external(folder / "net.onnx", location)
    assert "its weights lie outside its folder" in _refusal(tmp_path, file)
    assert "its weights lie outside its folder" in _export(file, tmp_path).failure


def test_missing_weights_and_damaged_files_are_one_line(tmp_path):
    file = _external(tmp_path / "net.onnx")
    (tmp_path / "weights.bin").unlink()
    assert "which is missing; copy that file too" in _refusal(tmp_path, file)
    for content in (b"", b"no graph at all", file.read_bytes()[:40], bytes(range(256))):
        file.write_bytes(content)
        assert "net.onnx" in _refusal(tmp_path, file)


def test_the_header_says_what_the_onnx_package_says(tmp_path):
    for dtype in (np.float16, np.float32, np.float64, np.int32, np.int64):
        found = onnx_header.inputs(_net(tmp_path / "n.onnx", batch="N", dtype=dtype, listed=True))
        assert [(value.name, value.dtype, value.shape) for value in found] == [
            ("data", np.dtype(dtype).name, ("N", 64))
        ]
    assert onnx_header.inputs(_net(tmp_path / "n.onnx", batch=4))[0].shape == (4, 64)


def test_inputs_are_read_from_the_file_where_none_is_written(tmp_path):
    spec = _load(tmp_path, _net(tmp_path / "n.onnx", dtype=np.float16))
    (entry,) = spec["inputs"]
    assert (entry["name"], entry["dtype"], entry["shape"], entry.get("batched", True)) == (
        "data",
        "float16",
        [64],
        True,
    )
    (entry,) = _load(tmp_path, _net(tmp_path / "n.onnx", batch=4))["inputs"]
    assert (entry["shape"], entry["batched"]) == ([4, 64], False)
    assert (
        _load(tmp_path, _net(tmp_path / "n.onnx", dtype=np.float16), input={"shape": [64]})["inputs"][0]["dtype"]
        == "float16"
    )


@pytest.mark.parametrize(
    ("net", "model", "words"),
    [
        ({"batch": 1}, {"sweeps": {"batch": [1, 4]}}, "the file takes only batch=1; export it with a free batch"),
        (
            {"batch": 4},
            {"input": {"shape": [64]}},
            "takes only batches of 4; write input: {shape: [4, 64], batched: false}",
        ),
        ({}, {"input": {"shape": [65]}}, "takes data of shape [N, 64], not [1, 65]"),
        ({}, {"input": {"shape": [8, 64]}}, "takes data of shape [N, 64]"),
        ({}, {"input": {"shape": [64], "dtype": "int64"}}, "data is float32 in the file; leave the key out"),
        ({}, {"inputs": {"a": {"shape": [64]}, "b": {"shape": [64]}}}, "takes 1 inputs"),
        ({"dtype": np.int8}, {}, "is of a type of which no inputs are made"),
        ({}, {"arguments": {"classes": 3}}, "a source onnx calls no function of yours"),
    ],
)
def test_what_the_file_does_not_take_is_one_line_before_anything_runs(tmp_path, net, model, words):
    assert words in _refusal(tmp_path, _net(tmp_path / "n.onnx", **net), **model)


def test_a_general_sweep_leaves_out_a_file_with_a_fixed_batch(tmp_path):
    entry = {"source": f"onnx:{_net(tmp_path / 'n.onnx', batch=1)}", "runtimes": ["onnxruntime"]}
    free = {"source": f"onnx:{_net(tmp_path / 'free.onnx')}", "runtimes": ["onnxruntime"]}
    (tmp_path / "c.yaml").write_text(
        yaml.safe_dump({"models": {"m": entry, "free": free}, "sweeps": {"batch": [1, 4]}})
    )
    loaded = config.load(tmp_path / "c.yaml")
    assert [warning.partition(".yaml: ")[2] for warning in loaded.warnings] == [
        "sweeps.batch: not swept of m, whose file has a fixed batch"
    ]
    assert [point["batch"] for point in loaded.latency_points("m")] == [1]
    assert [point["batch"] for point in loaded.latency_points("free")] == [1, 4]


@pytest.mark.parametrize(
    ("net", "shape", "more", "batch"),
    [
        ({"batch": 1}, None, {}, 1),
        ({"batch": 4}, [4, 64], {"batched": False}, 1),
        ({"opset": 9, "listed": True}, None, {}, 3),
        ({"opset": 11}, None, {}, 3),
        ({}, None, {}, 3),
    ],
)
def test_eight_bits_are_made_with_the_batch_and_operators_that_the_file_has(tmp_path, net, shape, more, batch):
    manifest = _export(_net(tmp_path / "n.onnx", **net), tmp_path, shape, **more)
    assert not manifest.errors
    wanted, found = (_outputs(manifest, name, batch) for name in ("onnxruntime", "onnxruntime-int8"))
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.95


def test_half_precision_runs_and_its_eight_bits_are_refused_in_one_line(tmp_path):
    manifest = _export(_net(tmp_path / "n.onnx", dtype=np.float16), tmp_path, dtype="float16")
    assert _outputs(manifest, "onnxruntime", 3).dtype == np.float16
    assert "data of this one is of half precision; export it as float32" in manifest.errors["onnx-int8"]


def test_a_file_with_operators_that_the_runtime_does_not_know_is_refused_at_the_export(tmp_path):
    model = onnx.load(_net(tmp_path / "n.onnx"))
    model.graph.node[0].domain = "com.vendor"
    model.opset_import.append(helper.make_opsetid("com.vendor", 1))
    onnx.save(model, tmp_path / "n.onnx")
    manifest = _export(tmp_path / "n.onnx", tmp_path)
    assert set(manifest.errors) == {"onnx", "onnx-int8"}
    assert "com.vendor:MatMul" in manifest.errors["onnx"]


def test_an_element_type_has_the_number_that_onnx_gives_it():
    assert {name: getattr(TensorProto, name) for name in ("FLOAT", "INT64", "FLOAT16")} == {
        "FLOAT": 1,
        "INT64": 7,
        "FLOAT16": 10,
    }
