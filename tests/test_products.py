"""Every product of matrices and vectors is counted in real multiply-adds, alike in torch and in the ONNX file of it."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from joulesweep import plugins
from joulesweep.counters.base import Graph, Subject

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.slow

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

X = (3, 5, 8)  # the input of most modules here
COMPLEX = torch.complex64


class Product(nn.Module):
    """A function of an input and parameters."""

    def __init__(self, function: Callable[..., Any], *shapes: tuple[int, ...], dtype: Any = torch.float32) -> None:
        super().__init__()
        self.function = function
        self.tensors = nn.ParameterList(nn.Parameter(torch.rand(shape, dtype=dtype)) for shape in shapes)

    def forward(self, x):
        return self.function(x, *self.tensors)


def _columns(module: nn.Module, *shape: int, has_numbers: bool = False, **more: Any) -> dict[str, Any]:
    return plugins.load("counters", "flops")().point(Subject(_spec(*shape, **more), module, has_numbers), {"batch": 1})


def _spec(*shape: int, **more: Any) -> dict[str, Any]:
    declared = {"name": "x", "shape": list(shape), "dtype": "float32", "low": 0, "high": 1, "batched": False, **more}
    return {"name": "m", "source": "python:m.py:m", "inputs": [declared], "axes": {}}


def _macs(build: Callable[[], nn.Module], *shape: int) -> int:
    """Multiply-adds of a module, which are the same with and without numbers."""
    with torch.device("meta"):
        outline = build().eval()
    without, with_numbers = _columns(outline, *shape), _columns(build().eval(), *shape, has_numbers=True)
    assert without["macs"] == with_numbers["macs"]
    return with_numbers["macs"]


def _onnx(module: nn.Module, *shape: int, **more: Any) -> dict[str, Any]:
    """What the counter of graphs says of the module's export."""
    pytest.importorskip("onnxscript")
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        example = torch.zeros(shape, dtype=getattr(torch, more.get("dtype", "float32")))
        program = torch.export.export(module.eval(), (example,), strict=False)
        file = torch.onnx.export(program, dynamo=True, verbose=False).model_proto
    return plugins.load("counters", "onnx-graph")().point(Graph(_spec(*shape, **more), file), {"batch": 1})


# Function, shapes of its parameters, multiply-adds.
EXPORTED = {
    "x @ vector": (lambda x, v: x @ v, [(8,)], 15 * 8),
    "linear with a vector": (functional.linear, [(8,)], 15 * 8),
    "a vector by a matrix": (lambda x, w: x[0, 0] @ w, [(8, 6)], 8 * 6),
    "mv": (lambda x, w: w.mv(x[0, 0]), [(6, 8)], 6 * 8),
    "dot": (lambda x, v: torch.dot(x[0, 0], v), [(8,)], 8),
    "vdot": (lambda x, v: torch.vdot(x[0, 0], v), [(8,)], 8),
    "addmv": (lambda x, b, w: torch.addmv(b, w, x[0, 0]), [(6,), (6, 8)], 6 * 8),
    "addr": (lambda x, b, v: torch.addr(b, v, x[0, 0]), [(6, 8), (6,)], 6 * 8),
    "outer": (lambda x, v: torch.outer(x[0, 0], v), [(6,)], 8 * 6),
    "outer products of a batch": (lambda x: x[:, 0, :, None] * x[:, 1, None, :], [], 3 * 8 * 8),
    "addmm": (lambda x, b, w: torch.addmm(b, x[0], w), [(6,), (8, 6)], 5 * 8 * 6),
    "baddbmm": (lambda x, b, w: torch.baddbmm(b, x, w), [(3, 5, 4), (3, 8, 4)], 3 * 5 * 8 * 4),
    "addbmm": (lambda x, b, w: torch.addbmm(b, x, w), [(5, 4), (3, 8, 4)], 3 * 5 * 8 * 4),
    "inner": (torch.inner, [(4, 8)], 15 * 8 * 4),
    "tensordot": (lambda x, w: torch.tensordot(x, w, dims=([1, 2], [0, 1])), [(5, 8, 4)], 3 * 40 * 4),
    "einsum": (lambda x, w: torch.einsum("bij,jk->bik", x, w), [(8, 4)], 15 * 8 * 4),
    "einsum without a sum": (lambda x, v: torch.einsum("bij,k->bijk", x, v), [(6,)], 120 * 6),
    "einsum with an ellipsis": (lambda x, w: torch.einsum("...i,ij->...j", x, w), [(8, 4)], 15 * 8 * 4),
    "einsum of three": (
        lambda x, w: torch.einsum("bi,oij,bj->bo", x[0], w, x[0]),
        [(4, 8, 8)],
        5 * 8 * 4 * 8 + 5 * 4 * 8,
    ),
    "einsum of one": (lambda x: torch.einsum("bij->bji", x), [], 0),
    "bilinear": (lambda x, w: functional.bilinear(x[0], x[1], w), [(4, 8, 8)], 5 * 8 * 4 * 8 + 5 * 4 * 8),
    "cdist of many rows": (lambda x, w: torch.cdist(x.reshape(15, 8).repeat(2, 1), w), [(40, 8)], 30 * 40 * (8 + 2)),
    "matrix power": (lambda x: torch.linalg.matrix_power(x[:, :, :5], 3), [], 2 * 3 * 5 * 5 * 5),
    "attention": (lambda x: functional.scaled_dot_product_attention(x[None], x[None], x[None]), [], 2 * 3 * 5 * 5 * 8),
    "attention, causal": (
        lambda x: functional.scaled_dot_product_attention(x[None], x[None], x[None], is_causal=True),
        [],
        2 * 3 * 5 * 5 * 8,
    ),
}


