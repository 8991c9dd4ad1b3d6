"""FLOPs of one pass by operator, and the bytes it moves, without computing a number.

Matrix products, convolutions and attention are multiply-adds, two FLOPs each, in real numbers; Fourier transforms are
FLOPs. What else does arithmetic is listed by name with how often it ran; operators that only look at, copy,
arrange or create numbers are left out of that list. Bytes are those that the operators, run one after the other, read and
write: caches and fusion make them fewer.
"""

from collections.abc import Mapping
from typing import Any

from joulesweep.counters import base
from joulesweep.counters._trace import Trace, Work, trace
from joulesweep.counters.base import ALL, Layers, Subject
from joulesweep.launches.columns import listed


class Counter(base.Counter):
    """Counts multiply-adds and bytes moved from the operators of one pass."""

    libraries = ("torch",)
    counts = "module"
    check = False

    def point(self, subject: Subject, point: Mapping[str, Any]) -> dict[str, Any]:
        """FLOPs, multiply-adds and bytes of one pass at a point, by operator kind too, and the operators without a formula."""
        result = trace(subject, point)
        total = result.total
        moved = total.weight_bytes + total.activation_bytes
        kinds = {
            operator: work.macs
            for (module, operator), work in result.work.items()
            if module == "" and operator != ALL and work.macs
        }
        return {
            "flops": total.flops,
            "macs": total.macs,
            "macs_by_operator": listed(kinds),
            "uncounted_operators": listed(result.uncounted),
            "weight_moved_bytes": total.weight_bytes,
            "activation_moved_bytes": total.activation_bytes,
            "flops_per_byte": total.flops / moved if moved else None,
            "reused_modules": listed(_reused(subject, result)),
        }

    def layers(self, subject: Subject, point: Mapping[str, Any]) -> Layers:
        """The work of one pass in each module, those of the modules inside it included, in all and by operator kind."""
        result = trace(subject, point)
        rows = {key: _columns(work) for key, work in result.work.items()}
        for name, _ in subject.module.named_modules():  # those too that did not run, or in which nothing ran
            rows[(name, ALL)] = _columns(result.work.get((name, ALL), Work())) | {"calls": result.calls[name]}
        return rows


def _columns(work: Work) -> dict[str, int]:
    return {
        "calls": work.calls,
        "macs": work.macs,
        "flops": work.flops,
        "weight_moved_bytes": work.weight_bytes,
        "activation_moved_bytes": work.activation_bytes,
    }


def _reused(subject: Subject, result: Trace) -> dict[str, int]:
    """Modules with parameters that a pass calls more than once, the outermost where all inside it are called as often."""
    modules = dict(subject.module.named_modules())
    often = {
        name: calls
        for name, calls in result.calls.items()
        if calls > 1 and next(modules[name].parameters(), None) is not None
    }
    return {name: calls for name, calls in often.items() if calls not in map(often.get, _around(name))}


def _around(name: str) -> list[str]:
    """Names of the modules around a module."""
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(len(parts))]
