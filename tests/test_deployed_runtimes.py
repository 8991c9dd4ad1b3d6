"""The runtimes that people deploy: each computes what the model computes, says where it ran, and refuses to run elsewhere unseen."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joulesweep import plugins
from joulesweep.errors import Unsupported
from joulesweep.launches.latency_launch import Timing
from joulesweep.measure.accuracy import launch as accuracy_launch
from joulesweep.measure.energy import launch as energy_launch
from joulesweep.measure.latency import launch
from joulesweep.measure.processes.server import Server
from joulesweep.model import faithfulness, inputs
from joulesweep.model.manifest import Artefact, Manifest

from tests.conftest import MANIFEST
from tests.digits_model import DIGITS, ROOT, digits_spec, export_job

pytest.importorskip("torch")
onnxruntime = pytest.importorskip("onnxruntime")

POINT = {"batch": 1, "size": 8, "threads": 1}
# Runtimes that need other hardware than this, or another build of ONNX Runtime than that on PyPI.
ELSEWHERE = (
    "eager-cuda",
    "eager-mps",
    "onnxruntime-cuda",
    "onnxruntime-tensorrt",
    "onnxruntime-coreml",
    "onnxruntime-xnnpack",
)
UNTOLD = ("executorch", "litert")  # runtimes that do not tell the precision of their kernels
HERE = [name for name in plugins.names("runtimes") if name not in ELSEWHERE]


@pytest.fixture(scope="session")
def in_all_formats(once) -> Manifest:
    """The shipped digits network, exported once in every format that some runtime loads."""
    from joulesweep.export.job import export

    formats = plugins.names("formats")

    def make(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(ROOT)
            export(export_job(digits_spec(), formats), folder / MANIFEST)

    return Manifest.read(once("in_all_formats", make) / MANIFEST)


@pytest.mark.slow
def test_every_format_can_be_made_of_the_shipped_network(in_all_formats):
    assert in_all_formats.errors == {}
    assert set(in_all_formats.artefacts) == set(plugins.names("formats"))


@pytest.mark.slow
@pytest.mark.parametrize("name", HERE)
def test_a_launch_of_every_runtime_computes_the_model_and_says_where_it_ran(
    in_all_formats, name, monkeypatch, tmp_path
):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    artefact = in_all_formats.artefact(plugins.declared("runtimes", name, "format"), POINT)
    modules = [*plugins.declared("runtimes", name, "preload"), plugins.module("runtimes", name), launch.__name__]
    argument = {"artefact": artefact, "runtime": name, "point": POINT, "lab": False}
    with Server(modules) as server:
        outcome = server.run(launch.run, argument, 120)
    assert (outcome.status, outcome.message) == ("ok", "")
    timing = Timing.from_line(outcome.value)
    assert timing.max_error is not None
    assert timing.max_error <= timing.tolerance
    assert timing.ran_on
    assert timing.ran_on.endswith(" file") == (name in UNTOLD)


def test_core_ml_is_said_to_run_a_file_and_not_to_compute_in_its_precision():
    runtime = plugins.load("runtimes", "onnxruntime-coreml")()
    runtime.nodes = Counter({runtime.provider: 60, "CPUExecutionProvider": 8})
    assert runtime.ran_on() == "CoreMLExecutionProvider, 60 of 68 operators, float32 file"


def _with_nothing_to_compile(argument: dict[str, Any]) -> dict[str, Any]:
    import torch

    torch.compile = lambda module, **_: module  # type: ignore[assignment]
    return argument["run"](argument)


@pytest.mark.slow
def test_what_ran_as_another_runtime_has_no_latency_no_energy_and_no_accuracy(exported):
    """torch.compile may leave a module as it is, which shows only after a pass."""
    pytest.importorskip("sklearn")
    artefact = Manifest.read(exported).artefact("module", POINT)
    windows = {"lead_s": 0.01, "window_s": 0.01, "trail_s": 0.01, "cool_C": None, "marker_bit_s": 0}
    data = {"threads": 1, "data": {**DIGITS, "examples": 5}, "metric": "top-1"}
    argument = {"artefact": artefact, "runtime": "compile", "point": POINT, "lab": False, **windows, **data}
    with Server(["torch", __name__]) as server:
        for stage in (launch, energy_launch, accuracy_launch):
            outcome = server.run(_with_nothing_to_compile, {**argument, "run": stage.run}, 120)
            assert (outcome.status, outcome.value) == ("unsupported", {}), stage.__name__
            assert "torch.compile compiled nothing of this model" in outcome.message


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_runtime_for_other_hardware_refuses_to_run_here(exported, name):
    manifest = Manifest.read(exported)
    runtime = plugins.load("runtimes", name)()
    if (
        getattr(runtime, "is_available", bool)()
        or getattr(runtime, "provider", "") in onnxruntime.get_available_providers()
    ):
        pytest.skip("this machine has what the runtime needs")
    with pytest.raises(Unsupported, match=r"sees no|was asked for"):
        runtime.load(manifest.artefact(runtime.format, POINT), 1)


def test_a_session_that_falls_back_to_the_cpu_is_refused(exported, monkeypatch):
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
    )
    manifest = Manifest.read(exported)
    with (
        pytest.warns(UserWarning, match="not in available provider"),
        pytest.raises(Unsupported, match="runs on CPUExecutionProvider"),
    ):
        plugins.load("runtimes", "onnxruntime-cuda")().load(manifest.artefact("onnx", POINT), 1)


def test_a_provider_that_takes_no_operator_is_refused(exported):
    """Azure's provider is in every package of ONNX Runtime and takes no ordinary operator."""
    idle = type("Idle", (plugins.load("runtimes", "onnxruntime"),), {"provider": "AzureExecutionProvider"})()
    with pytest.raises(Unsupported, match="took none of the model's"):
        idle.load(Manifest.read(exported).artefact("onnx", POINT), 1)