class SideBySide(nn.Module):
    """Several modules of one input."""

    def __init__(self, *modules: nn.Module) -> None:
        super().__init__()
        self.modules_inside = nn.ModuleList(modules)

    def forward(self, x):
        return tuple(module(x) for module in self.modules_inside)


@pytest.mark.parametrize("name", EXPORTED)
def test_a_product_that_can_be_exported_is_counted_in_torch(name):
    function, shapes, macs = EXPORTED[name]
    assert _macs(lambda: Product(function, *shapes), *X) == macs


@pytest.mark.parametrize("first", [0, 1])
def test_products_are_counted_alike_in_their_onnx_file(first):
    """Half of them in a file, since an export takes seconds: what two products share would be computed once."""
    chosen = list(EXPORTED.values())[first::2]
    modules = [Product(function, *shapes) for function, shapes, _ in chosen]
    assert _onnx(SideBySide(*modules), *X)["macs"] == sum(macs for _, _, macs in chosen)


# Products that the exporter folds away, or knows no operator for.
IN_TORCH = {
    "ger": (lambda x, v: torch.ger(x[0, 0], v), [(6,)], 8 * 6),
    "chain_matmul": (lambda x, w, u: torch.linalg.multi_dot([x[0], w, u]), [(8, 4), (4, 2)], 8 * 4 * 2 + 5 * 8 * 2),
    "vmap of dot": (lambda x, v: torch.vmap(torch.dot, (0, None))(x[0], v), [(8,)], 5 * 8),
    "vmap of a product": (lambda x, w: torch.vmap(lambda row: w @ row)(x[0]), [(4, 8)], 5 * 8 * 4),
    "vmap of outer": (lambda x: torch.vmap(torch.outer)(x[0], x[1]), [], 5 * 8 * 8),
    "conv_tbc": (lambda x, w, b: torch.conv_tbc(x, w, b), [(2, 8, 6), (6,)], 2 * 5 * 6 * 2 * 8),
    "addmv_": (lambda x, w: torch.zeros_like(x[0, 0, :6]).addmv_(w, x[0, 0]), [(6, 8)], 6 * 8),
    "baddbmm_": (lambda x, w: torch.zeros_like(x[:, :, :4]).baddbmm_(x, w), [(3, 8, 4)], 3 * 5 * 8 * 4),
}


@pytest.mark.parametrize("name", IN_TORCH)
def test_a_product_is_counted_in_torch(name):
    function, shapes, macs = IN_TORCH[name]
    assert _macs(lambda: Product(function, *shapes), *X) == macs


def test_layers_that_are_no_matrix_products_by_name_are_counted():
    for build, shape, macs in (
        (lambda: nn.ConvTranspose2d(3, 4, 3, stride=2), (2, 3, 8, 8), 2 * 3 * 64 * 4 * 9),
        (lambda: nn.ConvTranspose1d(4, 6, 3, groups=2), (2, 4, 8), 2 * 4 * 8 * 3 * 3),
        (lambda: nn.LSTMCell(8, 4), (3, 8), 3 * (16 * 8 + 16 * 4)),
        (lambda: nn.GRUCell(8, 4), (3, 8), 3 * (12 * 8 + 12 * 4)),
        (lambda: nn.LSTM(8, 4, 2, batch_first=True, bidirectional=True), X, 15 * 2 * (16 * 12 + 16 * 12)),
    ):
        assert _macs(build, *shape) == macs


def test_an_element_wise_multiplication_is_no_product_whatever_the_batch():
    """Scales, gates and masks: they are listed, at batch 1 as at batch 4."""
    for batch in (1, 4):
        for function, shapes in (
            (lambda x, scale: x * scale, [(8,)]),
            (lambda x, scale: x[:, :1] * scale, [(1, 8)]),
            (lambda x, scale: x[:, :1] * scale, [(1,)]),
            (lambda x: x * x.mean(-1, keepdim=True), []),
            (lambda x, scale: x[:, None, None] * scale, [(1, 5, 1, 1)]),
        ):
            with torch.device("meta"):
                module = Product(function, *shapes)
            columns = _columns(module, batch, 8)
            assert columns["macs"] == 0
            assert "mul" in columns["uncounted_operators"]


