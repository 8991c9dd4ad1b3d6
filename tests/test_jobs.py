"""What each stage is given holds all that its result depends on, and nothing else."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from joulesweep.pipeline import config
from joulesweep.pipeline.jobs import Stages

from tests.digits_model import ROOT
from tests.workflow_copy import CNN, MLP, configuration


def _stages(tmp_path: Path, **changes: object) -> Stages:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(configuration("stages-test", **changes), sort_keys=False))
    return Stages(config.load(path), ROOT / "workflow" / "scripts", tmp_path / "results")


def test_the_report_and_the_figures_keep_the_order_of_the_configuration(tmp_path):
    for models in ({"b": MLP, "a": CNN}, {"a": CNN, "b": MLP}):
        stages = _stages(tmp_path, models=models, hypotheses=[])
        for job in (stages.draw(), stages.report(ROOT / "workflow" / "templates" / "report.md.j2")):
            assert list(json.loads(job)["models"]) == list(models)


MEASURING: dict[str, Callable[[Stages], str]] = {
    "export": lambda stages: stages.export("mlp"),
    "count": lambda stages: stages.count("mlp"),
    "evaluate": lambda stages: stages.evaluate("mlp"),
    "latency": lambda stages: stages.latency("mlp"),
    "energy": lambda stages: stages.energy("mlp"),
    "describe_device": lambda stages: stages.describe_device(),
}


@pytest.mark.parametrize("stage", MEASURING)
def test_what_another_model_is_or_how_the_report_reads_concerns_no_measuring_stage(tmp_path, stage):
    job = MEASURING[stage]
    before = job(_stages(tmp_path))
    other = {**CNN, "runtimes": ["eager"], "why": "because", "sweeps": {}}
    models = {"third": CNN, "mlp": {**MLP, "why": "small"}, "cnn": other}
    assert job(_stages(tmp_path, models=models, title="Another", hypotheses=[])) == before


def test_the_other_settings_of_a_stage_concern_it_alone(tmp_path):
    before = _stages(tmp_path)
    latency, energy = before.latency("mlp"), before.energy("mlp")
    changed = _stages(tmp_path, latency={"launches": 7})
    assert changed.latency("mlp") != latency
    assert changed.energy("mlp") == energy


def test_a_library_that_nothing_here_uses_concerns_no_stage_when_it_appears(tmp_path):
    """As when `make test` installs timm into the environment of `make all`."""

    def jobs(versions: dict[str, str]) -> list[str]:
        stages = _stages(tmp_path)
        stages.__dict__["_probed"] = _stages(tmp_path)._probed | {"versions": versions}
        return [job(stages) for job in MEASURING.values()]

    present = {"numpy": "2", "torch": "2.14", "onnxruntime": "1", "ptflops": "1", "pthflops": "1"}
    before = jobs(present)
    assert jobs(present | {"timm": "1", "transformers": "5", "jetson-stats": "7", "torchvision": "1"}) == before
    changed = jobs(present | {"pthflops": "2"})
    assert [stage for stage, old, new in zip(MEASURING, before, changed, strict=True) if old != new] == [
        "count",
        "describe_device",
    ]


def test_only_what_every_counter_can_do_without_is_optional(tmp_path):
    job = json.loads(_stages(tmp_path).doctor())
    assert job["optional"] == ["ptflops", "pthflops"]
    assert {"numpy", "psutil", "threadpoolctl", "tqdm", "torch", "scikit-learn"} <= set(job["distributions"])


def test_the_measuring_interpreter_is_the_one_that_set_up_made_for_it(tmp_path, monkeypatch):
    """On a Jetson, Snakemake runs under another Python than NVIDIA's torch."""
    assert _stages(tmp_path).python == sys.executable
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    python = tmp_path / "measuring" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert _stages(tmp_path).python == str(python)
    assert _stages(tmp_path, python="/usr/bin/python3").python == "/usr/bin/python3"
