"""A cross-check by ptflops, both of its back ends: hooks on modules and patched functions, and operators.

What it calls FLOPs are multiply-adds of one example; they are multiplied by the batch here. The hooks count
normalisation, activations, pooling and element-wise sums as well, and miss `F.linear` and
`F.scaled_dot_product_attention` called as functions; both back ends count a bias as one multiply-add for each output.
"""

import contextlib
import copy
import functools
import io
from collections.abc import Mapping
from typing import Any

import ptflops
from ptflops.pytorch_ops import MODULES_MAPPING
from torch import nn

from joulesweep.axes import INPUT_AXES
from joulesweep.counters import _shape_pass, base
from joulesweep.counters.base import Subject
from joulesweep.errors import Unsupported, shortened
from joulesweep.model import call_arguments

_LARGEST_BYTES = 1 << 29
_PRODUCTS = (nn.Linear, nn.modules.conv._ConvNd, nn.MultiheadAttention, nn.RNNBase, nn.RNNCellBase)
_OTHERS = [kind for kind in MODULES_MAPPING if not issubclass(kind, _PRODUCTS)]


class Counter(base.Counter):
    """Cross-checks with ptflops."""

    libraries = ("torch", "ptflops")
    counts = "module"
    check = True

    def point(self, subject: Subject, at: Mapping[str, Any]) -> dict[str, Any]:
        """Multiply-adds of one pass by either back end, and of what the one with hooks is made."""
        found = dict(_of_example(subject, tuple((axis, at.get(axis)) for axis in INPUT_AXES)))
        macs = {name: at["batch"] * value for name, value in found.items() if isinstance(value, int)}
        note = found.get("reason") or (
            f"{macs['products']} in modules with products, {macs['modules'] - macs['products']} in normalisation, activations "
            f"and pooling, {macs['hooks'] - macs['modules']} in functions that it patches (matmul, add, mul, softmax, others)"
        )
        return {
            "macs_ptflops": macs.get("hooks"),
            "macs_ptflops_aten": macs["operators"],
            "notes": f"ptflops: {note}",
        }


@functools.lru_cache(maxsize=1)
def _of_example(subject: Subject, lengths: tuple[tuple[str, int | None], ...]) -> Mapping[str, Any]:
    """Multiply-adds of one example by back end and part, or the reason why the one with hooks found nothing."""
    at = {"batch": 1, **dict(lengths)}
    found: dict[str, Any] = {"operators": _count(subject, at, "aten")}
    try:
        # Without numbers, torch computes shapes by calling the very functions that ptflops patches: they count twice.
        hooks = _count(_with_numbers(subject), at, "pytorch")
        modules, products = (
            _count(subject, at, "pytorch", backend_specific_config={"count_functional": False}, ignore_modules=left_out)
            for left_out in ([], _OTHERS)
        )
    except Exception as error:
        return found | {"reason": shortened(str(error), 200)}
    return found | {"hooks": hooks, "modules": modules, "products": products}


def _with_numbers(subject: Subject) -> Subject:
    """The same model with zeros for weights.

    Raises:
        Unsupported: that needs more memory than a cross-check is worth.
    """
    if not _shape_pass.is_dry(subject):
        return subject
    size = sum(tensor.nbytes for tensor in (*subject.module.parameters(), *subject.module.buffers()))
    if size > _LARGEST_BYTES:
        raise Unsupported(f"needs the weights in memory, which are left out above {_LARGEST_BYTES >> 20} MiB")
    module = copy.deepcopy(subject.module).to_empty(device="cpu")
    for tensor in (*module.parameters(), *module.buffers()):
        tensor.data.zero_()
    return Subject(subject.spec, module)


def _count(subject: Subject, at: Mapping[str, Any], backend: str, **more: Any) -> int:
    """Multiply-adds by one back end.

    Raises:
        RuntimeError: ptflops failed; its second line says why.
    """
    # The back end of operators leaves hooks on the modules that it finds, so it finds none.
    whole = _Whole(subject.module, registered=backend == "pytorch")
    printed = io.StringIO()
    with (
        _shape_pass.ready(subject, at) as given,
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        macs, _ = ptflops.get_model_complexity_info(
            whole,
            (1,),
            print_per_layer_stat=False,
            as_strings=False,
            input_constructor=lambda _: given,
            backend=backend,
            **more,
        )
    if macs is None:
        raise RuntimeError(printed.getvalue().strip().splitlines()[1])
    return int(macs)


class _Whole(nn.Module):
    """The model to count as a module that takes its inputs by name."""

    def __init__(self, module: nn.Module, registered: bool) -> None:
        super().__init__()
        if registered:
            self.inner = module
        self.kept = [module]

    def forward(self, **given: Any) -> Any:
        """One pass."""
        return call_arguments.call(self.kept[0], list(given), list(given.values()))