def test_gpu_sessions_bind_inputs_and_outputs_and_give_the_same_as_plain_ones(exported):
    from joulesweep.runtimes._onnxruntime_gpu import GpuRuntime

    class OnTheCpu(GpuRuntime):
        precision, compute_device = "float32", "cpu"

    manifest = Manifest.read(exported)
    outputs = []
    for runtime in (OnTheCpu(), plugins.load("runtimes", "onnxruntime")()):
        forward = runtime.load(manifest.artefact("onnx", POINT), 1)
        outputs.append(runtime.arrays(forward(runtime.prepare(inputs.make(manifest.spec, POINT)))))
    assert np.array_equal(outputs[0][0], outputs[1][0])


def test_weights_that_are_off_by_five_percent_are_another_model(exported, tmp_path):
    import onnx
    from onnx import numpy_helper

    manifest = Manifest.read(exported)
    whole = manifest.artefact("onnx", POINT)
    model = onnx.load(whole.file)
    random = np.random.default_rng(0)
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32:
            off = values * (1 + 0.05 * random.standard_normal(values.shape))
            tensor.CopyFrom(numpy_helper.from_array(off.astype(np.float32), tensor.name))
    file = tmp_path / "off.onnx"
    onnx.save(model, file)
    assert _compared(whole).max_error <= faithfulness.TOLERANCES["float32"]
    off = _compared(Artefact(whole.spec, file, "", "", "", 0, outputs=whole.outputs))
    assert off.max_error > off.tolerance


def test_outputs_are_compared_at_the_base_point_only(exported):
    manifest = Manifest.read(exported)
    assert manifest.artefact("onnx", POINT).outputs is not None
    assert manifest.artefact("onnx", {**POINT, "threads": 2}).outputs is not None
    assert manifest.artefact("onnx", {**POINT, "batch": 2}).outputs is None


def _compared(artefact: Artefact) -> faithfulness.Comparison:
    runtime = plugins.load("runtimes", "onnxruntime")()
    forward = runtime.load(artefact, 1)
    outputs = runtime.arrays(forward(runtime.prepare(inputs.make(artefact.spec, POINT))))
    compared = faithfulness.compare(outputs, artefact, runtime.precision)
    assert compared is not None
    return compared


@pytest.mark.parametrize("name", plugins.names("runtimes"))
def test_every_runtime_promises_a_precision_that_has_a_tolerance(name):
    assert plugins.declared("runtimes", name, "precision") in faithfulness.TOLERANCES


def test_the_page_about_runtimes_names_all_of_them_and_the_tolerances():
    page = (ROOT / "docs" / "runtimes.md").read_text(encoding="utf-8")
    assert {name for name in plugins.names("runtimes") if f"`{name}`" not in page} == set()
    tolerances = dict(re.findall(r"^\| ([\w, ]+) \| ([\d.]+) \|$", page, re.MULTILINE))
    written = {name.lower(): float(value) for names, value in tolerances.items() for name in names.split(", ")}
    assert written == faithfulness.TOLERANCES


def _chain(length: int) -> list[dict]:
    return [{"op_name": f"OP{place}", "inputs": [place], "outputs": [place + 1]} for place in range(length)]


@given(length=st.integers(1, 30), data=st.data())
def test_the_operators_between_the_borders_of_a_delegate_are_those_that_it_took(length, data):
    litert = pytest.importorskip("joulesweep.runtimes.litert")
    begin = data.draw(st.integers(0, length - 1))
    end = data.draw(st.integers(begin + 1, length))
    delegate = {"op_name": "DELEGATE", "inputs": [begin], "outputs": [end]}
    assert litert.delegated([*_chain(length), delegate]) == (end - begin, length)


def test_without_a_delegate_nothing_was_taken():
    litert = pytest.importorskip("joulesweep.runtimes.litert")
    assert litert.delegated(_chain(3)) == (0, 3)
