"""The configuration: what is wrong is told in one line that names the key, the value and what was expected."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from joulesweep.errors import UserError
from joulesweep.pipeline import config

MODEL = {"source": "torchvision:resnet18", "input": {"shape": [3, 224, 224]}, "runtimes": ["eager", "onnxruntime"]}


def _load(tmp_path: Path, written: object, **overrides: object) -> config.Config:
    path = tmp_path / "config.yaml"
    path.write_text(written if isinstance(written, str) else yaml.safe_dump(written))
    return config.load(path, overrides)


def _with(**changes: object) -> dict:
    return {"models": {"net": {**MODEL, **changes}}}


def test_the_shipped_configuration_means_something():
    found = config.load(Path("config.yaml"))
    assert len(found.models) >= 7
    assert len(found.values["hypotheses"]) >= 3
    assert all(spec["why"] for spec in found.models.values())
    assert all({"eager", "onnxruntime"} <= set(spec["runtimes"]) for spec in found.models.values())
    assert {"batch", "size"} <= set(found.axes)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"models": {"net": MODEL}, "hypothesis": []}, ["the top level", "'hypothesis'", "'hypotheses'"]),
        (_with(runtime=["eager"]), ["models.net", "unknown key 'runtime'", "did you mean 'runtimes'?"]),
        (_with(runtimes=["eagre"]), ["models.net.runtimes", "'eagre'", "'eager'", "onnxruntime-int8"]),
        (_with(source="torchvison:resnet18"), ["models.net.source", "'torchvison'", "'torchvision'"]),
        (_with(source="python:build"), ["models.net.source", "expected python:FILE.py:FUNCTION"]),
        (_with(source="python:nothing.py:build"), ["models.net.source", "there is no file 'nothing.py'"]),
        (_with(weights="nothing.safetensors"), ["models.net.weights", "there is no file"]),
        (_with(data="digit"), ["models.net.data", "'digits'"]),
        (_with(input={"shape": [3, 0, 224]}), ["models.net.input.shape.1", "0", "at least 1"]),
        (_with(input={}), ["models.net.input", "'shape' is missing"]),
        (_with(sweeps={"batch": [1, 1]}), ["models.net.sweeps.batch", "every value once"]),
        (_with(sweeps={"batches": [1]}), ["models.net.sweeps", "'batches'", "'batch'"]),
        ({"models": {}}, ["models", "at least one entry"]),
        ({"models": {"net": MODEL}, "threads": "all"}, ["threads", "all", "'physical' or a whole number"]),
        ({"models": {"net": MODEL}, "meter": "rappl"}, ["meter", "'rappl'", "'rapl'"]),
        ({"models": {"net": MODEL}, "latency": {"launches": 2}}, ["latency.launches", "2", "at least 3"]),
        ({"models": {"net": MODEL}, "latency": {"target": 2}}, ["latency.target", "2", "at most 1"]),
        (
            {"models": {"net": MODEL}, "hypotheses": [{"metric": "latency", "of": "net"}]},
            ["hypotheses.0", "'of' with 'less_than'"],
        ),
        (
            {"models": {"net": MODEL}, "hypotheses": [{"metric": "latency", "of": "nett", "less_than": "net"}]},
            ["hypotheses.0.of", "'nett'", "'net'"],
        ),
        ("models: [", ["not YAML", "line 1"]),
        ("- a list", ["expected keys such as 'models:'", "list"]),
        ("models: {a: {}, a: {}}", ["'a'", "twice"]),
    ],
)
def test_a_complaint_is_one_line_that_names_what_is_wrong_where_and_what_was_expected(tmp_path, written, words):
    with pytest.raises(UserError) as complaint:
        _load(tmp_path, written)
    text = str(complaint.value)
    assert "\n" not in text
    assert str(tmp_path / "config.yaml") in text
    for word in words:
        assert word in text


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(UserError, match=r"nothing\.yaml: No such file"):
        config.load(tmp_path / "nothing.yaml")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["models", "sweeps", "hypotheses", "latency", "net", "source", "input", "shape", "runtimes"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_is_written_is_loaded_or_told_in_one_line(tmp_path_factory, written):
    complaint = ""
    try:
        _load(tmp_path_factory.mktemp("any"), written)
    except UserError as error:
        complaint = str(error)
    assert "\n" not in complaint


def test_every_axis_is_varied_alone_from_the_base_point(tmp_path):
    found = _load(tmp_path, _with(sweeps={"batch": [1, 4], "size": [128, 224], "threads": [1]}), threads=2)
    eager = [point for point in found.latency_points("net") if point["runtime"] == "eager"]
    assert [(point["batch"], point["size"], point["threads"]) for point in eager] == [
        (1, 224, 2),
        (4, 224, 2),
        (1, 128, 2),
        (1, 224, 1),
    ]
    assert found.axes == ["batch", "size", "threads"]


def test_energy_is_read_at_the_ends_of_the_batch_sweep_alone_where_asked(tmp_path):
    found = _load(tmp_path, {**_with(sweeps={"batch": [1, 2, 8], "size": [128]}), "energy": {"points": "ends"}})
    assert [(point["batch"], point["size"]) for point in found.energy_points("net")] == [(1, 224), (8, 224)] * 2


def test_overrides_replace_keys_of_the_top_level(tmp_path):
    assert _load(tmp_path, {**_with(), "device": "one"}, device="other").device == "other"


def test_the_devices_own_name_is_a_folders_name(tmp_path, monkeypatch):
    monkeypatch.setattr(config.platform, "node", lambda: "Anna's laptop/2")
    assert _load(tmp_path, _with()).device == "Anna-s-laptop-2"
