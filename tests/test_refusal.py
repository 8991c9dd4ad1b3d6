"""A model that does not run on the declared input: the user's line, the error, and what to change."""

import pytest

torch = pytest.importorskip("torch")

from joulesweep.export.job import export  # noqa: E402

from tests.digits_model import export_job  # noqa: E402

CODE = """import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(50, 8)
        self.positions = nn.Embedding(16, 8)

    def forward(self, ids):
        return self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
"""


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (
            {"dtype": "int64", "low": 0, "high": 1000},
            "net.py, line 11: IndexError: index out of range in self; rows of the embeddings: tokens 50, positions 16; "
            "declared: ids high: 1000; set high: to the rows that it indexes",
        ),
        (
            {"dtype": "float32", "low": 0, "high": 1},
            "; an embedding takes whole numbers: set dtype: int64 and high: 16",
        ),
    ],
)
def test_an_embedding_that_refuses_its_input_names_the_cure(tmp_path, declared, words):
    (tmp_path / "net.py").write_text(CODE)
    spec = {
        "name": "net",
        "source": f"python:{tmp_path / 'net.py'}:Net",
        "inputs": [{"name": "ids", "shape": [8], **declared}],
        "axes": {},
        "weights": "random",
        "content": {},
    }
    failure = export(export_job(spec, formats=["module"], values={}), tmp_path / "made" / "m.json").failure
    assert "models.net.input: the model does not run on it: net.py, line 11: " in failure
    assert words in failure
    assert len(failure) <= 300
