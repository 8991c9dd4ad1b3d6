"""A cross-check by pthflops: a symbolic trace of the module, formulas for a dozen kinds of layers.

It takes one input, follows no branch that depends on data, and counts nothing in `torch.nn.functional` but `add`, `mul`
and `matmul`. What it calls FLOPs are multiply-adds in convolutions and linear layers, operations elsewhere.
"""

import contextlib
import io
from collections.abc import Mapping
from typing import Any

import pthflops

from joulesweep.counters import _shape_pass, base
from joulesweep.counters.base import Subject
from joulesweep.errors import Unsupported


class Counter(base.Counter):
    """Cross-checks with pthflops."""

    libraries = ("torch", "pthflops")
    counts = "module"
    check = True

    def point(self, subject: Subject, point: Mapping[str, Any]) -> dict[str, Any]:
        """What pthflops counts in one pass at a point.

        Raises:
            Unsupported: the model has several inputs.
        """
        with _shape_pass.prepared(subject, point) as tensors, contextlib.redirect_stdout(io.StringIO()):
            if len(tensors) > 1:
                raise Unsupported("takes one input only")
            count, _ = pthflops.count_ops(
                subject.module, next(iter(tensors.values())), print_readable=False, verbose=False
            )
        return {"macs_pthflops": int(count)}
