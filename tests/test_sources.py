"""Where models come from."""

import io
import json
import pickle
import socket
import sys
import zipfile

import pytest
from joulesweep import plugins
from joulesweep.errors import Unsupported, UserError

from tests.digits_model import digits_spec

torch = pytest.importorskip("torch")


def _spec(source: str) -> dict:
    return {**digits_spec(), "name": "mine", "source": source, "weights": "random"}


def test_a_shipped_model_is_built_in_eval_mode():
    module = plugins.load("sources", "python")().build(digits_spec())
    assert not any(part.training for part in module.modules())


def test_the_user_s_files_may_import_each_other(tmp_path):
    (tmp_path / "neighbour_of_mine.py").write_text("from torch import nn\ndef layer(): return nn.Linear(2, 2)\n")
    (tmp_path / "mine_a.py").write_text("def build():\n    from neighbour_of_mine import layer\n    return layer()\n")
    assert plugins.load("sources", "python")().build(_spec(f"python:{tmp_path}/mine_a.py:build")).in_features == 2


def test_a_file_named_like_a_library_does_not_replace_it(tmp_path):
    (tmp_path / "torch.py").write_text("from torch import nn\ndef build(): return nn.Linear(2, 2)\n")
    plugins.load("sources", "python")().build(_spec(f"python:{tmp_path}/torch.py:build"))
    import torch

    assert hasattr(torch, "nn")


@pytest.mark.parametrize(
    ("content", "function", "words"),
    [
        (None, "build", "there is no file"),
        ("x = (", "build", r"mine_b.py, line 1: SyntaxError"),
        ("def bild(): pass", "build", "did you mean 'bild'"),
        ("def build(): return 3", "build", "returns int; expected a torch.nn.Module"),
    ],
)
def test_what_is_wrong_with_the_user_s_file_is_one_line(tmp_path, content, function, words):
    if content is not None:
        (tmp_path / "mine_b.py").write_text(content)
    with pytest.raises(UserError, match=words) as raised:
        plugins.load("sources", "python")().build(_spec(f"python:{tmp_path}/mine_b.py:{function}"))
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith("models.mine.source")


