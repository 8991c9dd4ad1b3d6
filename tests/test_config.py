"""The configuration: what is wrong is said in one line that names the key, the value and what was expected."""

import os
import platform
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from joulesweep import plugins
from joulesweep.axes import ALL, INPUT_AXES
from joulesweep.errors import UserError
from joulesweep.pipeline.configuration import (
    config,
    config_doc,
    config_schema,
    data_specs,
    file_digests,
    hypothesis_specs,
)

from tests.digits_model import ROOT

MODEL = {"source": "torchvision:resnet18", "input": {"shape": [3, 224, 224]}, "runtimes": ["eager", "onnxruntime"]}


def _load(tmp_path: Path, written: object, **overrides: object) -> config.Config:
    path = tmp_path / "config.yaml"
    if isinstance(written, bytes):
        path.write_bytes(written)
    else:
        path.write_text(written if isinstance(written, str) else yaml.safe_dump(written), encoding="utf-8")
    return config.load(path, overrides)


def _complaint(tmp_path: Path, written: object) -> str:
    with pytest.raises(UserError) as complaint:
        _load(tmp_path, written)
    text = str(complaint.value)
    assert len(text.splitlines()) == 1
    assert len(text) <= 300
    assert str(tmp_path / "config.yaml") in text
    return text.removeprefix(f"{tmp_path / 'config.yaml'}: ")


def _with(**changes: object) -> dict:
    return {"models": {"net": {**MODEL, **changes}}}


def _claims(*hypotheses: dict, models: tuple[str, ...] = ("net", "other"), **changes: object) -> dict:
    return {"models": {name: {**MODEL, **changes} for name in models}, "hypotheses": list(hypotheses)}


def test_the_shipped_configuration_is_loaded_without_a_warning():
    shipped = config.load(Path("config.yaml"))
    assert shipped.warnings == ()
    assert len(shipped.models) >= 7
    assert len(shipped.values["hypotheses"]) >= 3
    assert all(spec["why"] for spec in shipped.models.values())
    assert all({"eager", "onnxruntime"} <= set(spec["runtimes"]) for spec in shipped.models.values())
    assert {"batch", "size"} <= set(shipped.axes)


def test_a_setting_under_its_former_name_is_understood_and_its_new_name_is_said(tmp_path):
    loaded = _load(tmp_path, {"models": {"net": MODEL}, "latency": {"again": 2}})
    assert loaded.latency["busy_retries"] == 2
    assert "again" not in loaded.latency
    assert [warning for warning in loaded.warnings if "latency.again is now called busy_retries" in warning]
    both = {"models": {"net": MODEL}, "latency": {"again": 2, "busy_retries": 1}}
    assert "'again'" in _complaint(tmp_path, both)


def test_what_is_written_for_a_device_counts_on_that_device_only(tmp_path):
    devices = {"pi": {"threads": 3, "meter": "none"}, "orin": {"constraint": "jetson", "python": "/usr/bin/python3"}}
    written = {"models": {"net": MODEL}, "devices": devices, "meter": "cpu-time", "threads": 1}
    on = {name: _load(tmp_path, written, device=name) for name in ("pi", "orin", "laptop")}
    assert [on[name].values["threads"] for name in on] == [3, 1, 1]
    assert [on[name].models["net"]["threads"] for name in on] == [3, 1, 1]
    assert [on[name].values["meter"] for name in on] == ["none", "cpu-time", "cpu-time"]
    assert [on[name].values["python"] for name in on] == ["auto", "/usr/bin/python3", "auto"]
    assert {name: own["constraint"] for name, own in on["laptop"].devices.items()} == {"pi": "pi", "orin": "jetson"}


