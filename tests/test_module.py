"""A module is the same in the export and in every launch, whatever its constructor does."""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joulesweep import plugins
from joulesweep.errors import UserError
from joulesweep.export.job import export
from joulesweep.model import inputs
from joulesweep.model.manifest import Manifest
from joulesweep.model.outputs import check_finite

from tests.digits_model import ROOT, export_job
from tests.test_inputs import declared

torch = pytest.importorskip("torch")

from joulesweep.model import module as modules  # noqa: E402

pytestmark = pytest.mark.slow


HEAD = "import random, numpy, torch\nfrom torch import nn\nfrom torch.nn import functional as F\n"
# In each case something that is neither a parameter nor a buffer decides what the model computes.
HIDDEN = {
    "layers in a list": "self.layers = [nn.Linear(8, 8) for _ in range(2)]; self.f = lambda x: self.layers[1](self.layers[0](x))",
    "layers in a dictionary": "self.layers = {'a': nn.Linear(8, 8)}; self.f = lambda x: self.layers['a'](x)",
    "a plain tensor": "self.scale = nn.init.normal_(torch.empty(8)); self.f = lambda x: x * self.scale",
    "a tensor made of a temporary one": (
        "t = nn.init.normal_(torch.empty(8)); self.scale = t / t.norm(); self.f = lambda x: x * self.scale"
    ),
    "a tensor made of a weight": "self.mean = nn.Linear(8, 8).weight.mean().item(); self.f = lambda x: x * self.mean",
    "a closure": "w = nn.init.xavier_uniform_(torch.empty(8, 8)); self.f = lambda x: x @ w",
    "numpy": "self.w = torch.from_numpy(numpy.random.rand(8, 8).astype('float32')); self.f = lambda x: x @ self.w",
    "random": "self.w = random.random(); self.f = lambda x: x * self.w",
    "a class attribute": "type(self).w = torch.randn(8); self.f = lambda x: x * self.w",
}


