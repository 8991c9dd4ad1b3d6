"""Bytes that operators read and write: a lookup reads the rows that it returns, in torch and in ONNX."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from tests.test_products import Product, _columns, _onnx  # noqa: E402

pytestmark = pytest.mark.slow

ROWS, WIDTH, IDS = 1000, 16, 20
TABLE = (ROWS, WIDTH)

# Functions of whole numbers and a table, and the elements of the table that they return.
LOOKUPS = {
    "embedding": (lambda ids, table: functional.embedding(ids, table), IDS * WIDTH),
    "table[ids]": (lambda ids, table: table[ids], IDS * WIDTH),
    "table[ids, ids]": (lambda ids, table: table[ids, ids % WIDTH], IDS),
    "index_select": (lambda ids, table: table.index_select(0, ids), IDS * WIDTH),
    "gather": (lambda ids, table: table.gather(0, ids[:, None]), IDS),
    "take": (lambda ids, table: torch.take(table, ids), IDS),
    "take_along_dim": (lambda ids, table: torch.take_along_dim(table, ids[:, None], 0), IDS * WIDTH),
}
WHOLE = {"dtype": "int64", "high": ROWS}


@pytest.mark.parametrize("name", LOOKUPS)
def test_a_lookup_reads_the_rows_that_it_returns_in_torch_and_in_onnx(name):
    function, elements = LOOKUPS[name]
    for found in (
        _columns(Product(function, TABLE), IDS, has_numbers=True, **WHOLE),
        _onnx(Product(function, TABLE), IDS, **WHOLE),
    ):
        assert found["weight_moved_bytes"] == 4 * elements


def test_a_lookup_in_a_part_of_a_table_reads_the_rows_that_it_returns():
    found = _columns(Product(lambda ids, table: table[:, :4][ids], TABLE), IDS, has_numbers=True, **WHOLE)
    assert found["weight_moved_bytes"] == 4 * IDS * 4


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_a_bag_of_embeddings_reads_a_row_per_index(mode):
    with torch.device("meta"):
        bag = nn.EmbeddingBag(ROWS, WIDTH, mode=mode)
    assert _columns(bag, 2, 10, **WHOLE)["weight_moved_bytes"] == 4 * IDS * WIDTH


def test_a_bag_with_offsets_reads_a_row_per_index():
    bag = Product(lambda ids, table: functional.embedding_bag(ids, table, torch.tensor([0, 7])), TABLE)
    assert _columns(bag, IDS, has_numbers=True, **WHOLE)["weight_moved_bytes"] == 4 * IDS * WIDTH


def test_a_lookup_in_activations_reads_what_it_returns_too():
    found = _columns(Product(lambda x: x.index_select(0, torch.zeros(2, dtype=torch.int64))), 100, 8, has_numbers=True)
    assert found["activation_moved_bytes"] == 2 * 4 * 2 * 8 + 8 * 2 + 8 * 2


class Cache(nn.Module):
    """Keys of earlier passes, of which one row is written."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("keys", torch.zeros(100, 8))

    def forward(self, x):
        self.keys[torch.tensor([3])] = x
        return x


def test_writing_one_row_of_a_buffer_moves_one_row():
    found = _columns(Cache(), 1, 8, has_numbers=True)
    assert found["weight_moved_bytes"] == 0
    assert found["activation_moved_bytes"] < 4 * 100 * 8 / 4


def test_every_gathering_operator_of_onnx_reads_what_it_returns():
    onnx = pytest.importorskip("onnx")
    from tests.test_onnx_counts import _graph, counting_job, helper

    table = np.zeros((ROWS, WIDTH), dtype=np.float32)
    for operator, shape, elements, more in (
        ("Gather", (IDS,), IDS * WIDTH, {"axis": 0}),
        ("GatherElements", (IDS, 1), IDS, {"axis": 0}),
        ("GatherND", (IDS, 1), IDS * WIDTH, {}),
        ("GatherND", (IDS, 2), IDS, {}),
    ):
        graph = _graph(
            [helper.make_node(operator, ["table", "x"], ["y"], **more)], {"table": table}, {"x": list(shape)}
        )
        graph.model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.INT64
        found = counting_job.point_columns(graph, {"batch": 1})
        assert found["weight_moved_bytes"] == 4 * elements