@pytest.mark.parametrize(
    ("devices", "words"),
    [
        ({"a b": {}}, ["devices: the name", '"a b"']),
        ({"pi": {"nodes": 2}}, ["devices.pi: unknown key 'nodes'", "constraint"]),
        ({"pi": {"meter": "jtob"}}, ["devices.pi.meter: unknown 'jtob'", "jtop"]),
        ({"pi": {"meters": {"cpu-time": {"watts": 5}}}}, ["devices.pi.meters.cpu-time: unknown 'watts'"]),
        ({"orin": {"constraint": "pi"}, "pi": {}}, ["orin and pi have the same constraint 'pi'"]),
        ({"Pi": {}, "pi": {}}, ["Pi and pi differ only in case"]),
    ],
)
def test_a_device_that_cannot_be_is_one_line(tmp_path, devices, words):
    complaint = _complaint(tmp_path, {"models": {"net": MODEL}, "devices": devices})
    assert all(word in complaint for word in words), complaint


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("# nothing yet\n", ["the file is empty", "docs/configuration.md"]),
        ({"models": {"net": MODEL}, "hypothesis": []}, ["the top level", "'hypothesis'", "'hypotheses'"]),
        (_with(runtime=["eager"]), ["models.net", "unknown key 'runtime'", "did you mean 'runtimes'?"]),
        (_with(runtimes=["eagre"]), ["models.net.runtimes", "'eagre'", "'eager'", "expected one of compile, "]),
        (_with(runtimes=[]), ["models.net.runtimes", "[]", "at least 1 item"]),
        (_with(runtimes=["eager", "eager"]), ["models.net.runtimes", '"eager" is there twice', "every value once"]),
        (_with(source="torchvison:resnet18"), ["models.net.source", "'torchvison'", "'torchvision'"]),
        (_with(source="resnet18"), ['"resnet18": expected SCHEME:NAME, as in torchvision:resnet18']),
        (_with(source="torchvision:"), ["models.net.source", "expected SCHEME:NAME"]),
        (_with(source="torchvision: "), ["models.net.source", "expected SCHEME:NAME"]),
        (_with(source="python:build"), ["models.net.source", "expected python:FILE.py:FUNCTION"]),
        (_with(source="python:custom_models/digits.py:"), ["expected python:FILE.py:FUNCTION"]),
        (_with(source="python:nothing.py:build"), ["models.net.source", "there is no file 'nothing.py'"]),
        (_with(source="onnx:Größe.onnx"), ["there is no file 'Größe.onnx'"]),
        (_with(weights="nothing.safetensors"), ["models.net.weights", "there is no file"]),
        (_with(weights="w" * 5000), ["models.net.weights", "there is no file", "…"]),
        (_with(data="digit"), ["models.net.data", "'digits'"]),
        (_with(data={"set": "image"}), ["models.net.data", "unknown 'image'", "'images'"]),
        (
            _with(data={"folder": "a"}),
            ["models.net.data", "expected the name of a data set, as in digits, or its settings"],
        ),
        (_with(data={"set": "images"}), ["models.net.data: the key 'folder' is missing"]),
        (_with(data="images"), ["models.net.data: the key 'folder' is missing"]),
        (_with(data={"set": "digits", "folder": "a"}), ["models.net.data: unknown key 'folder'"]),
        (
            _with(data={"set": "images", "folder": "nowhere"}),
            ["models.net.data.folder: there is no folder 'nowhere'; paths"],
        ),
        (_with(data={"set": "images", "folder": "README.md"}), ["data.folder: there is no folder 'README.md'"]),
        (
            _with(data={"set": "images", "folder": "docs", "resise": 1}),
            ["unknown key 'resise' (did you mean 'resize'?)"],
        ),
        (_with(data={"set": "images", "folder": "docs", "resize": "1"}), ['data.resize: "1": expected a whole number']),
        (
            _with(data={"set": "images", "folder": "docs", "crop": [1]}),
            ["data.crop: [1]: expected a number of pixels, or"],
        ),
        (_with(data={"set": "images", "folder": "docs", "channels": 2}), ["data.channels: 2: expected one of 1, 3"]),
        (
            _with(data={"set": "images", "folder": "docs", "mean": ["a"]}),
            ['data.mean (value 1): "a": expected a number'],
        ),
        (_with(data={"set": "digits", "examples": 0}), ["models.net.data", "expected the name of a data set"]),
        (_with(data={"set": "npz", "file": "n" * 300}), ["models.net.data.file", "…"]),
        (_with(data="digits", metric="top1"), ["models.net.metric: unknown 'top1' (did you mean 'top-1'?)"]),
        (_with(metric="top-1"), ["models.net.metric: the model has no 'data'"]),
        (
            _with(data="digits", metric="word-accuracy"),
            ["word-accuracy needs the setting 'symbols' of the data, which digits"],
        ),
        (_with(why=None), ["models.net.why: null: expected a text", "in quotes"]),
        (_with(input={"shape": [3, 0, 224]}), ["models.net.input.shape (value 2)", "0", "a length from 1"]),
        (_with(input={"shape": [3, 2.0, 224]}), ["models.net.input.shape (value 2)", "2.0", "a length from 1"]),
        (_with(input={"shape": [3, 224, True]}), ["models.net.input.shape (value 3)", "true", "a length from 1"]),
        (_with(input={}), ["models.net.input", "'shape' is missing"]),
        (_with(sweeps={"batch": [1, 1]}), ["models.net.sweeps.batch", "every value once"]),
        (_with(sweeps={"batch": []}), ["models.net.sweeps.batch", "[]", "at least 1 item"]),
        (_with(sweeps={"batch": [None, 2]}), ["models.net.sweeps.batch (value 1)", "null", "a whole number"]),
        (_with(sweeps={"batch": [1e308]}), ["models.net.sweeps.batch (value 1)", "1e+308", "a whole number"]),
        (_with(sweeps={"batch": [2.0]}), ["models.net.sweeps.batch (value 1)", "2.0", "a whole number"]),
        (_with(sweeps={"batch": [10**20]}), ["models.net.sweeps.batch (value 1)", "at most"]),
        (_with(sweeps={"threads": [2**70]}), ["models.net.sweeps.threads (value 1)", "at most 4096"]),
        (
            _with(sweeps={"batches": [1]}),
            ["models.net.sweeps", '"batches"', "one of batch, size", "did you mean 'batch'?"],
        ),
        (_with(sweeps={"sequence": [8]}), ["models.net.sweeps", "no axis sequence", "only batch, size, threads"]),
        ({**_with(), "sweeps": {"time": [8]}}, ["sweeps: the input has no axis sequence"]),
        ({"models": {}}, ["models", "at least one entry"]),
        ({"models": {"m\n": MODEL}}, ["models: the name", "a name of letters"]),
        ({"models": {"m" * 300: MODEL}}, ["models: the name", "300 characters", "at most 100"]),
        ({"models": {"Net": MODEL, "net": MODEL}}, ["Net and net differ only in case"]),
        ({"models": {"net": MODEL}, "threads": "all"}, ["threads", "all", "'physical' or a whole number"]),
        ({"models": {"net": MODEL}, "threads": 2**70}, ["threads", "from 1 to 4096"]),
        ({"models": {"net": MODEL}, "device": "d\n"}, ["device", "a name of letters"]),
        ({"models": {"net": MODEL}, "title": True}, ["title: true: expected a text", "truth value", "in quotes"]),
        ({"models": {"net": MODEL}, "meter": "rappl"}, ["meter", "'rappl'", "'rapl'"]),
        ({"models": {"net": MODEL}, "meters": {"rapl": {"zone": {"a": 1}}}}, ["meters.rapl.zone", "a text, a number"]),
        ({"models": {"net": MODEL}, "latency": {"launches": 2}}, ["latency.launches", "2", "at least 3"]),
        ({"models": {"net": MODEL}, "latency": {"precision": 2}}, ["latency.precision", "2", "at most 1"]),
        ({"models": {"net": MODEL}, "latency": {"precision": float("nan")}}, ["latency.precision", "NaN", "a number"]),
        ({"models": {"net": MODEL}, "latency": {"timeout_s": float("inf")}}, ["latency.timeout_s", "Infinity"]),
        (
            {"models": {"net": MODEL}, "energy": {"points": "end"}},
            ["energy.points", "one of ends, all, auto", "'ends'"],
        ),
        ({"models": {"net": MODEL}, "choose": {}}, ["choose: {}", "at least one limit, as in {max_latency_ms: 20}"]),
        ({"models": {"net": MODEL}, "choose": {"device": "pi"}}, ["choose", "at least one limit"]),
        ({"models": {"net": MODEL}, "choose": 20}, ["choose: 20", "at least one limit"]),
        ({"models": {"net": MODEL}, "choose": {"max_latency": 5}}, ["choose", "'max_latency'", "'max_latency_ms'"]),
        ({"models": {"net": MODEL}, "choose": {"max_size_MB": 0}}, ["choose.max_size_MB: 0", "more than 0"]),
        ({"models": {"net": MODEL}, "choose": {"min_accuracy": 101}}, ["choose.min_accuracy: 101", "at most 100"]),
        (
            {"models": {"net": MODEL}, "choose": {"max_latency_ms": 5, "device": "auto"}},
            ["choose: device: 'auto'", "results/devices"],
        ),
        ("models: [", ["line 1: not YAML"]),
        ("- a list", ["expected keys such as 'models:'", "list"]),
        ("", ["the file is empty"]),
        ("models: {a: {}, a: {}}", ["line 1", "'a'", "twice"]),
    ],
)
def test_a_complaint_is_one_line_that_names_what_is_wrong_where_and_what_was_expected(tmp_path, written, words):
    text = _complaint(tmp_path, written)
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("hypothesis", "words"),
    [
        (
            {"metric": "latency", "of": "net"},
            [
                "hypothesis 2 (latency of net)",
                "one of less_than, greater_than, stays, tracks, does_not_track, predicts, grows",
            ],
        ),
        ({"metric": "latency", "less_than": "net"}, ["hypothesis 2", "the key 'of' is missing"]),
        ({"metric": "latency", "of": "nett", "less_than": "net"}, ["hypothesis 2 (latency of nett", "'nett'", "'net'"]),
        ({"metric": "latency", "of": "net @ eagre", "less_than": "other"}, ["of: the runtime of net", "'eager'"]),
        ({"metric": "latency", "of": "net @", "less_than": "other"}, ["of", "expected MODEL or MODEL @ RUNTIME"]),
        ({"metric": "latence", "tracks": "params"}, ["hypothesis 2", "metric", "did you mean 'latency'?"]),
        (
            {"metric": "latency", "tracks": "latency"},
            ["hypothesis 2 (latency tracks latency)", "latency is compared with itself"],
        ),
        ({"metric": "latency", "of": "net", "less_than": "net"}, ["hypothesis 2", "compared with itself"]),
        ({"metric": "latency", "of": "net @ eager", "less_than": "net"}, ["compared with itself"]),
        ({"metric": "params", "grows": "linearly", "with": "batch"}, ["metric", "one of latency, energy, memory"]),
        ({"metric": "latency", "grows": "linearly", "with": "batches"}, ["with", "did you mean 'batch'?"]),
        ({"metric": "latency", "tracks": "params", "with": "batch"}, ["unknown key 'with'", "known are metric"]),
        (
            {"metric": "latency", "tracks": "params", "of": "net", "less_than": "other"},
            ["one of less_than, greater_than"],
        ),
        (3, ["hypothesis 2: 3: expected one of less_than"]),
        ({"metric": "latency", "of": "net", "less_than": "other", "by": 0.5}, ["by: 0.5: expected a factor above 1"]),
        (
            {"metric": "latency", "of": "net", "less_than": "other", "by": -1},
            ["by: -1: expected a number; above 1, or for accuracy above 0"],
        ),
        ({"metric": "latency", "of": "net", "less_than": "other", "at": {"batches": 2}}, ["at", "'batch'"]),
        ({"metric": "latency", "of": "net on pi", "less_than": "net on pi"}, ["net on pi is compared with itself"]),
        (
            {"metric": "latency", "of": "net", "stays": "within 1 point", "from": "other"},
            ["'within 5 %' for this metric"],
        ),
        (
            {"metric": "accuracy", "of": "net", "stays": "within 1 %", "from": "other"},
            ["'within 1 point' for accuracy"],
        ),
        (
            {"metric": "accuracy", "of": "net", "stays": "close", "from": "other"},
            ["stays", '"close"', "'within 1 point'"],
        ),
        ({"metric": "latency", "grows": "quickly", "with": "batch"}, ["grows", "one of linearly, faster, slower"]),
        ({"metric": "latency", "tracks": "params", "device": "auto"}, ["device: 'auto'", "results/devices"]),
        ({"metric": "latency", "of": "net on pi", "less_than": "other", "device": "vm"}, ["'vm'", "'on pi'"]),
        ({"metric": "latency", "tracks": "params", "at": {"batch": 2, "size": 16}}, ["at", "one axis with its value"]),
        ({"metric": "latency", "predicts": "latency"}, ["compared with itself; expected two different metrics"]),
    ],
)
def test_a_wrong_hypothesis_is_named_by_its_place_counted_from_one_and_its_claim(tmp_path, hypothesis, words):
    first = {"metric": "latency", "of": "net", "less_than": "other"}
    text = _complaint(tmp_path, {**_claims(first), "hypotheses": [first, hypothesis]})
    for word in words:
        assert word in text