def _spec(file: Path, shape: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    spec = {"name": "m", "source": f"python:{file}:build", "inputs": [declared("x", shape or [8])], "axes": {}}
    return {**spec, "weights": "random", "content": {}, **more}


def _write(folder: Path, body: str, forward: str = "return self.head(self.f(x))") -> Path:
    file = folder / "mine.py"
    init = f"    def __init__(self):\n        super().__init__()\n        self.head = nn.Linear(8, 4)\n        {body}\n"
    file.write_text(
        f"{HEAD}class Net(nn.Module):\n{init}    def forward(self, x):\n        {forward}\n\ndef build():\n    return Net()\n"
    )
    return file


def _export(spec: dict[str, Any], folder: Path, *formats: str) -> Manifest:
    return export(export_job(spec, values={}, formats=list(formats or ["module"])), folder / "out" / "manifest-1.json")


_SERVER = """
import os, sys; sys.path[:0] = ["workflow/scripts"]
from pathlib import Path
import random, numpy, torch
from joulesweep import plugins
from joulesweep.model import inputs
from joulesweep.model.manifest import Manifest
random.seed(5); numpy.random.seed(5); torch.manual_seed(5); torch.set_num_threads(1)
for line in sys.stdin:
    if os.fork():
        print(os.wait()[1], flush=True)
        continue
    folder = Path(line.strip())
    manifest = Manifest.read(folder / "manifest-1.json")
    point = inputs.base_point(manifest.spec)
    runtime = plugins.load("runtimes", "eager")()
    forward = runtime.load(manifest.artefact("module", point), 1)
    prepared = runtime.prepare(inputs.make(manifest.spec, point))
    forward(prepared)
    (folder / "outputs").write_bytes(runtime.arrays(forward(prepared))[0].tobytes())
    os._exit(0)
"""

Launch = Callable[[Manifest], np.ndarray]


@pytest.fixture(scope="module")
def launched() -> Iterator[Launch]:
    """A function that returns the outputs of the second pass in a process of its own, forked as a launch's is."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None

        def outputs(manifest: Manifest) -> np.ndarray:
            print(manifest.folder, file=server.stdin, flush=True)
            assert server.stdout.readline() == "0\n"
            return np.frombuffer((manifest.folder / "outputs").read_bytes(), dtype=np.float32)

        yield outputs


@pytest.mark.parametrize("case", HIDDEN)
def test_what_is_no_parameter_keeps_the_constructor_s_values_in_every_process(launched, tmp_path, case):
    spec = _spec(_write(tmp_path, HIDDEN[case]))
    manifest = _export(spec, tmp_path)
    wanted = modules.run(modules.build(spec), spec, inputs.base_point(spec)).numpy().ravel()
    assert np.isfinite(wanted).all()
    assert np.ptp(wanted) > 0
    np.testing.assert_array_equal(launched(manifest), wanted)


def test_building_leaves_the_generators_as_they_were(tmp_path):
    spec = _spec(_write(tmp_path, HIDDEN["numpy"]))
    before = random.getstate(), np.random.get_state()[2], torch.random.get_rng_state()
    modules.build(spec)
    assert random.getstate() == before[0]
    assert np.random.get_state()[2] == before[1]
    assert torch.equal(torch.random.get_rng_state(), before[2])
    assert not torch.are_deterministic_algorithms_enabled()


def test_memory_that_nobody_filled_is_an_error_and_no_figure(tmp_path):
    spec = _spec(_write(tmp_path, "self.w = torch.empty(8); self.f = lambda x: x * self.w"))
    manifest = _export(spec, tmp_path)
    runtime = plugins.load("runtimes", "eager")()
    point = inputs.base_point(spec)
    forward = runtime.load(manifest.artefact("module", point), 1)
    with pytest.raises(UserError, match="output 1 is not finite: 4 of 4 values are NaN"):
        check_finite(runtime.arrays(forward(runtime.prepare(inputs.make(spec, point)))))


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        ("self.f = nn.Sequential(nn.LazyConv2d(8, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(8))", [3, 9, 9]),
        ("self.f = nn.Sequential(nn.LazyConv1d(8, 3), nn.LazyBatchNorm1d(), nn.Flatten(), nn.LazyLinear(8))", [2, 9]),
        ("self.f = nn.LazyLinear(8)", [5]),
    ],
)
def test_lazy_modules_take_their_shapes_from_the_declared_input(launched, tmp_path, body, shape):
    spec = _spec(_write(tmp_path, body), shape)
    manifest = _export(spec, tmp_path)
    wanted = modules.run(modules.build(spec), spec, inputs.base_point(spec)).numpy().ravel()
    np.testing.assert_array_equal(launched(manifest), wanted)
    assert all(parameter.device.type == "meta" for parameter in modules.outline(spec).parameters())


STATEFUL = {
    "a buffer changed in place": ("self.register_buffer('seen', torch.zeros(()))", "self.seen += 1; return self.head(x) + self.seen"),
    "a buffer replaced": ("self.register_buffer('last', torch.zeros(1, 8))", "self.last = self.last + x; return self.head(self.last)"),
    "an attribute": ("self.state = None", "self.state = x if self.state is None else self.state + x; return self.head(self.state)"),
    "a list": ("self.past = []", "self.past.append(x); return self.head(sum(self.past))"),
    "a parameter": (
        "self.count = nn.Parameter(torch.zeros(8), requires_grad=False)",
        "self.count += 1; return self.head(x * self.count)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", STATEFUL)
def test_a_model_that_keeps_a_state_is_exported_and_launched_from_the_state_as_built(launched, tmp_path, case):
    file = _write(tmp_path, *STATEFUL[case])
    spec = _spec(file)
    built = modules.build(spec)
    wanted = [modules.run(built, spec, inputs.base_point(spec)).numpy().ravel() for _ in range(2)]
    manifest = _export(spec, tmp_path)
    assert any("keeps a state from pass to pass" in note for note in manifest.notes)
    np.testing.assert_array_equal(launched(manifest), wanted[1])


def test_an_exported_file_starts_from_the_state_as_built(tmp_path):
    pytest.importorskip("onnxruntime")
    spec = _spec(_write(tmp_path, *STATEFUL["a buffer changed in place"]))
    point = inputs.base_point(spec)
    wanted = modules.run(modules.build(spec), spec, point).numpy()
    manifest = _export(spec, tmp_path, "onnx")
    runtime = plugins.load("runtimes", "onnxruntime")()
    forward = runtime.load(manifest.artefact("onnx", point), 1)
    prepared = runtime.prepare(inputs.make(spec, point))
    for _ in range(2):
        np.testing.assert_allclose(runtime.arrays(forward(prepared))[0], wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("forward", "named"),
    [
        ("return self.head(F.dropout(x, 0.5, training=True))", "operator dropout"),
        ("return self.head(x + torch.randn_like(x))", "operator randn_like"),
        ("return self.head(x * random.random())", "random in inference mode:"),
        ("return self.head(x + torch.from_numpy(numpy.random.rand(8).astype('float32')))", "random in inference mode:"),
    ],
)
def test_a_random_model_is_called_random_and_is_no_fault_of_the_exporter(tmp_path, forward, named):
    manifest = _export(_spec(_write(tmp_path, "pass", forward)), tmp_path, "module", "onnx", "onnx-int8")
    assert set(manifest.errors) == {"onnx", "onnx-int8"}
    assert "the model is random in inference mode" in manifest.errors["onnx"]
    assert named in manifest.errors["onnx"]
    assert any(named in note for note in manifest.notes)
    assert "module" in manifest.artefacts


def test_a_part_that_stays_in_training_mode_is_named(tmp_path):
    body = "self.norm = nn.BatchNorm1d(8); self.norm.train = lambda mode=True: self.norm"
    manifest = _export(_spec(_write(tmp_path, body, "return self.head(self.norm(x))")), tmp_path)
    assert "norm (BatchNorm1d) stays in training mode after eval()" in manifest.failure


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_outputs_that_are_not_finite_are_refused_in_every_runtime(tmp_path, value):
    pytest.importorskip("onnxruntime")
    spec = _spec(
        _write(tmp_path, f"self.register_buffer('w', torch.tensor(float('{value}')))", "return self.head(x) + self.w")
    )
    manifest = _export(spec, tmp_path, "module", "onnx")
    assert "is not finite" in manifest.errors["onnx"]
    runtime = plugins.load("runtimes", "eager")()
    point = inputs.base_point(spec)
    forward = runtime.load(manifest.artefact("module", point), 1)
    with pytest.raises(UserError, match="output 1 is not finite: 4 of 4"):
        check_finite(runtime.arrays(forward(runtime.prepare(inputs.make(spec, point)))))


def test_outputs_of_any_type_become_arrays():
    eager = plugins.load("runtimes", "eager")()
    outputs = {
        "half": torch.ones(2, dtype=torch.bfloat16),
        "sparse": torch.eye(2).to_sparse(),
        "complex": torch.ones(2, dtype=torch.complex64).conj(),
    }
    assert [array.tolist() for array in eager.arrays(outputs)] == [[1, 1], [[1, 0], [0, 1]], [1, 1]]


@pytest.mark.skipif(os.name != "posix", reason="forks")
def test_library_models_are_built_without_drawing_what_is_loaded_afterwards(launched, tmp_path):
    pytest.importorskip("torchvision")
    spec = {**_spec(tmp_path), "source": "torchvision:squeezenet1_1", "inputs": [declared("x", [3, 64, 64])]}
    manifest = _export(spec, tmp_path)
    wanted = modules.run(modules.build(spec), spec, inputs.base_point(spec)).numpy().ravel()
    np.testing.assert_array_equal(launched(manifest), wanted)
