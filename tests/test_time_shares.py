"""Where the time of a pass goes: the profilers, the stage, and what the analysis makes of it."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joulesweep import operator_kinds, plugins
from joulesweep.analysis.merge.job import merge
from joulesweep.analysis.report.causes import time_shares
from joulesweep.errors import Unsupported
from joulesweep.launches import columns
from joulesweep.launches.table_file import write_table
from joulesweep.launches.time_shares import rows as time_share_rows
from joulesweep.launches.time_shares.launch import Part, Profile, TimeShareLaunch
from joulesweep.measure.time_shares import job as stage
from joulesweep.measure.time_shares import launch
from joulesweep.merged.load import Merged, load
from joulesweep.merged.time_by_kind import time_by_kind
from joulesweep.model import onnx_header
from joulesweep.model.manifest import Manifest
from joulesweep.profilers.base import Runs

from tests import synthetic
from tests.digits_model import ROOT, measured_models
from tests.installed import require

require("torch", "onnx", "onnxruntime")

SCRIPT = ROOT / "workflow" / "scripts" / "time_shares.py"
MODEL = "digits_cnn"
LAPTOP = "laptop"


# The profilers


class _Runtime:
    """A runtime whose pass is a call of a module; it takes no artefact."""

    def __init__(self, module: Any) -> None:
        self.module = module

    def load(self, artefact: Any, threads: int) -> Any:
        return self.module

    def prepare(self, inputs: dict[str, np.ndarray]) -> Any:
        import torch

        return torch.zeros(1)

    def pass_s(self, forward: Any, prepared: Any) -> float:
        forward(prepared)
        return 1.0

    def synchronize(self) -> None:
        pass


def _twice(one_pass: Callable[[], float]) -> int:
    return len([one_pass(), one_pass()])


def test_a_modules_time_is_its_own_and_that_of_the_hooks_is_nobodys(monkeypatch):
    """The clock goes on only where a module says so, and by 1 ns whenever it is read."""
    from joulesweep.profilers import module_hooks
    from torch import nn

    now = [0]

    def read() -> int:
        now[0] += 1
        return now[0]

    class Takes(nn.Module):
        def __init__(self, nanoseconds: int, *inner: nn.Module) -> None:
            super().__init__()
            self.nanoseconds, self.inner = nanoseconds, nn.ModuleList(inner)

        def forward(self, x):
            for module in self.inner:
                x = module(x)
            now[0] += self.nanoseconds
            return x

    twice = Takes(1000)
    model = Takes(7000, twice, Takes(500, Takes(4000)), twice)
    monkeypatch.setattr(module_hooks.time, "perf_counter_ns", read)
    made = module_hooks.Profiler().parts(lambda: _Runtime(model), None, 1, {}, Runs(_twice, _twice))  # type: ignore[arg-type]
    found = {part.name: (part.calls, round(part.seconds * 1e9)) for part in made}
    assert found == {
        "(model)": (1, pytest.approx(7000, abs=9)),
        "inner.0": (2, pytest.approx(2000, abs=3)),
        "inner.1": (1, pytest.approx(500, abs=3)),
        "inner.1.inner.0": (1, pytest.approx(4000, abs=3)),
    }


def test_the_kind_of_a_module_is_that_of_the_layer_of_torch_which_it_extends():
    from joulesweep.profilers.module_hooks import _kind
    from torch import nn
    from torchvision.ops import Conv2dNormActivation

    class Own(nn.LayerNorm):
        pass

    kinds = {
        nn.Conv2d(8, 8, 3, groups=8): operator_kinds.DEPTHWISE,
        nn.Conv2d(8, 16, 3, groups=8): operator_kinds.DEPTHWISE,
        nn.Conv2d(8, 8, 3, groups=2): operator_kinds.CONVOLUTION,
        nn.Conv2d(1, 8, 3): operator_kinds.CONVOLUTION,
        nn.Linear(2, 2): operator_kinds.PRODUCT,
        nn.MultiheadAttention(4, 2): operator_kinds.ATTENTION,
        nn.LSTM(2, 2): operator_kinds.RECURRENT,
        nn.Embedding(2, 2): operator_kinds.EMBEDDING,
        nn.BatchNorm2d(2): operator_kinds.NORMALISATION,
        Own(2): operator_kinds.NORMALISATION,
        nn.GELU(): operator_kinds.ACTIVATION,
        nn.AdaptiveAvgPool2d(1): operator_kinds.POOLING,
        nn.Upsample(2): operator_kinds.MOVING,
        nn.Sequential(): operator_kinds.BETWEEN,
        nn.Identity(): operator_kinds.BETWEEN,
        nn.TransformerEncoderLayer(4, 2): operator_kinds.TRANSFORMER,
        Conv2dNormActivation(2, 2): operator_kinds.BETWEEN,
    }
    assert {type(module).__name__: _kind(module) for module in kinds} == {
        type(module).__name__: kind for module, kind in kinds.items()
    }
    assert [_kind(module) for module in kinds] == list(kinds.values())


def test_a_model_that_is_one_module_to_torch_has_no_parts():
    from joulesweep.profilers import module_hooks
    from torch import nn

    with pytest.raises(Unsupported, match="one module"):
        module_hooks.Profiler().parts(lambda: _Runtime(nn.ReLU()), None, 1, {}, Runs(_twice, _twice))  # type: ignore[arg-type]


def _event(name: str, start: int, length: int, operator: str = "", shape: tuple[int, ...] = ()) -> dict[str, Any]:
    arguments = {"op_name": operator, "input_type_shape": [{"float": list(shape)}]} if operator else {}
    return {"cat": "Node", "name": name, "ts": start, "dur": length, "args": arguments}


def test_operators_have_their_own_time_and_the_runtime_what_is_left():
    """Two passes count; the first does not. An If has the time that its branch leaves."""
    from joulesweep.profilers.onnxruntime import parts

    def one_pass(start: int) -> list[dict[str, Any]]:
        return [
            _event("a_nchwc_kernel_time", start + 1, 30, "Conv", (1, 16, 8, 8)),
            _event("b_token_3_kernel_time", start + 32, 10, "QLinearConv", (1, 8, 8, 16)),
            _event("inner_kernel_time", start + 52, 15, "MatMul"),
            _event("branch_kernel_time", start + 50, 20, "If"),
            _event("SequentialExecutor::Execute", start, 90),
            _event("model_run", start, 100),
        ]

    events = [_event("session_initialization", 0, 500), *one_pass(1000), *one_pass(2000), *one_pass(3000)]
    found = {part.name: part for part in parts(events, 2, {"a": True, "b": False})}
    assert {name: (round(part.seconds * 1e6), part.calls) for name, part in found.items()} == {
        "a_nchwc": (30, 1),
        "b_token_3": (10, 1),
        "branch": (5, 1),
        "inner": (15, 1),
        "(between operators)": (40, 1),
    }
    assert [found[name].kind for name in ("a_nchwc", "b_token_3", "inner", "(between operators)")] == [
        operator_kinds.DEPTHWISE,
        operator_kinds.CONVOLUTION,
        operator_kinds.PRODUCT,
        operator_kinds.BETWEEN,
    ]


@pytest.mark.parametrize("name", plugins.names("runtimes"))
def test_every_runtime_names_a_profiler_that_is_there_or_none(name):
    profiler = plugins.declared("runtimes", name, "profiler")
    assert profiler == plugins.load("runtimes", name).profiler
    if profiler:
        splits_by = plugins.declared("profilers", profiler, "splits_by")
        assert splits_by == plugins.load("profilers", profiler).splits_by
        (column,) = (column for column in columns.TIME_SHARES.columns if column.name == "splits_by")
        assert splits_by in column.choices


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("eager", {operator_kinds.CONVOLUTION, operator_kinds.PRODUCT, operator_kinds.BETWEEN}),
        ("onnxruntime", {operator_kinds.CONVOLUTION, operator_kinds.PRODUCT, operator_kinds.BETWEEN}),
        ("onnxruntime-int8", {operator_kinds.CONVOLUTION, operator_kinds.QUANTISATION, operator_kinds.BETWEEN}),
    ],
)
def test_the_parts_of_a_real_pass_add_up_to_it(exported, name, kinds):
    manifest = Manifest.read(exported)
    point = {"batch": 1, "size": 8, "sequence": None, "threads": 1}
    artefact = manifest.artefact(plugins.declared("runtimes", name, "format"), point)
    found = Profile.from_line(launch.run({"artefact": artefact, "runtime": name, "point": point}))
    assert kinds <= {part.kind for part in found.parts}
    whole = sum(part.seconds for part in found.parts)
    assert 0 < whole <= found.pass_s
    assert found.passes >= 1


def test_depthwise_convolutions_are_told_apart_without_the_onnx_package(tmp_path):
    import onnx
    from onnx import TensorProto, helper

    weight = helper.make_tensor("w", TensorProto.FLOAT, [4, 1, 1, 1], [1.0] * 4)
    whole = helper.make_tensor("v", TensorProto.FLOAT, [4, 4, 1, 1], [1.0] * 16)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["y"], "deep", group=4),
        helper.make_node("Conv", ["y", "v"], ["z"], "plain"),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4, 2, 2]) for name in "xz"]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [weight, whole])
    onnx.save(helper.make_model(graph), tmp_path / "g.onnx")
    assert onnx_header.depthwise(tmp_path / "g.onnx") == {"deep": True, "y": True, "plain": False, "z": False}


# The kinds


def test_every_operator_with_a_flop_formula_has_a_kind():
    """So that no FLOPs are compared with nothing."""
    from joulesweep.counters import _onnx_macs, _products
    from torch.utils.flop_counter import flop_registry

    names = {*_onnx_macs.FORMULAS, *_products._FORMULAS, *(packet.__name__ for packet in flop_registry)}
    names = {name for name in names if "backward" not in name}
    unknown = {name for name in names if operator_kinds.of_operator(name) == operator_kinds.OTHER}
    assert unknown == {"_trilinear", "_euclidean_dist"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("depthwise_convolution", operator_kinds.DEPTHWISE),
        ("depthwise_Conv", operator_kinds.DEPTHWISE),
        ("convolution", operator_kinds.CONVOLUTION),
        ("quantized.conv2d", operator_kinds.CONVOLUTION),
        ("addmm_", operator_kinds.PRODUCT),
        ("com.microsoft.Attention", operator_kinds.ATTENTION),
        ("HardSwish", operator_kinds.ACTIVATION),
        ("SomethingNew", operator_kinds.OTHER),
    ],
)
def test_an_operator_has_its_kind_in_place_or_in_a_library_of_its_own(name, kind):
    assert operator_kinds.of_operator(name) == kind


# From launches to rows


def _launch(*parts: tuple[str, str, float], pass_s: float = 1.1, **ended: str) -> TimeShareLaunch:
    made = tuple(Part(name, "T", kind, 1.0, seconds) for name, kind, seconds in parts)
    profile = Profile(3, pass_s, 1.0, made) if made else None
    return TimeShareLaunch(
        **{"status": "ok", "message": "", "measured_at": "now", "limits": {}, **ended, "profile": profile}
    )


def test_rows_are_kinds_before_their_parts_with_the_range_over_the_launches():
    launches = [
        _launch(("a", "x", 0.1), ("b", "x", 0.3), ("c", "y", 0.6)),
        _launch(("a", "x", 0.2), ("b", "x", 0.4), ("c", "y", 0.4), pass_s=1.3),
        _launch(status="crashed"),
    ]
    rows = time_share_rows.rows({"model": "m"}, "module", launches)
    shown = [
        (
            row["kind"],
            row["part"],
            *(round(row[name], 3) for name in ("time_share", "time_low_share", "time_high_share")),
        )
        for row in rows
    ]
    assert shown == [
        ("x", "(all)", 0.5, 0.4, 0.6),
        ("x", "b", 0.35, 0.3, 0.4),
        ("x", "a", 0.15, 0.1, 0.2),
        ("y", "(all)", 0.5, 0.4, 0.6),
        ("y", "c", 0.5, 0.4, 0.6),
    ]
    assert {row["launches"] for row in rows} == {2}
    assert {round(row["slowdown"], 3) for row in rows} == {1.2}
    identity = {"device": "d", "model": "m", "runtime": "r", "measured_at": "now"}
    assert all(columns.TIME_SHARES.faults({**row, **identity}) == [] for row in rows)


def test_every_column_is_written_by_the_maker_of_rows():
    identity = dict.fromkeys(("device", *columns.IDENTITY), 1)
    rows = time_share_rows.rows(identity, "module", [_launch(("a", "x", 0.1))])
    written = {name for row in rows for name in row} | {"schema", "check"}
    assert set(columns.TIME_SHARES.header) <= written


def test_a_variant_whose_launches_all_failed_is_one_row_with_the_reason():
    launches = [_launch(status="oom", message="killed")] * 2
    (row,) = time_share_rows.rows({"model": "m"}, "module", launches)
    assert (row["status"], row["message"]) == ("oom", "killed")


# The stage


def _job(*runtimes: str, **settings: Any) -> dict[str, Any]:
    points = [
        {"runtime": runtime, "batch": 1, "size": 8, "sequence": None, "threads": 1, "base": 1} for runtime in runtimes
    ]
    limits = {"launches": 2, "timeout_s": 60, "memory_bytes": None}
    return {"device": "here", "models": measured_models(*points), "settings": limits | settings}


def _table(out: Path) -> list[dict[str, str]]:
    with (out / f"{MODEL}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / f"{MODEL}.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_the_stage_makes_what_is_missing_and_says_where_the_time_goes(exported, tmp_path):
    command = [sys.executable, SCRIPT, "--manifests", exported, "--out", tmp_path]
    for runtimes, lines in ((["onnxruntime"], 2), (["onnxruntime", "eager"], 4), (["onnxruntime", "eager"], 4)):
        done = subprocess.run(
            [*command, "--job", json.dumps(_job(*runtimes))], check=True, capture_output=True, text=True
        )
        assert len(_lines(tmp_path)) == lines
    assert done.stderr == ""
    rows = _table(tmp_path)
    assert {row["status"] for row in rows} == {"ok"}
    for runtime in ("onnxruntime", "eager"):
        kinds = [row for row in rows if row["runtime"] == runtime and row["part"] == "(all)"]
        assert sum(float(row["time_share"]) for row in kinds) == pytest.approx(1)
        shares = [float(row["time_share"]) for row in kinds]
        assert shares == sorted(shares, reverse=True)


def crash(_: dict) -> dict:
    os.kill(os.getpid(), signal.SIGSEGV)
    return {}


def test_a_launch_that_crashes_is_a_row_and_is_tried_again_under_other_limits_only(exported, tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "run", crash)
    for settings, lines in (({}, 2), ({}, 2), ({"timeout_s": 61}, 4)):
        stage.measure(_job("onnxruntime", **settings), [exported], tmp_path)
        assert len(_lines(tmp_path)) == lines
    (row,) = _table(tmp_path)
    assert row["status"] == "crashed"
    assert row["message"].startswith("killed by SIGSEGV")


def test_a_runtime_without_a_profiler_is_a_row_that_says_so(exported, tmp_path, monkeypatch):
    declared = plugins.declared
    monkeypatch.setattr(
        plugins,
        "declared",
        lambda kind, name, what, *more: "" if what == "profiler" else declared(kind, name, what, *more),
    )
    stage.measure(_job("onnxruntime"), [exported], tmp_path)
    (row,) = _table(tmp_path)
    assert row["status"] == "unsupported"
    assert "nothing can time the parts" in row["message"]
    assert not (tmp_path / f"{MODEL}.jsonl").exists()


# The analysis


def _merged(results: Path, rows: list[dict[str, Any]], flops: dict[tuple[str, str], int]) -> Merged:
    """The tables of these rows of one model, with FLOPs by module and operator."""
    (model,) = {row["model"] for row in rows}
    synthetic.tree(results, (LAPTOP,), {model: synthetic.MODELS[model]})
    write_table(results / f"devices/{LAPTOP}/time_shares/{model}.csv", columns.TIME_SHARES, rows)
    layers = [
        {"model": model, "module": module, "operator": operator, "flops": count}
        for (module, operator), count in flops.items()
    ]
    write_table(results / f"models/{model}/layers.csv", columns.LAYERS, layers)
    job = synthetic.job(models={model: synthetic.MODELS[model]})
    merge(job, results, results / "merged")
    merged = load(results / "merged", job["models"])
    assert merged.problems.empty
    return merged


def _shares(merged: Merged) -> dict[str, float]:
    found = time_by_kind(merged)
    return {kind: round(share, 3) for kind, share in zip(found["kind"], found["flops_share"], strict=True)}


def test_modules_are_joined_with_their_own_flops(tmp_path):
    """A container has what the modules in it leave; a kind has what all its modules have."""
    part = {"convolution": ("a", "b.c"), "between the layers": ("(model)", "b")}
    rows = [
        row | {"part": name, "splits_by": "module"}
        for row in synthetic.time_share_rows(
            LAPTOP, "digits_mlp", "eager", {"convolution": 0.7, "between the layers": 0.3}
        )
        for name in ([row["part"]] if row["part"] == "(all)" else part[row["kind"]])
    ]
    flops = {("(model)", "(all)"): 100, ("a", "(all)"): 20, ("b", "(all)"): 70, ("b.c", "(all)"): 40}
    assert _shares(_merged(tmp_path, rows, flops)) == {"convolution": 0.6, "between the layers": 0.4}


def test_flops_of_a_module_that_another_one_calls_are_not_guessed(tmp_path):
    rows = [
        row | {"splits_by": "module"}
        for row in synthetic.time_share_rows(LAPTOP, "digits_mlp", "eager", {"convolution": 1.0})
    ]
    merged = _merged(tmp_path, rows, {("(model)", "(all)"): 100, ("a", "(all)"): 20, ("a.b", "(all)"): 50})
    assert time_by_kind(merged)["flops_share"].isna().all()


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ({"matrix product": 0.6, "activation": 0.4}, {"matrix product": 1.0, "activation": 0.0}),
        ({"convolution": 0.1, "matrix product": 0.9}, {"convolution": 0.0, "matrix product": 1.0}),
    ],
)
def test_operators_are_joined_by_kind_and_attention_is_a_product_where_the_runtime_has_no_operator_for_it(
    tmp_path, kinds, expected
):
    rows = synthetic.time_share_rows(LAPTOP, "digits_mlp", "onnxruntime", kinds)
    whole = "(model)"
    flops = {
        (whole, "(all)"): 100,
        (whole, "addmm"): 75,
        (whole, "_scaled_dot_product_flash_attention"): 25,
        ("a", "addmm"): 75,
    }
    assert _shares(_merged(tmp_path, rows, flops)) == expected


@pytest.mark.parametrize(
    "kinds", [{"attention": 1.0}, {"recurrent layer": 0.5, "matrix product": 0.5}, {"activation": 1.0}]
)
def test_flops_are_not_known_where_an_operator_does_what_the_counter_sees_as_several_or_none_does_them(tmp_path, kinds):
    rows = synthetic.time_share_rows(LAPTOP, "digits_mlp", "onnxruntime", kinds)
    merged = _merged(tmp_path, rows, {("(model)", "(all)"): 100, ("(model)", "addmm"): 100})
    assert time_by_kind(merged)["flops_share"].isna().all()


def test_a_depthwise_convolution_that_the_runtime_hides_is_a_convolution(tmp_path):
    rows = synthetic.time_share_rows(LAPTOP, "digits_mlp", "onnxruntime", {"convolution": 1.0})
    assert _shares(_merged(tmp_path, rows, FLOPS)) == {"convolution": 1.0}


def test_every_kind_has_a_colour_of_its_own():
    from joulesweep.figures.time_shares import _COLOURS

    kinds = {value for name, value in vars(operator_kinds).items() if name.isupper() and not name.startswith("_")}
    assert set(_COLOURS) == kinds - {operator_kinds.DEPTHWISE_PREFIX}
    assert len(set(_COLOURS.values())) == len(_COLOURS)


FLOPS = {("(model)", "(all)"): 100, ("(model)", "convolution"): 92, ("(model)", "depthwise_convolution"): 8}


def test_a_kind_with_far_more_time_than_flops_is_told_with_both(tmp_path):
    rows = synthetic.time_share_rows(LAPTOP, "digits_mlp", "eager", {"convolution": 0.5, "depthwise convolution": 0.5})
    merged = _merged(tmp_path, rows, FLOPS)
    assert time_shares.sentences(time_by_kind(merged)) == [
        "**Depthwise convolution** has 50 % of the time (48 to 52 %) and 8.0 % of the FLOPs in digits_mlp @ eager on laptop."
    ]
    table = time_shares.shares(time_by_kind(merged), LAPTOP)
    assert "| digits_mlp @ eager | 50 ± 2 (92) | 50 ± 2 (8) |" in table


def test_shares_that_agree_are_not_told(tmp_path):
    rows = synthetic.time_share_rows(
        LAPTOP, "digits_mlp", "eager", {"convolution": 0.85, "depthwise convolution": 0.15}
    )
    assert time_shares.sentences(time_by_kind(_merged(tmp_path, rows, FLOPS))) == []


def test_shares_of_a_variant_that_the_timing_slowed_are_marked_and_no_finding(tmp_path):
    rows = synthetic.time_share_rows(
        LAPTOP, "digits_mlp", "eager", {"activation": 0.9, "convolution": 0.1}, slowdown=1.6
    )
    merged = _merged(tmp_path, rows, {("(model)", "(all)"): 100, ("(model)", "convolution"): 100})
    assert time_shares.sentences(time_by_kind(merged)) == []
    assert "| digits_mlp @ eager ⁑ |" in time_shares.shares(time_by_kind(merged), LAPTOP)
    assert time_shares.slowed(time_by_kind(merged)).startswith(
        "⁑ Timing the parts made these passes 1.6 times as long."
    )


def test_where_a_runtime_saves_the_time_of_eager_is_told_in_milliseconds(tmp_path):
    """Own times of 1 ms times the share: what eager spends on normalisation is gone."""
    eager = {"convolution": 0.5, "normalisation": 0.3, "activation": 0.2}
    rows = [
        *synthetic.time_share_rows(LAPTOP, "digits_mlp", "eager", eager),
        *synthetic.time_share_rows(LAPTOP, "digits_mlp", "onnxruntime", {"convolution": 0.1}),
    ]
    last = time_shares.sentences(time_by_kind(_merged(tmp_path, rows, FLOPS)))[-1]
    assert last == (
        "digits_mlp on laptop: from eager to onnxruntime, convolution 0.50 → 0.10 ms and normalisation 0.30 → 0 ms per pass."
    )


def test_work_that_another_runtime_divides_into_other_operators_is_no_saving(tmp_path):
    rows = [
        *synthetic.time_share_rows(
            LAPTOP, "digits_mlp", "eager", {"attention": 0.6, "matrix product": 0.2, "between the layers": 0.2}
        ),
        *synthetic.time_share_rows(LAPTOP, "digits_mlp", "onnxruntime", {"matrix product": 0.7}),
    ]
    assert not any(
        "from eager to" in line for line in time_shares.sentences(time_by_kind(_merged(tmp_path, rows, FLOPS)))
    )


def test_without_profiles_there_is_no_table(tmp_path):
    rows = [synthetic.failed(synthetic.time_share_rows(LAPTOP, "digits_mlp", "eager")[0], "crashed", "signal 11")]
    merged = _merged(tmp_path, rows, FLOPS)
    assert time_shares.shares(time_by_kind(merged), LAPTOP) == ""
    assert time_shares.sentences(time_by_kind(merged)) == []