def test_a_data_set_that_is_not_installed_says_how_to_get_it_and_the_line_is_not_cut():
    entry = plugins.declared("datasets", "fashion-mnist", "SETTINGS")["folder"]
    with pytest.raises(
        UserError, match=r"no folder 'gone'; apt-get install dataset-fashion-mnist, or without root: .*fashion-mnist$"
    ):
        data_specs.completed("models.fashion", {"data": {"set": "fashion-mnist", "folder": "gone"}})
    where = f"config.yaml: models.fashion_cnn.data.folder: there is no folder {entry['default']!r}; "
    assert len(where + entry["missing"]) <= 300


def test_what_is_not_written_of_a_data_set_has_its_default_and_the_rest_is_complete(tmp_path):
    (tmp_path / "flowers" / "rose").mkdir(parents=True)
    (tmp_path / "flowers" / "rose" / "a.png").write_bytes(b"1")
    data = {"set": "images", "folder": str(tmp_path / "flowers"), "crop": 8, "examples": 5}
    spec = _load(tmp_path, _with(data=data)).models["net"]
    assert spec["data"]["settings"] == {
        "folder": str(tmp_path / "flowers"), "classes": None, "resize": None, "crop": 8, "channels": 3, "mean": None, "std": None,
    }  # fmt: skip
    assert spec["data"]["examples"] == 5
    assert [*spec["data"]["content"]] == ["folder"]
    assert spec["data"]["name"] == f"images {tmp_path / 'flowers'}"
    assert (spec["calibration"], spec["metric"]) == (None, "top-1")
    spec = _load(tmp_path, _with(data={**data, "train": str(tmp_path / "flowers")})).models["net"]
    assert [*spec["calibration"]["content"]] == ["train"]
    assert "folder" not in spec["calibration"]["settings"]
    assert _load(tmp_path, _with(data="digits")).models["net"]["calibration"]["name"] == "digits"
    assert _load(tmp_path, _with()).models["net"]["data"] is None


