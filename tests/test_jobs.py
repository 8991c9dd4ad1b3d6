"""What each stage is given holds all that its result depends on, and nothing else."""

import json
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
