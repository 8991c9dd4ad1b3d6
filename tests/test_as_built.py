"""Every pass of a counter begins with the state as the model was built, and leaves it so."""

import sys
from collections import deque
from contextlib import nullcontext
from typing import Any

import pytest
from joulesweep import plugins
from joulesweep.counting import job as counting_job

torch = pytest.importorskip("torch")

from joulesweep.counters._as_built import as_built  # noqa: E402
from torch import nn  # noqa: E402

POINT = {"batch": 1, "size": None, "sequence": None}


def _spec(file: str, function: str = "build") -> dict[str, Any]:
    declared = {"name": "x", "shape": [8], "dtype": "float32", "low": 0, "high": 1}
    source = f"python:{file}:{function}"
    return {"name": "m", "source": source, "inputs": [declared], "axes": {}, "weights": "random", "content": {}}


class Stateful(nn.Module):
    """A state in every place that a module has."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("replaced", torch.zeros(2))
        self.register_buffer("written", torch.zeros(2))
        self.state: Any = None
        self.past: list[Any] = []
        self.recent: deque[Any] = deque(maxlen=2)
        self.named: dict[str, Any] = {"seen": 0}
        self.set: set[int] = set()
        self.kept = torch.zeros(2)
        self.generator = torch.Generator().manual_seed(1)

    def forward(self, x):
        self.replaced = torch.ones(3)
        self.written += 1
        self.kept.resize_(5).fill_(7)
        self.state = x
        self.past.append(x)
        self.recent.append(x)
        self.named["seen"] += 1
        self.set.add(len(self.set))
        self.more = torch.rand(1, generator=self.generator)
        return x


@pytest.mark.parametrize("ends", [None, ValueError, SystemExit])
def test_what_a_pass_changes_is_undone_however_it_ends(ends):
    module = Stateful()
    first = torch.rand(1, generator=torch.Generator().manual_seed(1))
    with pytest.raises(ends) if ends else nullcontext(), as_built(module):
        module(torch.zeros(1))
        if ends:
            raise ends
    assert module.replaced.tolist() == module.written.tolist() == module.kept.tolist() == [0, 0]
    assert (module.state, module.past, list(module.recent), module.named, module.set) == (
        None,
        [],
        [],
        {"seen": 0},
        set(),
    )
    assert not hasattr(module, "more")
    assert torch.rand(1, generator=module.generator) == first


def test_a_module_that_cannot_be_copied_is_restored_too():
    module = nn.Linear(2, 2)
    module.lock, module.library, module.count = __import__("threading").Lock(), sys, 0
    with as_built(module):
        module.count += 1
    assert module.count == 0


STREAMING = """
import torch
from torch import nn
class Cell(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(8, 4)
        self.state = None
    def forward(self, x):
        {look}
        self.state = self.cell(x, self.state)
        return self.state
def build(): return Cell()
"""


@pytest.mark.parametrize("look", ["pass", "assert x.sum() > -1"], ids=["without numbers", "with numbers"])
def test_a_state_that_one_batch_leaves_is_not_there_at_the_next(tmp_path, look):
    (tmp_path / "streaming.py").write_text(STREAMING.format(look=look))
    subject = counting_job.module(_spec(tmp_path / "streaming.py"))
    for batch in (1, 4, 1):
        columns = counting_job.point_columns(subject, {**POINT, "batch": batch})
        assert columns["status"] == "ok", columns["message"]
        assert columns["macs"] == batch * (12 * 8 + 12 * 4)


RAISES = """
import torch
from torch import nn
class Odd(BaseException): pass
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 4)
    def forward(self, x):
        if isinstance(x, torch.fx.Proxy): raise {error}
        return self.layer(x)