def test_changed_data_are_noticed_by_content_and_a_touched_file_is_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flowers" / "rose").mkdir(parents=True)
    image = tmp_path / "flowers" / "rose" / "a.png"

    def content() -> str:
        return file_digests.of_path(Path("flowers"))

    image.write_bytes(b"one")
    first = content()
    image.write_bytes(b"two")  # within a moment, and as long
    second = content()
    assert second != first
    os.utime(image, (1e9, 1e9))
    assert content() == second
    (image.parent / ".hidden").write_bytes(b"x")
    assert content() == second
    image.rename(image.with_name("b.png"))
    assert content() not in (first, second)


def test_a_digest_that_was_kept_is_used_while_size_and_times_stay(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "a.csv"
    file.write_bytes(b"one")
    later = time.time_ns() + 10 * 10**9
    monkeypatch.setattr(file_digests.time, "time_ns", lambda: later)
    digest = file_digests.of_path(file)
    monkeypatch.setattr(file_digests.digest, "of_file", lambda _: "read again")
    assert file_digests.of_path(file) == digest
    file.write_bytes(b"another")
    assert file_digests.of_path(file) == "read again"


def test_a_limit_that_no_run_can_judge_is_a_warning_when_the_configuration_is_read(tmp_path):
    choose = {"max_latency_ms": 5, "max_energy_mJ": 5, "min_accuracy": 90}
    accuracy, energy = _load(tmp_path, {**_with(), "choose": choose, "meter": "none"}).warnings
    assert "choose.min_accuracy: no accuracy is measured, because no model has 'data'" in accuracy
    assert "choose.max_energy_mJ: energy is not measured, because of 'meter: none'" in energy
    assert _load(tmp_path, {**_with(data="digits"), "choose": choose}).warnings == ()
    assert _load(tmp_path, {**_with(), "choose": {"max_memory_MB": 5}, "meter": "none"}).warnings == ()


def test_a_least_accuracy_is_a_warning_where_less_of_every_metric_is_better(tmp_path):
    choose = {"max_latency_ms": 5, "min_accuracy": 0.5}
    error, share = ({**MODEL, "data": "digits", "metric": metric} for metric in ("mae", "top-1"))
    (warning,) = _load(tmp_path, {"models": {"net": error}, "choose": choose}).warnings
    assert warning.endswith(
        "choose.min_accuracy: less mean absolute error is better, so a least value judges no variant; leave min_accuracy out"
    )
    assert _load(tmp_path, {"models": {"net": error, "other": share}, "choose": choose}).warnings == ()
    assert _load(tmp_path, {"models": {"net": error}, "choose": {"max_latency_ms": 5}}).warnings == ()


def test_the_limits_that_the_shipped_configuration_and_the_documentation_show_are_understood(tmp_path):
    text = (ROOT / "config.yaml").read_text(encoding="utf-8")
    shown = text.replace("\n# choose: {", "\nchoose: {")
    choose = _load(tmp_path, shown).values["choose"]
    definition = config_schema.schema()["$defs"]["choose"]
    assert {*choose, "device"} == set(definition["properties"]), "every limit is shown"
    for example in definition["examples"]:
        assert _load(tmp_path, {**_with(), "choose": example}).values["choose"] == example


@pytest.mark.parametrize("of", ["net @ eager", "net@eager", "net @eager"])
def test_a_variant_may_be_written_with_or_without_spaces(tmp_path, of):
    loaded = _load(tmp_path, _claims({"metric": "latency", "of": of, "less_than": "net@onnxruntime"}))
    (hypothesis,) = loaded.values["hypotheses"]
    assert (hypothesis["of"], hypothesis["less_than"]) == ("net @ eager", "net @ onnxruntime")


def test_two_models_without_a_common_runtime_need_one_each(tmp_path):
    models = {"net": {**MODEL, "runtimes": ["eager"]}, "other": {**MODEL, "runtimes": ["onnxruntime"]}}
    claim = {"metric": "latency", "of": "net", "less_than": "other"}
    text = _complaint(tmp_path, {"models": models, "hypotheses": [claim]})
    assert "no runtime is common to both; name one for each, as in net @ eager" in text
    named = {**claim, "of": "net @ eager", "less_than": "other @ onnxruntime"}
    assert _load(tmp_path, {"models": models, "hypotheses": [named]}).warnings == ()


def test_accuracy_in_a_hypothesis_is_the_metric_of_its_models(tmp_path):
    def loaded(claim: dict, **metrics: str) -> Any:
        models = {name: {**MODEL, "data": "digits", "metric": metric} for name, metric in metrics.items()}
        return _load(tmp_path, {"models": models, "hypotheses": [claim]}).values["hypotheses"][0]

    claim = {"metric": "accuracy", "of": "a", "stays": "within 1 point", "from": "b"}
    found = loaded(claim, a="top-5", b="top-5", c="mae")
    assert (found["accuracy_words"], found["accuracy_unit"]) == ("top-5 accuracy", "percentage points")
    with pytest.raises(UserError, match="a by top-1 and b by mae: values of two metrics cannot be compared"):
        loaded(claim, a="top-1", b="mae")
    with pytest.raises(UserError, match=r"expected 'within 0.1', in the unit of the mean absolute error"):
        loaded(claim, a="mae", b="mae")
    assert loaded({**claim, "stays": "within 0.1"}, a="mae", b="mae")["accuracy_unit"] == ""
    with pytest.raises(UserError, match="expected 'within 1 point' for accuracy"):
        loaded({**claim, "stays": "within 0.1"}, a="top-1", b="top-1")
    assert "accuracy_words" not in loaded(
        {"metric": "accuracy", "tracks": "params"}, a="mae", b="top-1", c="f1", d="f1"
    )


@pytest.mark.parametrize(
    ("hypothesis", "models", "words"),
    [
        ({"metric": "latency", "tracks": "params"}, 3, "3 models in one runtime cannot decide it; it takes 4"),
        ({"metric": "latency", "does_not_track": "params"}, 3, "3 models in one runtime"),
        ({"metric": "latency", "tracks": "params"}, 4, None),
        ({"metric": "accuracy", "tracks": "params"}, 5, "0 models in one runtime"),
        ({"metric": "latency", "of": "a", "less_than": "b", "at": {"batch": 4}}, 2, "a, b: not measured at batch 4"),
        (
            {"metric": "latency", "tracks": "params", "at": {"batch": 4}},
            4,
            "not measured at batch 4; add it to 'sweeps'",
        ),
        ({"metric": "latency", "of": "a", "less_than": "b", "at": {"batch": 1}}, 2, None),
        ({"metric": "latency", "of": "a on pi", "less_than": "a on jetson"}, 2, None),
        ({"metric": "latency", "grows": "linearly", "with": "batch"}, 2, "no model has 3 values of batch"),
        ({"metric": "accuracy", "of": "a", "less_than": "b"}, 2, "no accuracy is measured of a, b, which"),
        ({"metric": "energy", "of": "a", "less_than": "b"}, 2, "energy is not measured"),
    ],
)
def test_a_hypothesis_that_no_run_can_decide_is_a_warning_when_the_configuration_is_read(
    tmp_path, hypothesis, models, words
):
    written = _claims(hypothesis, models=tuple("abcdefg"[:models]))
    warnings = _load(tmp_path, {**written, "meter": "none"}).warnings
    assert len(warnings) == (words is not None)
    if words:
        assert f": hypothesis 1 ({hypothesis['metric']} " in warnings[0]
        assert words in warnings[0]


def test_a_hypothesis_may_name_a_device_in_the_file_that_a_person_writes(tmp_path):
    claim = "{metric: latency, of: net, less_than: other on pi, at: {batch: 2}, device: pi}"
    (tmp_path / "config.yaml").write_text(
        yaml.safe_dump({"models": {"net": MODEL, "other": MODEL}, "sweeps": {"batch": [2]}})
        + f"hypotheses: [{claim}]\n"
    )
    loaded = config.load(tmp_path / "config.yaml")
    assert loaded.warnings == ()
    (found,) = loaded.values["hypotheses"]
    assert (found["device"], found["less_than"], found["at"]) == ("pi", "other on pi", {"batch": 2})


def test_what_energy_is_not_measured_at_cannot_be_claimed_about_it(tmp_path):
    swept = {"sweeps": {"batch": [2, 4]}, "energy": {"points": "ends"}}
    grows = {"metric": "energy", "grows": "linearly", "with": "batch"}
    (warning,) = _load(tmp_path, {**_claims(grows), **swept}).warnings
    assert "energy is measured at two values of batch at most; write 'points: all'" in warning
    at = {"metric": "energy", "of": "net", "less_than": "other", "at": {"batch": 2}}
    (warning,) = _load(tmp_path, {**_claims(at), **swept}).warnings
    assert "not measured at batch 2; no energy is measured there" in warning
    assert _load(tmp_path, {**_claims({**at, "at": {"batch": 4}}), **swept}).warnings == ()


def test_three_values_of_a_sweep_can_decide_growth(tmp_path):
    claim = {"metric": "latency", "grows": "linearly", "with": "batch"}
    assert _load(tmp_path, _claims(claim, sweeps={"batch": [2, 4]})).warnings == ()


def test_a_general_sweep_leaves_out_a_model_without_the_axis_and_says_so(tmp_path):
    text = {**MODEL, "input": {"shape": [16], "dtype": "int64"}}
    loaded = _load(tmp_path, {"models": {"net": MODEL, "text": text}, "sweeps": {"size": [64], "batch": [2]}})
    assert [warning.partition(".yaml: ")[2] for warning in loaded.warnings] == [
        "sweeps.size: not swept of text, whose input has no axis size"
    ]
    assert {point["size"] for point in loaded.count_points("text")} == {None}
    assert {point["size"] for point in loaded.count_points("net")} == {224, 64}


@pytest.mark.parametrize("words", ["{x}", "100 %s", "`code` | pipe", "<b>bold</b> & more", "Größe \u2028 — 模型"])
def test_any_text_is_a_title_and_a_reason(tmp_path, words):
    loaded = _load(tmp_path, {**_with(why=words), "title": words})
    assert loaded.values["title"] == loaded.models["net"]["why"] == words


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("title: Größe\nmodels: {}".encode("latin-1"), "line 1: not UTF-8 text; save the file as UTF-8"),
        ("models: {}".encode("utf-16"), "UTF-16 text; save it as UTF-8"),
        ("models: {}".encode("utf-16-be"), "UTF-16 or UTF-32 text; save it as UTF-8"),
        ("models:\n  1: {}", "line 2: YAML reads the name 1 as a number; write it in quotes: '1'"),
        ("models: {no: {}}", "YAML reads the name no as a truth value; write it in quotes: 'no'"),
        ("models:\n  a: {}\n  on: {}", "line 3: YAML reads the name on as a truth value"),
        ("models: {~: {}}", "YAML reads the name ~ as an empty value"),
        ("models: {1.5: {}}", "YAML reads the name 1.5 as a number"),
        ("? [a, b]\n: 1", "a list or mapping is used as a name"),
        (f"threads: {'9' * 5000}", "is no int; write a text in quotes"),
        ('title: "\\0"', "a control character"),
        ('title: "\\ud800"', "a control character"),
        ("a: &a [*a]", "an alias stands for a part of the file that it lies in"),
        ("a: &a {b: *a}", "an alias stands for a part of the file that it lies in"),
        ("a: &a\n  <<: *a", "an alias stands for a part of the file that it lies in"),
        ("models: " + "[" * 5000, "nested more than 30 levels deep"),
        ("models: " + "{a: " * 5000, "nested more than 30 levels deep"),
        ("\n".join(["- " * 5000]), "nested more than 30 levels deep"),
        ("a: &a0 [x]\n" + "".join(f"b{n}: &a{n + 1} [*a{n}]\n" for n in range(200)), "30 levels"),
        ("a: &a0 x\n" + "".join(f"b{n}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(9)), "10000 values"),
        (f"title: {'x' * 300_000}", "is longer than 200 kB"),
        ("a: !!python/object:os.system {}", "not YAML"),
        ("--- {}\n--- {}", "not YAML"),
        ("\tmodels: {}", "not YAML"),
        ("a: \x07", "not YAML"),
    ],
)
def test_what_yaml_would_read_otherwise_or_without_end_is_one_line(tmp_path, written, words):
    assert words in _complaint(tmp_path, written)


def test_a_date_is_text(tmp_path):
    loaded = _load(tmp_path, f"models: {{2024-01-01: {MODEL}}}\ntitle: 2024-13-45")
    assert (loaded.values["title"], [*loaded.models]) == ("2024-13-45", ["2024-01-01"])
    log = "meters: {log: {file: a.csv, start: 2024-01-01T10:00:00}}"
    assert _load(tmp_path, f"models: {{net: {MODEL}}}\n{log}").values["meters"]["log"]["start"] == "2024-01-01T10:00:00"


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    assert _load(tmp_path, b"\xef\xbb\xbf" + yaml.safe_dump(_with()).encode()).models.keys() == {"net"}


def test_merge_keys_and_aliases_work(tmp_path):
    text = """
        models:
          a: &a {source: "torchvision:resnet18", input: &i {shape: [3, 64, 64]}, runtimes: [eager]}
          b: {<<: *a, source: "torchvision:resnet34", why: deeper}
          c: {<<: [*a, {why: wider}], input: *i}
    """
    models = _load(tmp_path, text).models
    assert [models[name]["source"] for name in "abc"] == [f"torchvision:resnet{n}" for n in (18, 34, 18)]
    assert [models[name]["why"] for name in "abc"] == ["", "deeper", "wider"]
    assert "'<<' is there twice" in _complaint(tmp_path, "models: {a: &a {}, b: {<<: *a, <<: *a}}")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"def build(:\n", "net.py, line 1: not Python"),
        (b"x = 1\nif x\n", "net.py, line 2: not Python"),
        (b"# Gr\xf6\xdfe\n", "cannot be read as Python"),
        (b"\x00", "net.py"),
    ],
)
def test_a_user_file_that_is_no_python_is_one_line(tmp_path, content, words):
    file = tmp_path / "net.py"
    file.write_bytes(content)
    assert words in _complaint(tmp_path, _with(source=f"python:{file}:build"))