@pytest.mark.parametrize(
    ("source", "nearest"),
    [
        ("torchvision:resnet_18", "resnet18"),
        ("timm:vit_tiny_patch16_244", "vit_tiny_patch16_224"),
        ("transformers:BertForMaskLM", "BertForMaskedLM"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(source, nearest):
    scheme = source.partition(":")[0]
    pytest.importorskip(scheme)
    with pytest.raises(UserError, match=f"did you mean {nearest!r}") as raised:
        plugins.load("sources", scheme)().build(_spec(source))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("source", ["timm:resnet18", "transformers:BertModel"])
def test_a_missing_library_is_answered_with_the_command_that_installs_it(source, monkeypatch):
    scheme = source.partition(":")[0]
    monkeypatch.setitem(sys.modules, scheme, None)
    with pytest.raises(UserError, match=f"pip install {scheme}$") as raised:
        plugins.load("sources", scheme)().build(_spec(source))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("source", ["torchvision:resnet18", "timm:resnet18", "transformers:owner/name"])
def test_pretrained_weights_without_a_network_are_one_line(source, monkeypatch, tmp_path):
    """The network is refused here, as a machine without one refuses it."""
    scheme = source.partition(":")[0]
    pytest.importorskip(scheme)
    for name in ("TORCH_HOME", "HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr("time.sleep", lambda _: None)  # the libraries try again and again
    monkeypatch.setattr(socket, "getaddrinfo", _refused)
    monkeypatch.setattr(socket.socket, "connect", _refused)
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(UserError, match=r"^models\.mine\.(weights|source): .* here \(") as raised:
        plugins.load("sources", scheme)().pretrained(_spec(source))
    assert "\n" not in str(raised.value)


def _refused(*_: object, **__: object) -> None:
    raise OSError("Network is unreachable")


def test_a_class_of_transformers_has_no_weights_of_its_own():
    pytest.importorskip("transformers")
    with pytest.raises(UserError, match="the class BertModel has no weights of its own; name a folder"):
        plugins.load("sources", "transformers")().pretrained(_spec("transformers:BertModel"))


def test_a_folder_of_transformers_is_built_from_its_configuration_and_has_its_weights(tmp_path):
    transformers = pytest.importorskip("transformers")
    small = transformers.BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, vocab_size=20)
    saved = transformers.BertForMaskedLM(small)
    saved.save_pretrained(tmp_path)
    spec = _spec(f"transformers:{tmp_path}")
    source = plugins.load("sources", "transformers")()
    built, kept = source.build(spec), source.pretrained(spec)
    assert type(built) is type(kept) is transformers.BertForMaskedLM
    assert not kept.training
    weight = "bert.encoder.layer.0.intermediate.dense.weight"
    assert torch.equal(kept.get_parameter(weight), saved.get_parameter(weight))
    assert not torch.equal(built.get_parameter(weight), saved.get_parameter(weight))


@pytest.mark.parametrize("scheme", ["pt2", "torchscript"])
@pytest.mark.parametrize("content", [None, b"no program"])
def test_what_is_wrong_with_a_saved_program_is_one_line(tmp_path, scheme, content):
    if content is not None:
        (tmp_path / "m.pt").write_bytes(content)
    with pytest.raises(UserError, match=r"^models\.mine\.source: ") as raised:
        plugins.load("sources", scheme)().build(_spec(f"{scheme}:{tmp_path}/m.pt"))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("kind", ["weights", "constants", "object", "inputs"])
def test_a_pickled_entry_of_an_exported_program_is_refused_and_not_run(tmp_path, kind):
    """Each of them would run when torch itself loads the file."""
    from torch import nn

    good, bad, ran = tmp_path / "good.pt2", tmp_path / "bad.pt2", tmp_path / "ran"
    torch.export.save(torch.export.export(nn.Linear(3, 2), (torch.ones(1, 3),)), good)
    code = pickle.dumps(_Code(str(ran)))
    pickled = io.BytesIO()
    torch.save(_Code(str(ran)), pickled)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w", zipfile.ZIP_STORED) as target:
        for name in source.namelist():
            content = source.read(name)
            if kind == "weights" and "data/weights/" in name:
                if name.endswith(".json"):
                    config = json.loads(content)
                    for entry in config["config"].values():
                        entry["use_pickle"] = True
                    content = json.dumps(config).encode()
                elif not name.endswith((".json", "version")):
                    content = pickled.getvalue()
            if kind == "constants" and "data/constants/" in name and name.endswith(".json"):
                meta = {"path_name": "tensor_0", "is_param": False, "use_pickle": True, "tensor_meta": None}
                content = json.dumps({"config": {"c": meta}}).encode()
                target.writestr(name.rpartition("/")[0] + "/tensor_0", pickled.getvalue())
            if kind == "object" and "data/constants/" in name and name.endswith(".json"):
                target.writestr(name.rpartition("/")[0] + "/opaque_obj_0", code)
            if kind == "inputs" and "sample_inputs" in name:
                content = pickled.getvalue()
            target.writestr(name, content)
    source = plugins.load("sources", "pt2")()
    assert isinstance(source.build(_spec(f"pt2:{good}")), nn.Module)
    with pytest.raises(UserError, match=r"^models\.mine\.source: ") as raised:
        source.build(_spec(f"pt2:{bad}"))
    assert not ran.exists()
    assert "\n" not in str(raised.value)
    assert kind == "inputs" or "is pickled, which may run code" in str(raised.value)


class _Code:
    """What a pickle may do when it is loaded."""

    def __init__(self, file: str) -> None:
        self.file = file

    def __reduce__(self):
        return open, (self.file, "w")


def test_an_onnx_file_has_no_module():
    with pytest.raises(Unsupported, match="ONNX"):
        plugins.load("sources", "onnx")().build(_spec("onnx:a.onnx"))


@pytest.mark.parametrize("name", plugins.names("sources"))
def test_every_source_declares_what_it_needs_without_being_imported(name):
    for attribute in ("libraries", "preload"):
        assert isinstance(plugins.declared("sources", name, attribute), tuple)
    assert plugins.declared("sources", name, "argument_is") in ("name", "file", "folder", "function", "graph")
    assert plugins.declared("sources", name, "default_weights") in ("random", "pretrained")
    assert plugins.declared("sources", name, "count_from") in ("module", "graph")
