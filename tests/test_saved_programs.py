"""Models that are files, and models with several inputs, from export to every runtime."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joulesweep import plugins
from joulesweep.counting import job as counting_job
from joulesweep.errors import Unsupported
from joulesweep.export.job import export
from joulesweep.model import inputs
from joulesweep.model.manifest import Manifest

from tests.test_inputs import declared

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from torch import nn  # noqa: E402
from torch.export import Dim  # noqa: E402

pytestmark = pytest.mark.slow


class Gated(nn.Module):
    """Two inputs by position and one by keyword."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 6)
        self.second = nn.Linear(6, 3)

    def forward(self, signal, other, *, gate):
        return self.second(torch.relu(self.first(signal)) * gate + other)


GATED = [declared(name, ["sequence", 6]) for name in ("gate", "signal", "other")]
GATED_MACS = 4 * (6 * 6 + 6 * 3)


def _spec(source: str, given: list, axes: dict, weights: str = "pretrained") -> dict[str, Any]:
    return {"name": "m", "source": source, "inputs": given, "axes": axes, "weights": weights, "content": {}}


def _export(spec: dict, folder: Path, sequences: list[int]) -> Manifest:
    job = {"model": spec, "values": {"sequence": sequences}, "spec_digest": "s", "versions": {}}
    return export(
        {**job, "formats": dict.fromkeys(["module", "onnx", "onnx-int8"], "its code")}, folder / "manifest-s.json"
    )


def _outputs(manifest: Manifest, name: str, point: dict) -> np.ndarray:
    runtime = plugins.load("runtimes", name)()
    forward = runtime.load(manifest.artefact(runtime.format, point), 1)
    return runtime.arrays(forward(runtime.prepare(inputs.make(manifest.spec, point))))[0]


@pytest.fixture(scope="module")
def pt2(tmp_path_factory) -> Path:
    """An exported program with its own weights, free in batch and sequence."""
    file = tmp_path_factory.mktemp("pt2") / "gated.pt2"
    example, free = torch.ones(2, 4, 6), {0: Dim.DYNAMIC, 1: Dim.DYNAMIC}
    program = torch.export.export(
        Gated().eval(),
        (example, example),
        {"gate": example},
        dynamic_shapes={"signal": free, "other": free, "gate": free},
    )
    torch.export.save(program, file)
    return file


@pytest.mark.parametrize("point", [{"batch": 1, "sequence": 4}, {"batch": 3, "sequence": 7}])
def test_an_exported_program_runs_in_every_runtime_with_its_own_weights(pt2, tmp_path, point):
    spec = _spec(f"pt2:{pt2}", GATED, {"sequence": 4})
    manifest = _export(spec, tmp_path, [4, 7])
    point = {"size": None, **point}
    given = {name: torch.from_numpy(array) for name, array in inputs.make(spec, point).items()}
    wanted = torch.export.load(pt2).module()(given["signal"], given["other"], gate=given["gate"]).detach()
    for name, tolerance in (("eager", 1e-6), ("onnxruntime", 1e-5), ("onnxruntime-int8", 0.2)):
        np.testing.assert_allclose(_outputs(manifest, name, point), wanted, atol=tolerance)


def test_an_exported_program_is_counted_and_what_it_cannot_tell_is_a_note(pt2):
    spec = _spec(f"pt2:{pt2}", GATED, {"sequence": 4})
    row = counting_job.point_columns(counting_job.module(spec), {"batch": 2, "size": None, "sequence": 4})
    assert (row["status"], row["macs"], row["params"]) == ("ok", 2 * GATED_MACS, 6 * 6 + 6 + 6 * 3 + 3)
    assert "pthflops: takes one input only" in row["notes"]


@pytest.mark.filterwarnings("ignore:.*deprecated")
def test_a_script_module_is_counted_and_run_eagerly_and_cannot_be_exported(tmp_path):
    file = tmp_path / "gated.pt"
    model = torch.jit.trace(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).eval(), torch.ones(1, 3, 8, 8))
    torch.jit.save(model, file)
    spec = _spec(f"torchscript:{file}", [declared("x", [3, "size", "size"])], {"size": 8})
    manifest = _export(spec, tmp_path / "out", [])
    base = inputs.base_point(spec)
    wanted = model(torch.from_numpy(inputs.make(spec, base)["x"])).detach()
    np.testing.assert_allclose(_outputs(manifest, "eager", base), wanted, atol=1e-6)
    with pytest.raises(Unsupported, match="Exporting a ScriptModule is not supported"):
        manifest.artefact("onnx", base)
    row = counting_job.point_columns(counting_job.module(spec), base)
    assert (row["status"], row["macs"], row["params"]) == ("ok", 36 * 4 * 27, 4 * 27 + 4)


@pytest.mark.parametrize("architecture", ["BertForMaskedLM", "GPT2LMHeadModel"])
def test_token_ids_and_a_mask_go_through_every_runtime_at_every_length(tmp_path, architecture):
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 60}
    configuration = getattr(transformers, architecture).config_class(**sizes, bos_token_id=0, eos_token_id=0)
    configuration.architectures = [architecture]
    configuration.save_pretrained(tmp_path)
    given = [
        declared("attention_mask", ["sequence"], dtype="int64", low=1, high=2),
        declared("input_ids", ["sequence"], dtype="int64", high=60),
    ]
    spec = _spec(f"transformers:{tmp_path}", given, {"sequence": 8}, "random")
    manifest = _export(spec, tmp_path / "out", [8, 12])
    for batch, sequence in ((1, 8), (3, 12)):
        point = {"batch": batch, "size": None, "sequence": sequence}
        wanted = _outputs(manifest, "eager", point)
        assert wanted.shape == (batch, sequence, 60)
        np.testing.assert_allclose(_outputs(manifest, "onnxruntime", point), wanted, atol=1e-4)
        assert np.isfinite(_outputs(manifest, "onnxruntime-int8", point)).all()
    assert len(manifest.artefacts["onnx"]) == 1


def test_a_waveform_is_an_input_like_any_other(tmp_path):
    file = tmp_path / "sound.py"
    file.write_text(
        "from torch import nn\n"
        "def build(): return nn.Sequential(nn.Conv1d(1, 4, 9, stride=4), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten())\n"
    )
    spec = _spec(f"python:{file}:build", [declared("wave", [1, "sequence"])], {"sequence": 801}, "random")
    manifest = _export(spec, tmp_path / "out", [801, 401])
    for sequence in (801, 401):
        point = {"batch": 2, "size": None, "sequence": sequence}
        wanted = _outputs(manifest, "eager", point)
        np.testing.assert_allclose(_outputs(manifest, "onnxruntime", point), wanted, atol=1e-5)
        assert (
            counting_job.point_columns(counting_job.module(spec), point)["macs"]
            == 2 * ((sequence - 9) // 4 + 1) * 4 * 9
        )
