"""A cross-check by ptflops, both of its back ends: hooks on modules and patched functions, and operators.

What it calls FLOPs are multiply-adds of one example; they are multiplied by the batch here. The hooks count
normalisation, activations, pooling and element-wise sums as well, and miss `F.linear` and
`F.scaled_dot_product_attention` called as functions; both back ends count a bias as one multiply-add for each output.
"""

import contextlib
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
from joulesweep.model.module import build

_LARGEST_BYTES = 1 << 29
_PRODUCTS = (nn.Linear, nn.modules.conv._ConvNd, nn.MultiheadAttention, nn.RNNBase, nn.RNNCellBase)
_OTHERS = [kind for kind in MODULES_MAPPING if not issubclass(kind, _PRODUCTS)]


class Counter(base.Counter):
    """Cross-checks with ptflops."""

    libraries = ("torch", "ptflops")
    counts = "module"
    check = True

    def point(self, subject: Subject, point: Mapping[str, Any]) -> dict[str, Any]:
        """Multiply-adds of one pass by either back end, and of what the one with hooks is made."""
        of_example = dict(_of_example(subject, tuple((axis, point.get(axis)) for axis in INPUT_AXES)))
        macs = {name: point["batch"] * value for name, value in of_example.items() if isinstance(value, int)}
        note = of_example.get("reason") or (
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
    point = {"batch": 1, **dict(lengths)}
    macs: dict[str, Any] = {"operators": _count(subject, point, "aten")}
    try:
        # Without numbers, torch computes shapes by calling the very functions that ptflops patches: they count twice.
        hooks = _count(_with_numbers(subject), point, "pytorch")
        modules, products = (
            _count(
                subject, point, "pytorch", backend_specific_config={"count_functional": False}, ignore_modules=ignored
            )
            for ignored in ([], _OTHERS)
        )
    except Exception as error:
        return macs | {"reason": shortened(str(error), 200)}
    return macs | {"hooks": hooks, "modules": modules, "products": products}


def _with_numbers(subject: Subject) -> Subject:
    """The same model with its weights.

    Raises:
        Unsupported: that needs more memory than a cross-check is worth.
    """
    if subject.has_numbers:
        return subject
    if _shape_pass.size(subject.module) > _LARGEST_BYTES:
        raise Unsupported(f"needs the weights in memory, which are left out above {_LARGEST_BYTES >> 20} MiB")
    return Subject(subject.spec, build(subject.spec), has_numbers=True)


def _count(subject: Subject, point: Mapping[str, Any], backend: str, **more: Any) -> int:
    """Multiply-adds by one back end.

    Raises:
        RuntimeError: ptflops failed; its second line says why.
    """
    # The back end of operators leaves hooks on the modules that it finds, so it finds none.
    whole = _Whole(subject.module, registered=backend == "pytorch")
    printed = io.StringIO()
    with (
        _shape_pass.prepared(subject, point) as tensors,
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        macs, _ = ptflops.get_model_complexity_info(
            whole,
            (1,),
            print_per_layer_stat=False,
            as_strings=False,
            input_constructor=lambda _: tensors,
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

    def forward(self, **tensors: Any) -> Any:
        """One pass."""
        return _shape_pass.call(self.kept[0], tensors)