def test_complex_numbers_count_as_four_real_multiply_adds():
    """By the definition of their product: (a + bi)(c + di) has four products of real numbers."""
    product = Product(lambda x, w: torch.bmm(torch.complex(x, x), w), (3, 8, 4), dtype=COMPLEX)
    assert _columns(product, *X, has_numbers=True)["macs"] == 4 * 3 * 5 * 8 * 4
    dot = Product(lambda x, v: torch.vdot(torch.complex(x[0, 0], x[0, 0]), v), (8,), dtype=COMPLEX)
    assert _columns(dot, *X, has_numbers=True)["macs"] == 4 * 8
    einsum = Product(lambda x, w: torch.einsum("bij,jk->bik", torch.complex(x, x), w), (8, 4), dtype=COMPLEX)
    assert _columns(einsum, *X, has_numbers=True)["macs"] == 4 * 15 * 8 * 4
    outer = Product(lambda x, v: torch.outer(torch.complex(x[0, 0], x[0, 0]), v), (6,), dtype=COMPLEX)
    assert _columns(outer, *X, has_numbers=True)["macs"] == 4 * 8 * 6


class ComplexConvolution(nn.Module):
    """A convolution of complex numbers, in and out as pairs of real ones."""

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.inner = kind(3, 4, 3, dtype=COMPLEX)

    def forward(self, x):
        return torch.view_as_real(self.inner(torch.complex(x, x)))


def test_a_convolution_of_complex_numbers_is_four_real_ones_as_in_its_onnx_file():
    """torch computes it with three, and sums: what is counted is the convention, not the trick."""
    macs = 4 * 2 * 4 * 36 * 3 * 9
    with torch.device("meta"):
        assert _columns(ComplexConvolution(nn.Conv2d), 2, 3, 8, 8)["macs"] == macs
    assert _columns(ComplexConvolution(nn.Conv2d), 2, 3, 8, 8, has_numbers=True)["macs"] == macs
    assert _onnx(ComplexConvolution(nn.Conv2d), 2, 3, 8, 8)["macs"] == macs
    transposed = _columns(ComplexConvolution(nn.ConvTranspose2d), 2, 3, 8, 8, has_numbers=True)
    assert transposed["macs"] == 4 * 2 * 3 * 64 * 4 * 9


def test_a_fourier_transform_has_flops_by_the_convention_and_no_multiply_adds():
    """5 n log2 n between complex numbers, half of it where one side is real; in two dimensions n is their product."""
    for function, flops in (
        (lambda x: torch.fft.fft(torch.complex(x, x)).real, 15 * 5 * 8 * 3),
        (lambda x: torch.fft.rfft(x).real, 15 * 2.5 * 8 * 3),
        (lambda x: torch.fft.irfft(torch.complex(x, x)[..., :5], n=8), 15 * 2.5 * 8 * 3),
        (lambda x: torch.fft.rfft2(x[:, :4]).real, 3 * 2.5 * 32 * 5),
    ):
        found = _columns(Product(function), *X)
        assert (found["macs"], found["flops"]) == (0, math.ceil(flops))
        assert "fft" not in found["uncounted_operators"]
    assert _onnx(Product(lambda x: torch.fft.fft(x).real), *X)["flops"] == 15 * 2.5 * 8 * 3


class Sparse(nn.Module):
    """A product with a sparse matrix that is a buffer."""

    def __init__(self, matrix: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("matrix", matrix)

    def forward(self, x):
        return self.matrix @ x


@pytest.mark.parametrize("convert", [torch.Tensor.to_sparse, torch.Tensor.to_sparse_csr, torch.Tensor.to_sparse_csc])
@pytest.mark.filterwarnings("ignore")
def test_of_a_sparse_matrix_the_stored_elements_are_multiplied(convert):
    matrix = torch.zeros(6, 8)
    matrix[0, :3] = 1
    assert _columns(Sparse(convert(matrix)), 8, 4, has_numbers=True)["macs"] == 3 * 4


@pytest.mark.filterwarnings("ignore")
def test_products_of_quantised_modules_are_counted_and_their_weights_read():
    plain = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
    module = torch.ao.quantization.quantize_dynamic(plain, {nn.Linear}, torch.qint8)
    found = _columns(module, 5, 8, has_numbers=True)
    assert found["macs"] == 5 * (8 * 16 + 16 * 4)
    assert found["weight_moved_bytes"] == 8 * 16 + 16 * 4 + 4 * (16 + 4)
