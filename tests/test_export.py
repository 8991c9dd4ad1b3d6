"""The export: artefacts that compute what the module does, the same bytes each time, nothing of the machine in them."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from joulesweep import plugins
from joulesweep.errors import Unsupported
from joulesweep.export.job import export
from joulesweep.model import inputs
from joulesweep.model.manifest import Manifest

from tests.digits_model import ROOT, digits_spec, export_job

pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

POINT = {"batch": 3, "size": 8, "sequence": None}


def outputs(manifest: Manifest, name: str, point: dict) -> np.ndarray:
    runtime = plugins.load("runtimes", name)()
    forward = runtime.load(manifest.artefact(runtime.format, point), 1)
    return runtime.arrays(forward(runtime.prepare(inputs.make(manifest.spec, point))))[0]


@pytest.mark.parametrize(("batch", "size"), [(1, 8), (3, 8), (2, 12)])
def test_one_onnx_file_serves_every_batch_and_size(exported, batch, size):
    manifest = Manifest.read(exported)
    point = {"batch": batch, "size": size, "sequence": None}
    np.testing.assert_allclose(
        outputs(manifest, "onnxruntime", point), outputs(manifest, "eager", point), rtol=1e-4, atol=1e-4
    )


def test_eight_bits_come_near(exported):
    manifest = Manifest.read(exported)
    found, wanted = outputs(manifest, "onnxruntime-int8", POINT), outputs(manifest, "eager", POINT)
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.98
    assert any("64 training examples of digits" in note for note in manifest.notes)
    sizes = {form: entries[0].weight_bytes for form, entries in manifest.artefacts.items()}
    assert sizes["onnx-int8"] < 0.5 * sizes["onnx"]


def test_nothing_of_the_machine_is_in_a_file(exported):
    for file in exported.parent.glob("*.onnx"):
        content = file.read_bytes()
        for word in (str(ROOT), sys.prefix, "site-packages", "digits.py", "stack_trace", str(Path.home()) + "/"):
            assert word.encode() not in content, f"{word} in {file.name}"
        model = onnx.load(file)
        assert not model.producer_name
        assert not model.metadata_props
        assert not any(node.doc_string or node.metadata_props for node in model.graph.node)


def test_the_free_dimensions_have_names(exported):
    dimensions = onnx.load(exported.parent / "model.onnx").graph.input[0].type.tensor_type.shape.dim
    assert [dimension.dim_param or dimension.dim_value for dimension in dimensions] == ["batch", 1, "height", "width"]


@pytest.mark.slow
def test_another_process_makes_the_same_bytes(exported, tmp_path):
    job = export_job(digits_spec())
    other = tmp_path / exported.name
    command = [sys.executable, "workflow/scripts/export.py", "--job", json.dumps(job), "--manifest", str(other)]
    subprocess.run(command, check=True, capture_output=True)
    first, second = Manifest.read(exported), Manifest.read(other)
    assert first.artefacts == second.artefacts
    assert first.model_digest == second.model_digest


def test_a_manifest_that_fits_is_kept_without_torch(exported):
    """A copied folder serves a device that has no torch."""
    job = export_job(digits_spec(), values={"size": [8, 16]}, versions={"torch": "another"})
    code = (
        "import sys; sys.modules['torch'] = None; sys.path.insert(0, 'workflow/scripts')\n"
        "from pathlib import Path; from joulesweep.export.job import export\n"
        f"export({job!r}, Path({str(exported)!r}))"
    )
    before = exported.read_bytes()
    subprocess.run([sys.executable, "-c", code], check=True)
    assert exported.read_bytes() == before


def test_without_torch_and_without_a_manifest_the_cure_is_one_line(tmp_path):
    code = (
        "import sys; sys.modules['torch'] = None; sys.path.insert(0, 'workflow/scripts')\n"
        "import runpy; runpy.run_path('workflow/scripts/export.py', run_name='__main__')"
    )
    command = [
        sys.executable,
        "-c",
        code,
        "--job",
        json.dumps(export_job(digits_spec())),
        "--manifest",
        str(tmp_path / "m"),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0
    assert "failed: needs torch, which is missing here; pip install torch" in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert "pip install torch" in Manifest.read(tmp_path / "m").failure


def _mlp_of_one_size(tmp_path: Path, **more: object) -> Manifest:
    spec = {**digits_spec("mlp"), "weights": "random", "calibration": None}
    path = tmp_path / "manifest-1.json"
    (tmp_path / "manifest-0.json").write_text("{}")
    return export(export_job(spec, values={"size": [8, 16]}, formats=["module", "onnx"], **more), path)


def test_a_model_for_one_size_says_so_at_the_others(tmp_path):
    manifest = _mlp_of_one_size(tmp_path)
    assert [(entry.fixed, entry.file) for entry in manifest.artefacts["onnx"]] == [({"size": 8}, "model-8.onnx")]
    assert "size=16" in manifest.errors
    assert outputs(manifest, "onnxruntime", {"batch": 5, "size": 8, "sequence": None}).shape == (5, 10)
    assert not (tmp_path / "manifest-0.json").exists()


def test_a_format_that_fails_is_an_entry_and_not_an_exception(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    manifest = _mlp_of_one_size(tmp_path)
    assert "onnxscript is missing; pip install" in manifest.errors["onnx"]
    assert "module" in manifest.artefacts


UNWRITABLE = """
import torch
from torch import nn


