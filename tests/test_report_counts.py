"""What the report says about parameters and FLOPs, from the counts of real models."""

from pathlib import Path

import pytest
from joulesweep.analysis.merge.job import merge
from joulesweep.analysis.report.models.cross_checks import disagreements
from joulesweep.analysis.report.models.shared_parameters import sharing
from joulesweep.analysis.report.tables import counts as table
from joulesweep.counting import job as counting_job
from joulesweep.launches import columns
from joulesweep.launches.table_file import write_table
from joulesweep.merged.load import Merged, load
from joulesweep.model import inputs

from tests.count_specs import image, shallow
from tests.installed import require

require("torchvision", "transformers", "ptflops")

pytestmark = pytest.mark.slow


TRANSFORMERS = {"bert": ("BertForMaskedLM", 16), "gpt2": ("GPT2LMHeadModel", 128), "albert": ("AlbertForMaskedLM", 16)}
VISION = {
    "shufflenet": image("torchvision:shufflenet_v2_x1_0"),
    "squeezenet": image("torchvision:squeezenet1_1"),
}
# A product that no module makes, as in the windows of a Swin transformer.
CALLED = """
import torch


class Called(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(64, 64)
        self.weight = torch.nn.Parameter(torch.zeros(64, 64))

    def forward(self, x):
        return torch.nn.functional.linear(self.first(x), self.weight)


def build():
    return Called()
"""


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Merged:
    """The counts of the models, the transformers with two layers, merged and read as the report reads them."""
    results: Path = tmp_path_factory.mktemp("results")
    (results / "called.py").write_text(CALLED)
    one = {"name": "input", "shape": [16, 64], "dtype": "float32", "low": 0, "high": 1}
    specs = {**VISION, "called": image(f"python:{results / 'called.py'}:build", inputs=[one], axes={})}
    for name, (architecture, sequence) in TRANSFORMERS.items():
        specs[name] = shallow(results, architecture, sequence)
    for name, spec in specs.items():
        base = inputs.base_point(spec)
        row = {
            "model": name,
            "runtime": "eager",
            **base,
            "base": 1,
            **counting_job.point_columns(counting_job.module(spec), base),
        }
        write_table(results / "models" / name / "counts.csv", columns.COUNTS, [row])
    models = {name: {**spec, "runtimes": ["eager"]} for name, spec in specs.items()}
    merge({"device": "laptop", "models": models}, results, results / "merged")
    return load(results / "merged", models)


def test_it_says_how_many_parameters_are_shared_and_where(merged):
    words = sharing(merged)
    assert "counts a parameter once if several modules use it" in words
    assert "gpt2 uses 38.6 M elements more than once (transformer.wte.weight = lm_head.weight (38597376))" in words
    assert "word_embeddings.weight = cls.predictions.decoder.weight (23440896); cls.predictions.bias" in words
    assert "one pass of albert calls the same module several times (2 × albert.encoder.albert_layer_groups.0)" in words
    assert "shufflenet" not in words


def test_a_difference_between_counters_is_shown_with_its_cause(merged):
    rows = {line.split(" | ")[0].strip("| "): line for line in disagreements(merged).splitlines() if line[:1] == "|"}
    assert (
        "ptflops, hooks: misses batched matrix products, as those of attention (50.3 M), which no module makes"
        in rows["gpt2"]
    )
    assert "ptflops, hooks: misses products that are called as functions" in rows["called"]
    assert "pthflops: misses products that are called as functions" in rows["called"]
    assert "transformer formula: has no term for some layers" in rows["bert"]
    assert "| −1.5 % |" in rows["bert"]  # 16 x 768 x 768 of 612 M
    assert "also counts biases, normalisation, activations and element-wise operators" in rows["shufflenet"]
    assert "ptflops, operators: also counts biases, one per output" in rows["squeezenet"]


def test_why_a_check_counts_nothing_is_said(merged):
    words = disagreements(merged)
    assert "albert: " in words
    assert "ptflops: needs the weights in memory" in words
    assert "formula: no transformer whose dimensions it knows" in words


def test_the_table_has_flops_per_byte(merged):
    assert "FLOPs per byte" in table(merged).splitlines()[0]
    assert "4.25 |" in next(line for line in table(merged).splitlines() if "shufflenet" in line)
