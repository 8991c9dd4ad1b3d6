"""Parameters, counted three ways."""

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

parameters = pytest.importorskip("joulesweep.counters.parameters")


def _counts(model: nn.Module, *names: str) -> list[Any]:
    found = parameters.count(model)
    return [found[name] for name in names]


def test_sharing_is_seen_in_the_three_ways_of_counting():
    """Two layers with one matrix of 800, and a parameter that is a view of it."""
    for device in ("cpu", "meta"):
        with torch.device(device):
            model = nn.ModuleList([nn.Linear(20, 40, bias=False), nn.Linear(20, 40, bias=False)])
            model[1].weight = model[0].weight
            model.view = nn.Parameter(model[0].weight.detach().view(-1), requires_grad=False)
        names = ("params", "params_every_use", "params_by_storage", "params_trainable")
        assert _counts(model, *names) == [1600, 2400, 800, 800]
        assert _counts(model, "shared") == ["0.weight = 1.weight (800); view ~ 0.weight (800, one storage)"]


def test_a_module_that_is_used_twice_counts_once_in_the_lab_s_formula():
    layer = nn.Linear(3, 4)
    assert _counts(nn.Sequential(layer, nn.ReLU(), layer), "params", "params_every_use") == [16, 32]


def test_a_view_of_a_part_adds_nothing_and_one_of_another_part_adds_itself():
    whole = torch.zeros(10, 4)
    model = nn.ParameterList([nn.Parameter(whole[:6]), nn.Parameter(whole[2:4]), nn.Parameter(whole[:, 1])])
    assert _counts(model, "params", "params_by_storage") == [24 + 8 + 10, 24 + 4]


def test_buffers_are_no_parameters_but_have_bytes():
    model = nn.BatchNorm1d(5)
    assert _counts(model, "params", "buffers", "bytes_by_type") == [10, 11, "float32=80 int64=8"]


def test_bytes_are_told_apart_by_type():
    model = nn.ModuleList([nn.Linear(4, 2, bias=False).half(), nn.Linear(4, 1, bias=False)])
    assert _counts(model, "bytes_by_type") == ["float16=16 float32=16"]


@pytest.mark.filterwarnings("ignore")
def test_quantised_weights_are_counted_as_they_are_stored():
    """Dynamic quantisation keeps its weights where `parameters()` does not look."""
    plain = nn.Sequential(nn.Linear(8, 4), nn.ReLU())
    model = torch.ao.quantization.quantize_dynamic(plain, {nn.Linear}, torch.qint8)
    names = ("params", "params_by_storage", "bytes_by_type")
    assert _counts(model, *names) == [0, 36, "float32=16 qint8=32"]


@st.composite
def small_modules(draw: st.DrawFn) -> nn.Module:
    """A few storages, and parameters that are the whole of one, a slice, a transposed view, or another's double."""
    storages = [torch.zeros(draw(st.integers(1, 6)), draw(st.integers(1, 6))) for _ in range(draw(st.integers(1, 3)))]
    model = nn.ModuleList()
    made: list[nn.Parameter] = []
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["whole", "slice", "column", "turned", "tied", "expanded", "nested"]))
        whole = draw(st.sampled_from(storages))
        start = draw(st.integers(0, whole.shape[0] - 1))
        parameter = {
            "whole": lambda whole=whole: nn.Parameter(whole),
            "slice": lambda whole=whole, start=start: nn.Parameter(whole[start:]),
            "column": lambda whole=whole: nn.Parameter(whole[:, -1]),
            "turned": lambda whole=whole: nn.Parameter(whole.t()),
            "expanded": lambda whole=whole: nn.Parameter(whole[:1].expand(3, -1)),
            "tied": lambda: made[0] if made else nn.Parameter(torch.zeros(3)),
            "nested": lambda: nn.Parameter(torch.zeros(2, 2), requires_grad=False),
        }[kind]()
        made.append(parameter)
        part = nn.Module()
        part.weight = parameter
        model.append(nn.Sequential(part) if kind == "nested" else part)
        if draw(st.booleans()):
            model.append(model[0])
    return model


def _addresses(parameter: torch.Tensor) -> set[int]:
    """Where each element lies in memory."""
    steps = [stride * parameter.element_size() for stride in parameter.stride()]
    places = itertools.product(*map(range, parameter.shape))
    return {parameter.data_ptr() + sum(i * step for i, step in zip(place, steps, strict=True)) for place in places}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(small_modules())
def test_counting_by_storage_equals_counting_every_address_once(model):
    found = parameters.count(model)
    assert found["params_by_storage"] == len(set().union(*map(_addresses, model.parameters())))
    assert found["params"] == sum(p.numel() for p in {id(p): p for p in model.parameters()}.values())
    every = [p for module in model.modules() for p in module._parameters.values() if p is not None]
    assert found["params_every_use"] >= sum(p.numel() for p in every)
    assert bool(found["shared"]) == (found["params_every_use"] != found["params"] or _overlap(model))


def _overlap(model: nn.Module) -> bool:
    storages = [parameter.untyped_storage().data_ptr() for parameter in model.parameters()]
    return len(set(storages)) < len(storages)