class Ring(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("last", torch.zeros(1, 0, 8))

    def forward(self, x):
        self.last = torch.cat([self.last, x], 1)[:, -5:]
        return self.last.mean(1)


class Complex(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, 8, 8, dtype=torch.cfloat))

    def forward(self, x):
        return torch.bmm(x.to(torch.cfloat), self.weight).abs()
"""


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "Ring",
            r"keeps a tensor from pass to pass \(last\) whose shape changes; a graph cannot hold that; run the model in",
        ),
        ("Complex", r"ONNX has no operator for aten.bmm of complex numbers; run the model in eager only"),
    ],
)
def test_a_model_that_onnx_cannot_hold_is_told_in_words_of_the_model(tmp_path, name, says):
    (tmp_path / "nets.py").write_text(UNWRITABLE)
    spec = {
        **digits_spec(),
        "source": f"python:{tmp_path / 'nets.py'}:{name}",
        "weights": "random",
        "calibration": None,
        "axes": {},
    }
    spec["inputs"] = [{**spec["inputs"][0], "shape": [1, 5, 8], "batched": False}]
    manifest = export(export_job(spec, formats=["module", "onnx"]), tmp_path / "manifest-1.json")
    assert re.search(says, manifest.errors["onnx"])


def test_a_failure_is_tried_again_when_a_library_changed(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "onnxscript", None)
        _mlp_of_one_size(tmp_path)
        assert "onnx" in _mlp_of_one_size(tmp_path).errors
    assert "onnx" not in _mlp_of_one_size(tmp_path, versions={"onnxscript": "1"}).errors


def test_a_model_that_does_not_run_on_its_input_is_a_reason_in_the_manifest_and_is_tried_again(tmp_path):
    spec = digits_spec()
    spec["inputs"] = [{**spec["inputs"][0], "shape": [3, "size", "size"]}]
    manifest = export(export_job(spec), tmp_path / "m.json")
    assert "does not run on it" in manifest.failure
    assert not manifest.artefacts
    for name in ("eager", "onnxruntime", "onnxruntime-int8"):
        with pytest.raises(Unsupported, match=r"the export failed: .*does not run on it"):
            manifest.artefact(plugins.declared("runtimes", name, "format"), POINT)
    assert export(export_job(spec), tmp_path / "m.json").exported_at


def test_an_onnx_file_is_copied_without_torch(exported, tmp_path, monkeypatch):
    user = tmp_path / "user.onnx"
    user.write_bytes((exported.parent / "model.onnx").read_bytes())
    monkeypatch.setitem(sys.modules, "torch", None)
    spec = {**digits_spec(), "source": f"onnx:{user}", "weights": "random"}
    path = tmp_path / "out" / "manifest-1.json"
    manifest = export(export_job(spec, formats=["onnx", "module"]), path)
    assert outputs(manifest, "onnxruntime", {"batch": 2, "size": 16, "sequence": None}).shape == (2, 10)
    assert "onnxruntime" in manifest.errors["module"]
    with monkeypatch.context() as patch:
        for name in [name for name in sys.modules if name.partition(".")[0] == "onnx"] + ["joulesweep.model.graph"]:
            patch.setitem(sys.modules, name, None)
        bare = export(export_job(spec, formats=["onnx"]), tmp_path / "bare" / "manifest-1.json")
    assert bare.model_digest == manifest.model_digest


def test_what_an_earlier_export_made_is_removed_and_nothing_else(tmp_path):
    first = export(export_job(digits_spec("mlp"), formats=["module", "onnx"]), tmp_path / "manifest-1.json")
    (tmp_path / "notes.txt").write_text("mine")
    spec = {**digits_spec("mlp"), "weights": "random"}
    export({**export_job(spec, formats=["module"]), "spec_digest": "another"}, tmp_path / "manifest-2.json")
    assert first.artefacts["onnx"]
    assert {path.name for path in tmp_path.iterdir()} == {"manifest-2.json", "notes.txt", "weights.safetensors"}


def test_a_format_whose_library_ends_the_process_is_an_error_and_the_others_are_made(tmp_path):
    """The whole command, in a copy of the library that has such a format."""
    scripts = tmp_path / "scripts"
    shutil.copytree(ROOT / "workflow" / "scripts", scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "joulesweep" / "formats" / "crash.py").write_text(
        "import os, signal\n"
        "class Format:\n"
        "    libraries = ()\n"
        "    made_from = ''\n"
        "    reads_data = False\n"
        "    def write(self, subject):\n"
        "        os.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    job = export_job(digits_spec("mlp"), formats=["module", "crash", "outputs"])
    path = tmp_path / "models" / "manifest-1.json"
    command = [sys.executable, scripts / "export.py", "--job", json.dumps(job), "--manifest", path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    manifest = Manifest.read(path)
    assert set(manifest.artefacts) == {"module", "outputs"}
    assert manifest.errors.keys() == {"crash"}
    assert "SIGSEGV" in manifest.errors["crash"]
    assert not manifest.begun


def test_what_an_earlier_export_of_the_same_model_made_is_not_made_again(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    first = export(export_job(digits_spec("mlp"), formats=["module"]), tmp_path / "manifest-1.json")
    file = tmp_path / first.artefacts["module"][0].file
    before = file.stat().st_mtime_ns
    second = export(export_job(digits_spec("mlp"), formats=["module", "outputs"]), tmp_path / "manifest-2.json")
    assert set(second.artefacts) == {"module", "outputs"}
    assert file.stat().st_mtime_ns == before
