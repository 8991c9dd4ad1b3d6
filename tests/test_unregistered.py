"""Layers and tensors that a model keeps where `parameters()` and `buffers()` do not look."""

import dataclasses
import functools
import types
from typing import Any

import pytest
from joulesweep import plugins
from joulesweep.counters.base import Subject

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

GLOBAL = torch.zeros(11)


@dataclasses.dataclass(frozen=True)
class Frozen:
    table: Any


class Slots:
    __slots__ = ("table",)

    def __init__(self) -> None:
        self.table = torch.zeros(7)


def _count(module: nn.Module) -> dict[str, Any]:
    return plugins.load("counters", "parameters")().point(Subject({}, module), {})


def _unregistered(**attributes: Any) -> tuple[int, str]:
    """Elements that are missed, and where, of a linear layer's module with these attributes."""
    module = nn.Module()
    module.head = nn.Linear(64, 4)
    for name, value in attributes.items():
        setattr(module, name, value)
    columns = _count(module)
    assert columns["params"] == 260
    return columns["params_unregistered"], columns["unregistered"]


def test_layers_in_a_plain_list_and_plain_tensors_are_counted_apart_and_named():
    for device in ("cpu", "meta"):
        with torch.device(device):
            elements, names = _unregistered(layers=[nn.Linear(64, 64) for _ in range(4)], scale=torch.zeros(64))
        assert elements == 4 * (64 * 64 + 64) + 64
        assert names.startswith("scale (64); layers[0].weight (4096); layers[0].bias (64); layers[1].weight (4096)")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (torch.zeros(5), "here"),
        ({"a": torch.zeros(5)}, "here['a']"),
        (({"a": [torch.zeros(5)]},), "here[0]['a'][0]"),
        (Frozen(torch.zeros(5)), "here.table"),
        (types.SimpleNamespace(table=torch.zeros(5)), "here.table"),
        (functools.partial(torch.add, torch.zeros(5)), "here[0]"),
        (torch.distributions.Normal(torch.zeros(5), 1.0), "here.loc"),
        (torch.eye(5).to_sparse(), "here"),
    ],
    ids=["tensor", "dictionary", "nested", "dataclass", "object", "partial", "distribution", "sparse"],
)
def test_a_tensor_is_seen_wherever_it_is_kept(value, name):
    elements, names = _unregistered(here=value)
    assert f"{name} (5)" in names
    assert elements >= 5


def test_a_tensor_in_slots_is_seen():
    assert _unregistered(here=Slots()) == (7, "here.table (7)")


def test_a_layer_that_a_function_closes_over_is_seen():
    hidden = nn.Linear(3, 2, bias=False)
    assert _unregistered(function=lambda x: hidden(x))[0] == 6


class OfClass(nn.Module):
    """A tensor of the class, and one of the file."""

    table = torch.zeros(9)

    def forward(self, x):
        return x + GLOBAL


def test_tensors_of_the_class_and_of_the_file_are_seen():
    columns = _count(OfClass())
    assert columns["params_unregistered"] == 9 + 11
    assert "OfClass.table (9)" in columns["unregistered"]
    assert "GLOBAL of " in columns["unregistered"]


def test_what_is_registered_is_not_counted_again():
    head = nn.Linear(64, 4)
    module = nn.Module()
    module.head, module.again, module.view = head, [head], head.weight.view(-1)
    module.listed = nn.ParameterList([nn.Parameter(torch.zeros(3))])
    module.derived = head.weight * 2
    module.register_buffer("table", torch.zeros(5))
    module.same = module.table
    columns = _count(module)
    assert (columns["params"], columns["params_unregistered"], columns["unregistered"]) == (263, 0, "")


def test_one_that_is_kept_twice_counts_once():
    layer = nn.Linear(3, 2, bias=False)
    assert _unregistered(first=[layer], second={"same": layer}, view=layer.weight.detach().view(-1))[0] == 6


@pytest.mark.filterwarnings("ignore")
def test_weights_that_a_norm_computes_are_not_missed_parameters():
    module = nn.Sequential(
        nn.utils.weight_norm(nn.Linear(8, 4)), nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))
    )
    assert _count(module)["params_unregistered"] == 0


def test_their_bytes_are_in_the_table_and_moved_as_those_of_weights():
    class Hidden(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = [nn.Linear(8, 4, bias=False)]

        def forward(self, x):
            return self.layers[0](x)

    with torch.device("meta"):
        module = Hidden()
    assert _count(module)["bytes_by_type"] == "float32=128"
    spec = {"name": "m", "inputs": [{"name": "x", "shape": [8], "dtype": "float32", "low": 0, "high": 1}], "axes": {}}
    moved = plugins.load("counters", "flops")().point(Subject(spec, module), {"batch": 1})
    assert moved["weight_moved_bytes"] == 128


def test_of_a_sparse_buffer_the_stored_elements_and_bytes_count():
    """64 numbers, and two places each."""
    module = nn.Module()
    module.register_buffer("near", torch.eye(64).to_sparse())
    columns = _count(module)
    assert (columns["buffers"], columns["bytes_by_type"]) == (64, "float32=256 int64=1024")


def test_complex_parameters_have_one_element_per_number_and_eight_bytes():
    module = nn.ParameterList([nn.Parameter(torch.zeros(3, 4, dtype=torch.complex64))])
    columns = _count(module)
    assert (columns["params"], columns["params_by_storage"], columns["bytes_by_type"]) == (12, 12, "complex64=96")


def test_the_report_says_what_the_formula_misses_and_where(tmp_path):
    from joulesweep.analysis.merge.job import merge
    from joulesweep.analysis.report.models.shared_parameters import sharing
    from joulesweep.launches import columns
    from joulesweep.launches.table_file import write_table
    from joulesweep.merged.load import load

    point = {"batch": 1, "size": None, "sequence": None, "base": 1}
    module = nn.Module()
    module.head, module.layers = nn.Linear(64, 4), [nn.Linear(64, 64)]
    row = {"model": "hidden", "runtime": "eager", **point, "status": "ok", **_count(module), "reused_modules": ""}
    write_table(tmp_path / "models" / "hidden" / "counts.csv", columns.COUNTS, [row])
    models = {"hidden": {"name": "hidden", "runtimes": ["eager"]}}
    merge({"device": "laptop", "models": models}, tmp_path, tmp_path / "merged")
    words = sharing(load(tmp_path / "merged", models))
    assert "the formula misses 4.16 k elements of hidden" in words
    assert "layers[0].weight (4096)" in words.replace("\\", "")
