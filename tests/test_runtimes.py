"""How models are run."""

import numpy as np
import pytest
from joulesweep import plugins
from joulesweep.errors import Unsupported, UserError
from joulesweep.model import inputs
from joulesweep.model.manifest import Manifest

torch = pytest.importorskip("torch")

POINT = {"batch": 2, "size": 8, "sequence": None}


@pytest.mark.parametrize("name", ["eager", "eager-cuda", "eager-mps", "onnxruntime", "onnxruntime-int8"])
def test_a_runtime_runs_the_same_model_and_gives_arrays(exported, name):
    """The others are in test_deployed_runtimes.py."""
    manifest = Manifest.read(exported)
    runtime = plugins.load("runtimes", name)()
    try:
        forward = runtime.load(manifest.artefact(runtime.format, POINT), 1)
    except Unsupported as refusal:
        pytest.skip(str(refusal))
    found = runtime.arrays(forward(runtime.prepare(inputs.make(manifest.spec, POINT))))
    runtime.synchronize()
    assert [array.shape for array in found] == [(2, 10)]
    assert np.isfinite(found[0]).all()


@pytest.mark.parametrize("name", plugins.names("runtimes"))
def test_every_runtime_declares_itself_without_being_imported(name):
    assert plugins.declared("runtimes", name, "format") == plugins.load("runtimes", name).format
    assert plugins.declared("runtimes", name, "compute_device") == plugins.load("runtimes", name).compute_device
    assert plugins.declared("runtimes", name, "libraries")
    assert plugins.declared("runtimes", name, "preload")


def test_eager_uses_the_given_threads_and_keeps_no_gradients(exported):
    before = torch.get_num_threads()
    try:
        manifest = Manifest.read(exported)
        runtime = plugins.load("runtimes", "eager")()
        forward = runtime.load(manifest.artefact("module", POINT), 2)
        assert torch.get_num_threads() == 2
        assert not forward(runtime.prepare(inputs.make(manifest.spec, POINT))).requires_grad
    finally:
        torch.set_num_threads(before)


def test_outputs_in_dictionaries_and_tuples_become_a_list():
    one, two = torch.zeros(1), torch.ones(1)
    arrays = plugins.load("runtimes", "eager")().arrays({"out": one, "aux": (two, None, [one])})
    assert [array.tolist() for array in arrays] == [[0.0], [1.0], [0.0]]


def test_weights_of_another_model_are_refused(exported):
    manifest = Manifest.read(exported)
    manifest.spec["source"] = "python:custom_models/digits.py:mlp"
    with pytest.raises(UserError, match="run the export again"):
        plugins.load("runtimes", "eager")().load(manifest.artefact("module", POINT), 1)