@pytest.mark.parametrize("name", ["nothing.yaml", "a\0b", "n" * 300])
def test_a_missing_file_is_one_line(tmp_path, name):
    with pytest.raises(UserError, match="snakemake --cores 1 all --configfile FILE") as complaint:
        config.load(tmp_path / name)
    assert len(str(complaint.value)) <= 300


def test_a_folder_or_a_pipe_in_the_files_place_is_one_line(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(UserError, match="is no file"):
            config.load(place)


def _defaults(part: dict[str, Any]) -> dict[str, Any]:
    return {
        name: config_schema.resolved(entry)["default"]
        for name, entry in part["properties"].items()
        if "default" in config_schema.resolved(entry)
    }


def test_what_is_not_written_has_the_default_that_the_schema_holds(tmp_path):
    schema = config_schema.schema()
    loaded = _load(tmp_path, _with())
    defaults = _defaults(schema)
    for stage in ("latency", "energy"):
        settings_ = schema["$defs"][stage]
        defaults[stage] = _defaults(settings_)
        assert defaults[stage].keys() == settings_["properties"].keys(), "every setting has a default"
        assert loaded.values[stage] == defaults[stage]
    defaults["lab"] = _defaults(schema["$defs"]["lab"])
    assert {key: value for key, value in loaded.values.items() if key != "models"} == defaults


def test_the_shipped_configuration_shows_every_setting_with_its_default():
    text = (ROOT / "config.yaml").read_text(encoding="utf-8")
    schema = config_schema.schema()
    for stage in ("latency", "energy"):
        block = re.search(rf"^{stage}:\n((?:  .*\n)+)", text, re.MULTILINE)
        assert block is not None
        shown = yaml.safe_load(re.sub(r"^  # (?=\w+: )", "  ", block[1], flags=re.MULTILINE))
        assert shown == _defaults(schema["$defs"][stage])
    for name, default in _defaults(schema).items():
        if name in ("device", "threads", "meter", "python", "sweeps"):
            assert yaml.safe_load(text)[name] == default


def test_every_axis_can_be_swept_named_in_a_shape_and_claimed_about():
    definitions = config_schema.schema()["$defs"]
    names = {name: [name, *axis.aliases] for name, axis in ALL.items()}
    assert definitions["axis"]["enum"] == [name for axis in ALL for name in names[axis]]
    assert definitions["input_axis"]["enum"] == [name for axis in INPUT_AXES for name in names[axis]]
    assert all(axis in definitions["length"]["expected"] for axis in ("batch", *INPUT_AXES))


def test_every_example_of_a_hypothesis_is_one(tmp_path):
    for kind in config_schema.kinds():
        for example in config_schema.kind_schema(kind)["examples"]:
            written = {"models": {"net": MODEL}, "hypotheses": [example]}
            config_schema.check(written)
    assert hypothesis_specs.completed([], {}) == []


def test_every_kind_of_hypothesis_is_a_file_and_an_entry_of_the_schema():
    assert sorted(kind.replace("_", "-") for kind in config_schema.kinds()) == plugins.names("hypotheses")


def test_the_documentation_is_what_the_schema_says():
    """Render it with: PYTHONPATH=workflow/scripts python -m joulesweep.pipeline.configuration.config_doc > docs/configuration.md"""
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == config_doc.render()


def test_every_key_and_setting_of_the_schema_has_a_meaning():
    definitions = config_schema.schema()["$defs"]
    parts = [config_schema.schema(), *(definitions[name] for name in ("model", "input", "choose", "latency", "energy"))]
    for part in [*parts, *map(config_schema.kind_schema, config_schema.kinds())]:
        for name, entry in part["properties"].items():
            assert config_schema.resolved(entry).get("description"), name


def test_the_schema_names_every_runtime_and_every_source():
    described = config_schema.schema()["$defs"]["model"]["properties"]
    assert [name for name in plugins.names("runtimes") if f"`{name}`" not in described["runtimes"]["description"]] == []
    assert [name for name in plugins.names("sources") if f"`{name}:" not in described["source"]["description"]] == []


def test_the_example_of_the_documentation_is_a_configuration(tmp_path):
    example = config_doc.render().partition("```yaml\n")[2].partition("```")[0]
    assert _load(tmp_path, example).warnings == ()


WORDS = st.sampled_from(
    [
        "",
        "net",
        "Net",
        "no",
        "1",
        "m\n",
        "x" * 300,
        "Größe",
        "a @ b",
        "a: b",
        "torchvision:",
        ":",
        "{x}",
        "\u2028",
        "\x1b[31m",
    ]
)
NUMBERS = st.sampled_from(
    [-1, 0, 1, 2, 2.0, 0.5, 1e308, -1e308, float("inf"), float("nan"), 2**70, 10**400, True, None]
)
ANYTHING = st.recursive(
    WORDS | NUMBERS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | NUMBERS, inner, max_size=3),
    max_leaves=8,
)
VALID = {
    "title": "T",
    "device": "here",
    "threads": 2,
    "meter": "auto",
    "meters": {"cpu-time": {"watts_per_core": 5}},
    "sweeps": {"batch": [1, 2]},
    "models": {
        "net": {**MODEL, "sweeps": {"size": [64]}, "why": "w", "weights": "random"},
        "text": {
            "source": "python:custom_models/digits.py:mlp",
            "inputs": {"ids": {"shape": [{"sequence": 8}], "dtype": "int64", "low": 1, "high": 9, "batched": True}},
            "runtimes": ["eager"],
            "data": {"set": "digits", "examples": 9},
            "metric": "f1",
        },
    },
    "hypotheses": [
        {"metric": "latency", "of": "net @ eager", "less_than": "text", "because": "b"},
        {"metric": "latency", "tracks": "params"},
        {"metric": "memory", "grows": "linearly", "with": "batch"},
    ],
    "choose": {"max_latency_ms": 20, "min_accuracy": 90.5, "device": "pi"},
    "latency": {"launches": 3, "precision": 0.2, "memory_bytes": 1000},
    "energy": {"points": "all", "window_s": 2},
}


