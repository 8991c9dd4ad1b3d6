"""What torchvision publishes beside its weights, which the counter itself never reads."""

import pytest
from joulesweep import plugins
from joulesweep.counting import job as counting_job
from joulesweep.model import inputs

from tests.count_specs import image
from tests.digits_model import ROOT
from tests.installed import require

require("torch", "torchvision")

pytestmark = pytest.mark.slow


ROUNDING = 0.0005  # of a published figure in billions of multiply-adds

# Windows of attention, shifted (swin) and in grids (maxvit); fused attention (vit); an auxiliary head (inception).
MODELS = {
    "vgg11_bn": 224,
    "resnet50": 224,
    "squeezenet1_1": 224,
    "inception_v3": 299,
    "mobilenet_v3_small": 224,
    "shufflenet_v2_x1_0": 224,
    "efficientnet_b0": 224,
    "regnet_y_400mf": 224,
    "convnext_tiny": 224,
    "vit_b_16": 224,
    "swin_t": 224,
    "maxvit_t": 224,
}


def _agrees(spec: dict, published: dict) -> None:
    subject = counting_job.module(spec)
    assert plugins.load("counters", "parameters")().point(subject, {})["params"] == published["num_params"]
    found = plugins.load("counters", "flops")().point(subject, inputs.base_point(spec))
    assert found["macs"] / 1e9 == pytest.approx(published["_ops"], rel=0.005, abs=ROUNDING)
    assert found["flops"] == 2 * found["macs"]


@pytest.mark.filterwarnings("ignore:The default weight initialization")
@pytest.mark.parametrize("name", MODELS)
def test_parameters_and_multiply_adds_are_those_that_torchvision_publishes(name):
    from torchvision import models

    weights = next(iter(models.get_model_weights(name)))
    _agrees(image(f"torchvision:{name}", MODELS[name]), weights.meta)


def test_an_auxiliary_head_that_runs_is_counted(tmp_path):
    """In a segmentation model it runs in every pass, in a classifier of the Inception family in training alone."""
    file = tmp_path / "segments.py"
    file.write_text(
        "from torchvision.models.segmentation import fcn_resnet50\n"
        "def build(): return fcn_resnet50(weights_backbone=None, aux_loss=True)\n"
    )
    from torchvision import models

    weights = next(iter(models.get_model_weights("fcn_resnet50")))
    _agrees(image(f"python:{file}:build", 520), weights.meta)


def test_the_counter_does_not_read_what_is_published():
    for file in (ROOT / "workflow" / "scripts").rglob("*.py"):
        for word in ("num_params", '_ops"', "get_weight", "get_model_weights", ".meta["):
            assert word not in file.read_text(), f"{word} in {file.name}"