def build(): return Net()
"""


@pytest.mark.parametrize("error", ["ValueError('no')", "SystemExit(3)", "Odd('no')", "GeneratorExit()"])
def test_a_cross_check_that_fails_in_any_way_is_a_note_and_takes_no_column_with_it(tmp_path, error):
    pytest.importorskip("pthflops")
    (tmp_path / "raises.py").write_text(RAISES.format(error=error))
    columns = counting_job.point_columns(counting_job.module(_spec(tmp_path / "raises.py")), POINT)
    assert (columns["status"], columns["macs"], columns["params"]) == ("ok", 32, 36)
    assert f"pthflops: {error.partition('(')[0]}" in columns["notes"]


def test_ctrl_c_during_a_cross_check_stops_the_count(tmp_path):
    pytest.importorskip("pthflops")
    (tmp_path / "raises.py").write_text(RAISES.format(error="KeyboardInterrupt()"))
    with pytest.raises(KeyboardInterrupt):
        counting_job.point_columns(counting_job.module(_spec(tmp_path / "raises.py")), POINT)


def test_a_model_that_ends_the_program_in_its_pass_is_a_row(tmp_path):
    (tmp_path / "ends.py").write_text(
        RAISES.format(error="x").replace("if isinstance(x, torch.fx.Proxy): raise x", "raise SystemExit('usage')")
    )
    columns = counting_job.point_columns(counting_job.module(_spec(tmp_path / "ends.py")), POINT)
    assert columns["status"] == "error"
    assert "sys.exit('usage')" in columns["message"]
    assert columns["params"] == 36


ON_CPU = """
import numpy as np, torch
from torch import nn
class Window(nn.Module):
    def __init__(self):
        super().__init__()
        self.kept = torch.from_numpy(np.ones((8, 4), dtype='float32'))
    def forward(self, x):
        return (x * torch.hann_window(8)) @ self.kept
def build(): return Window()
"""


def test_a_model_that_makes_tensors_on_the_cpu_is_counted_with_numbers(tmp_path):
    (tmp_path / "window.py").write_text(ON_CPU)
    columns = counting_job.point_columns(counting_job.module(_spec(tmp_path / "window.py")), POINT)
    assert (columns["status"], columns["macs"], columns["params_unregistered"]) == ("ok", 32, 32)


def test_a_model_without_tensors_that_looks_at_numbers_is_counted(tmp_path):
    (tmp_path / "looks.py").write_text(
        "from torch import nn\nclass Looks(nn.Module):\n    def forward(self, x):\n"
        "        return x @ x.T if x.sum() > 0 else x\ndef build(): return Looks()\n"
    )
    columns = counting_job.point_columns(counting_job.module(_spec(tmp_path / "looks.py")), POINT)
    assert (columns["status"], columns["macs"]) == ("ok", 8)


def test_no_counter_leaves_anything_behind_in_the_module(tmp_path):
    (tmp_path / "streaming.py").write_text(STREAMING.format(look="pass"))
    subject = counting_job.module(_spec(tmp_path / "streaming.py"))
    before = {name: sorted(vars(part)) for name, part in subject.module.named_modules()}
    for name in plugins.names("counters"):
        if plugins.declared("counters", name, "counts") == "module":
            counting_job.point_columns(subject, POINT)
    assert {name: sorted(vars(part)) for name, part in subject.module.named_modules()} == before


def test_lazy_layers_get_their_shapes_from_the_declared_input(tmp_path):
    """A convolution of 3 channels to 4 and a linear layer from 4 x 6 x 6 numbers to 10."""
    (tmp_path / "lazy.py").write_text(
        "from torch import nn\n"
        "def build(): return nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(10))\n"
    )
    spec = _spec(tmp_path / "lazy.py")
    spec["inputs"][0]["shape"] = [3, 8, 8]
    subject = counting_job.module(spec)
    for batch in (1, 4):
        columns = counting_job.point_columns(subject, {**POINT, "batch": batch})
        assert columns["params"] == 3 * 4 * 9 + 4 + 144 * 10 + 10
        assert columns["macs"] == batch * (36 * 4 * 27 + 1440)
