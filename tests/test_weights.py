"""Weights: drawn by name, kept in a file, tied as the module ties them."""

import pytest

torch = pytest.importorskip("torch")

from joulesweep.errors import UserError  # noqa: E402
from joulesweep.model import weights  # noqa: E402
from torch import nn  # noqa: E402

from tests.digits_model import digits_spec  # noqa: E402


class Tied(nn.Module):
    """An embedding whose matrix is the output layer's too, a view of it, and a buffer that is not saved by torch."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 8)
        self.out = nn.Linear(8, 20)
        self.out.weight = self.embedding.weight
        self.first = nn.Parameter(self.embedding.weight.detach()[:2])
        self.register_buffer("scale", torch.tensor([2.0]), persistent=False)

    def forward(self, tokens):
        return self.out(self.embedding(tokens)) * self.scale


def test_weights_do_not_depend_on_torch_s_generator():
    digests = set()
    for seed in (0, 1):
        torch.manual_seed(seed)
        module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Linear(8, 4))
        weights.draw(module)
        digests.add(weights.digest(module, digits_spec()))
    assert len(digests) == 1


def test_activations_keep_their_size_through_many_layers():
    deep = nn.Sequential(*(layer for _ in range(30) for layer in (nn.Linear(256, 256), nn.ReLU())))
    weights.draw(deep)
    with torch.no_grad():
        out = deep(torch.ones(4, 256))
    assert 0.05 < out.std() < 20


def test_norms_scale_by_one_and_biases_are_small_and_not_zero():
    module = nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 3))
    weights.draw(module)
    assert (module[0].weight == 1).all()
    for layer in module[:2]:
        assert 0 < layer.bias.abs().max() <= 0.01 * 3**0.5


def test_what_was_saved_is_loaded_bit_for_bit(tmp_path):
    first, second = Tied(), Tied()
    weights.draw(first)
    first.scale[:] = 3
    weights.save(first, tmp_path / "w.safetensors")
    weights.load(second, tmp_path / "w.safetensors")
    assert weights.digest(first, digits_spec()) == weights.digest(second, digits_spec())


def test_tied_parameters_are_stored_once_and_stay_tied(tmp_path):
    module = Tied()
    stored = weights.save(module, tmp_path / "w.safetensors")
    assert stored == 4 * (160 + 20 + 16 + 1)
    weights.load(module, tmp_path / "w.safetensors")
    assert module.out.weight is module.embedding.weight
    module.embedding.weight.data[0, 0] = 42
    assert module.first[0, 0] == 42


def test_the_digest_changes_with_one_bit_of_a_buffer():
    module = nn.BatchNorm2d(4)
    before = weights.digest(module, digits_spec())
    module.running_mean[0] = 1e-30
    assert weights.digest(module, digits_spec()) != before


def test_a_table_that_code_computes_is_no_part_of_the_digest_and_one_that_weights_bring_is():
    """Its last bits differ between processors."""
    spec = {**digits_spec(), "weights": "random"}
    module = Tied()
    before, trained_before = weights.digest(module, spec), weights.digest(nn.BatchNorm2d(4), spec)
    module.scale[:] = 3
    assert weights.digest(module, spec) == before
    normal = nn.BatchNorm2d(4)
    normal.running_mean[0] = 1
    assert weights.digest(normal, spec) == trained_before
    assert weights.digest(normal, digits_spec()) != weights.digest(nn.BatchNorm2d(4), digits_spec())


def test_building_without_filling_keeps_what_is_not_random():
    with weights.Uninitialised():
        module = Tied()
    assert module.scale == 2


class Odd(nn.Module):
    """Parameters and buffers of every kind that a file of weights has no type for, or that are easily forgotten."""

    def __init__(self):
        super().__init__()
        self.phase = nn.Parameter(torch.zeros(4, 4, dtype=torch.complex64))
        self.table = nn.Parameter(torch.arange(4), requires_grad=False)
        dense = torch.eye(4)
        self.register_buffer("coo", dense.to_sparse())
        self.register_buffer("csr", dense.to_sparse_csr())
        self.register_buffer("csc", dense.to_sparse_csc())
        self.register_buffer("turned", torch.polar(torch.ones(3), torch.arange(3.0)).conj())


@pytest.mark.filterwarnings("ignore:Sparse")
def test_sparse_and_complex_tensors_come_back_from_the_file(tmp_path):
    saved, loaded = Odd(), Odd()
    weights.draw(saved)
    saved.coo._values().fill_(3)
    saved.csr.values().fill_(4)
    saved.csc.values().fill_(5)
    weights.save(saved, tmp_path / "w.safetensors")
    weights.load(loaded, tmp_path / "w.safetensors")
    assert torch.equal(loaded.phase, saved.phase)
    assert torch.equal(loaded.turned, saved.turned)
    for name in ("coo", "csr", "csc"):
        assert torch.equal(getattr(loaded, name).to_dense(), getattr(saved, name).to_dense()), name
    assert weights.digest(loaded, digits_spec()) == weights.digest(saved, digits_spec())


def test_complex_parameters_are_drawn_with_the_variance_of_real_ones():
    module = nn.Module()
    module.weight = nn.Parameter(torch.zeros(64, 256, dtype=torch.complex64))
    weights.draw(module)
    assert module.weight.abs().square().mean().item() == pytest.approx(2 / 256, rel=0.05)
    assert module.weight.real.std().item() == pytest.approx(module.weight.imag.std().item(), rel=0.05)


def test_what_cannot_be_kept_is_one_line(tmp_path):
    module = nn.Module()
    module.register_buffer("small", torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.quint8))
    with pytest.raises(UserError, match=r"^small: a tensor of quint8 and strided cannot be kept in a file of weights$"):
        weights.save(module, tmp_path / "w.safetensors")