def _places(value: Any, path: tuple = ()) -> list[tuple]:
    """The path of every value in nested lists and mappings."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, part in inner for place in _places(part, (*path, key)))]


def _replaced(value: Any, path: tuple, change: Any) -> Any:
    if not path:
        return change(value)
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _replaced(value[path[0]], path[1:], change)
    return copy


@pytest.mark.slow
@settings(max_examples=150)
@given(data=st.data())
def test_a_mutated_configuration_is_accepted_or_one_line(tmp_path_factory, data):
    written: Any = VALID
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(_places(written)))
        other = data.draw(ANYTHING)

        def change(value: Any, other: Any = other) -> Any:
            if isinstance(value, list) and data.draw(st.booleans()):
                return [*value, other, *value]
            if isinstance(value, dict) and data.draw(st.booleans()):
                return {**value, data.draw(WORDS | NUMBERS): other}
            return other

        written = _replaced(written, place, change)
    _is_loaded_or_one_line(tmp_path_factory.mktemp("mutated"), yaml.safe_dump(written, allow_unicode=True))


@pytest.mark.slow
@settings(max_examples=100)
@given(data=st.data())
def test_a_damaged_text_is_accepted_or_one_line(tmp_path_factory, data):
    text = yaml.safe_dump(VALID)
    pieces = st.sampled_from(
        ["&a ", "*a", "<<: *a", "[", "{", "]", "\n", "\t", ": ", "- ", "!!int ", "!!set ", "'", "\0", "%"]
    )
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 20)))
        text = text[:start] + data.draw(pieces | st.text(max_size=3)) + text[end:]
    _is_loaded_or_one_line(tmp_path_factory.mktemp("damaged"), text.encode("utf-8", "surrogatepass"))


def _is_loaded_or_one_line(folder: Path, written: object) -> None:
    try:
        loaded = _load(folder, written)
    except UserError as error:
        lines = [str(error)]
    else:
        lines = list(loaded.warnings)
        assert loaded.digest
        assert all(len(loaded.latency_points(model)) < 1000 for model in loaded.models)
    assert all(len(line.splitlines()) == 1 and len(line) <= 300 for line in lines)


def test_every_axis_is_varied_separately_from_the_base_point(tmp_path):
    loaded = _load(tmp_path, _with(sweeps={"batch": [1, 4], "size": [128, 224], "threads": [1]}), threads=2)
    eager = [point for point in loaded.latency_points("net") if point["runtime"] == "eager"]
    assert [(point["batch"], point["size"], point["threads"]) for point in eager] == [
        (1, 224, 2),
        (4, 224, 2),
        (1, 128, 2),
        (1, 224, 1),
    ]
    assert loaded.axes == ["batch", "size", "threads"]


def test_energy_is_read_at_the_ends_of_the_batch_sweep_only_where_asked(tmp_path):
    loaded = _load(tmp_path, {**_with(sweeps={"batch": [1, 2, 8], "size": [128]}), "energy": {"points": "ends"}})
    assert [(point["batch"], point["size"]) for point in loaded.energy_points("net")] == [(1, 224), (8, 224)] * 2


def test_overrides_replace_keys_of_the_top_level(tmp_path):
    assert _load(tmp_path, {**_with(), "device": "one"}, device="other").device == "other"


@pytest.mark.parametrize(
    ("node", "device"), [("Anna's laptop/2", "Anna-s-laptop-2"), ("-x", "x"), ("", "device"), ("n" * 300, "n" * 100)]
)
def test_the_devices_own_name_is_a_folders_name(tmp_path, monkeypatch, node, device):
    monkeypatch.setattr(platform, "node", lambda: node)
    assert _load(tmp_path, _with()).device == device
