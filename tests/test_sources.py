"""Where models come from."""

import pytest
from joulesweep import plugins
from joulesweep.errors import Unsupported, UserError

from tests.digits_model import digits_spec

pytest.importorskip("torch")


def _spec(source: str) -> dict:
    return {**digits_spec(), "name": "mine", "source": source, "weights": "random"}


def test_a_shipped_model_is_built_in_eval_mode():
    module = plugins.load("sources", "python").build(digits_spec())
    assert not any(part.training for part in module.modules())


def test_the_user_s_files_may_import_each_other(tmp_path):
    (tmp_path / "neighbour_of_mine.py").write_text("from torch import nn\ndef layer(): return nn.Linear(2, 2)\n")
    (tmp_path / "mine_a.py").write_text("def build():\n    from neighbour_of_mine import layer\n    return layer()\n")
    assert plugins.load("sources", "python").build(_spec(f"python:{tmp_path}/mine_a.py:build")).in_features == 2


def test_a_file_named_like_a_library_does_not_replace_it(tmp_path):
    (tmp_path / "torch.py").write_text("from torch import nn\ndef build(): return nn.Linear(2, 2)\n")
    plugins.load("sources", "python").build(_spec(f"python:{tmp_path}/torch.py:build"))
    import torch

    assert hasattr(torch, "nn")


@pytest.mark.parametrize(
    ("content", "function", "words"),
    [
        (None, "build", "there is no file"),
        ("x = (", "build", "cannot be imported: SyntaxError"),
        ("def bild(): pass", "build", "did you mean 'bild'"),
        ("def build(): return 3", "build", "returns int; expected a torch.nn.Module"),
    ],
)
def test_what_is_wrong_with_the_user_s_file_is_one_line(tmp_path, content, function, words):
    if content is not None:
        (tmp_path / "mine_b.py").write_text(content)
    with pytest.raises(UserError, match=words) as raised:
        plugins.load("sources", "python").build(_spec(f"python:{tmp_path}/mine_b.py:{function}"))
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith("models.mine.source")


def test_an_unknown_torchvision_model_names_the_nearest():
    pytest.importorskip("torchvision")
    with pytest.raises(UserError, match="did you mean 'resnet18'"):
        plugins.load("sources", "torchvision").build(_spec("torchvision:resnet_18"))


def test_an_onnx_file_has_no_module():
    with pytest.raises(Unsupported, match="ONNX"):
        plugins.load("sources", "onnx").build(_spec("onnx:a.onnx"))


@pytest.mark.parametrize("name", plugins.names("sources"))
def test_every_source_declares_what_it_needs_without_being_imported(name):
    for attribute in ("libraries", "preload"):
        assert isinstance(plugins.declared("sources", name, attribute), tuple)
