"""The user's own weights, as training scripts write them."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from joulesweep.errors import UserError  # noqa: E402
from joulesweep.model import checkpoint  # noqa: E402
from torch import nn  # noqa: E402


def _net() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))


def _state() -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    return _net().state_dict()


def _prefixed(prefix: str) -> dict[str, torch.Tensor]:
    return {f"{prefix}{name}": tensor for name, tensor in _state().items()}


def _inside(wrapper: str) -> dict[str, torch.Tensor]:
    """Names as where only parts of the model are wrapped."""
    return {name.replace(".", f".{wrapper}", 1): tensor for name, tensor in _state().items()}


def _other(value: float) -> dict[str, torch.Tensor]:
    return {name: torch.full_like(tensor, value) for name, tensor in _state().items()}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_state(), ""),
        (_prefixed("module."), "prefix 'module.' was taken"),
        (_prefixed("_orig_mod."), "prefix '_orig_mod.' was taken"),
        (_prefixed("net."), "prefix 'net.' was taken"),
        (_prefixed("_orig_mod.module."), "prefix '_orig_mod.module.' was taken"),
        (_prefixed("backbone.body."), "prefix 'backbone.body.' was taken"),
        (_inside("_orig_mod."), "prefix '_orig_mod.' was taken"),
        (_inside("module."), "prefix 'module.' was taken"),
        ({"epoch": 3, "model_state_dict": _state(), "optimizer_state_dict": {"state": {0: {"m": torch.ones(1)}}}},
         "entry 'model_state_dict' was taken"),
        ({"net": _state(), "acc": 91.0}, "entry 'net' was taken"),
        ({"epoch": 3, "state_dict": {**_prefixed("model."), "loss.weight": torch.ones(2)}},
         "entry 'state_dict' prefix 'model.' was taken; left out: loss.weight"),
        ({"checkpoint": {"ema": {"module": _prefixed("module.")}}},
         "entry 'checkpoint.ema.module' prefix 'module.' was taken"),
        ({"model": _state(), "model_ema": _other(2.0)}, "entry 'model' was taken; not taken: entry 'model_ema'"),
        ({"state_dict_ema": _other(2.0), "state_dict": _state()},
         "entry 'state_dict' was taken; not taken: entry 'state_dict_ema'"),
        ({"n_averaged": torch.tensor(3), **_prefixed("module.")}, "prefix 'module.' was taken; left out: n_averaged"),
        ({name: tensor for name, tensor in _state().items() if "tracked" not in name}, ""),
    ],
)  # fmt: skip
def test_wrappers_and_prefixes_are_taken_off_and_said(tmp_path, content, said):
    torch.save(content, tmp_path / "w.ckpt")
    module = _net()
    note = checkpoint.read(module, tmp_path / "w.ckpt")
    assert note == (f"weights: {tmp_path / 'w.ckpt'}: {said}" if said else "")
    wanted = _state()
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, wanted[name]) or "tracked" in name, name


def test_safetensors_with_a_prefix_are_read(tmp_path):
    from safetensors.torch import save_file

    save_file(_prefixed("model."), tmp_path / "w.safetensors")
    module = _net()
    assert "prefix 'model.'" in checkpoint.read(module, tmp_path / "w.safetensors")
    assert torch.equal(module[3].weight, _state()["3.weight"])


def test_an_average_is_taken_where_it_is_the_only_one(tmp_path):
    torch.save({"ema": _state()}, tmp_path / "w.pt")
    assert "entry 'ema' was taken" in checkpoint.read(_net(), tmp_path / "w.pt")


def test_tied_parameters_may_be_named_once(tmp_path):
    module = nn.ModuleDict({"a": nn.Linear(2, 2, bias=False), "b": nn.Linear(2, 2, bias=False)})
    module["b"].weight = module["a"].weight
    torch.save({"net.b.weight": torch.full((2, 2), 3.0)}, tmp_path / "w.pt")
    checkpoint.read(module, tmp_path / "w.pt")
    assert module["a"].weight[0, 0] == 3


def test_sparse_buffers_are_read_from_the_user_s_file(tmp_path):
    module, trained = nn.Module(), nn.Module()
    module.register_buffer("near", torch.eye(3).to_sparse())
    trained.register_buffer("near", torch.ones(3, 3).to_sparse())
    torch.save(trained.state_dict(), tmp_path / "w.pt")
    checkpoint.read(module, tmp_path / "w.pt")
    assert torch.equal(module.near.to_dense(), torch.ones(3, 3))


class _Code:
    """What a pickle may do when it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("ran"),)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"0.weight": torch.ones(4, 1, 3, 3)}, "lacks 0.bias, 1.weight, 1.bias and 4 others; it holds 0.weight"),
        ({**_state(), "x": torch.ones(1)}, "has besides x"),
        ({**_state(), "0.bias": torch.ones(5)}, "has another shape of 0.bias"),
        ({**_state(), "0.bias": torch.ones(4, dtype=torch.complex64)}, "has another shape of 0.bias"),
        ({"state_dict": {"conv.weight": torch.ones(1)}}, r"it holds conv.weight \(entry 'state_dict'\)"),
        ({"student": _state(), "teacher": _other(2.0)}, "more than once .*student.*teacher"),
        ({"epoch": 3, "acc": 0.5}, "holds no named tensors, it has the keys epoch, acc"),
        ([torch.ones(1)], "holds no named tensors, it is a list"),
        ({"state_dict": _state(), "args": SimpleNamespace(lr=1)}, "holds types.SimpleNamespace, code that is never run"),
        (nn.Linear(3, 2), "code that is never run; load it where you trust it"),
        (_Code(), "code that is never run"),
        (None, "there is no file|cannot be read"),
        (b"no weights", "cannot be read"),
    ],
)  # fmt: skip
def test_weights_that_do_not_fit_or_cannot_be_read_are_one_line_and_run_nothing(tmp_path, monkeypatch, content, words):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "w.pt"
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        torch.save(content, file)
    module = _net()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with pytest.raises(UserError, match=words) as raised:
        checkpoint.read(module, file)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) <= 300
    assert not (tmp_path / "ran").exists()
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())


@pytest.mark.filterwarnings("ignore:.*deprecated")
def test_torchscript_as_weights_is_answered_with_the_source_that_takes_it(tmp_path):
    torch.jit.save(torch.jit.script(_net().eval()), tmp_path / "w.pt")
    with pytest.raises(UserError, match=r"is a TorchScript program, not weights; use source: torchscript:.*w\.pt"):
        checkpoint.read(_net(), tmp_path / "w.pt")
