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


def test_norms_scale_by_one_and_biases_are_zero():
    module = nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 3))
    weights.draw(module)
    assert (module[0].weight == 1).all()
    assert (module[0].bias == 0).all()
    assert (module[1].bias == 0).all()


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


@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_the_user_s_own_weights_are_read(tmp_path, ending):
    from safetensors.torch import save_file

    state = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.ones(2)}
    file = tmp_path / f"w{ending}"
    save_file(state, file) if ending == ".safetensors" else torch.save({"state_dict": state}, file)
    module = nn.Linear(3, 2)
    weights.read(module, file)
    assert torch.equal(module.weight, state["weight"])


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"weight": torch.ones(2, 3)}, "lacks bias"),
        ({"weight": torch.ones(2, 3), "bias": torch.ones(2), "x": torch.ones(1)}, "has besides x"),
        ({"weight": torch.ones(3, 3), "bias": torch.ones(2)}, "has another shape of weight"),
    ],
)
def test_weights_that_do_not_fit_are_one_line(tmp_path, state, words):
    torch.save(state, tmp_path / "w.pt")
    with pytest.raises(UserError, match=words):
        weights.read(nn.Linear(3, 2), tmp_path / "w.pt")


def test_a_file_that_holds_code_is_not_run(tmp_path):
    torch.save(nn.Linear(3, 2), tmp_path / "w.pt")
    with pytest.raises(UserError, match="cannot be read"):
        weights.read(nn.Linear(3, 2), tmp_path / "w.pt")
