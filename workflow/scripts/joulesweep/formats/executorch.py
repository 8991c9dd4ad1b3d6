"""ExecuTorch: a program whose operators XNNPACK takes over when it is made, as far as XNNPACK knows them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joulesweep.errors import Unsupported
from joulesweep.formats import _per_point, base
from joulesweep.formats.base import File, Subject
from joulesweep.system import library_output

_LARGEST_BATCH = 64  # a program plans its memory for the largest batch


class Format(base.Format):
    """A program for every point, with a free batch where the model allows it."""

    libraries = ("torch", "executorch")
    made_from = ""
    reads_data = False

    def write(self, subject: Subject) -> list[File]:
        """Lower the module to XNNPACK at each point.

        Raises:
            Unsupported: there is no module, or XNNPACK takes none of its operators.
            UserError: the program computes something else.
            Exception: ExecuTorch's own.
        """
        return _per_point.files(subject, ".pte", "executorch", _lower)


def _lower(subject: Subject, point: Mapping[str, Any], path: Path) -> tuple[int, str]:
    """Write the program of one point."""
    import torch
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower

    from joulesweep.formats._flat_module import stored_bytes

    with library_output.in_the_log(), torch.no_grad():
        program = to_edge_transform_and_lower(_exported(subject, point), partitioner=[XnnpackPartitioner()])
    taken, left = _delegated(program.exported_program().graph_module)
    if not taken:
        raise Unsupported(
            "XNNPACK takes none of the model's operators, so ExecuTorch would run all of them by its slow ones"
        )
    with library_output.in_the_log():
        content = program.to_executorch().buffer
    path.write_bytes(content)
    return stored_bytes(subject.module), f"XNNPACK took {taken} of {taken + left} operators"


def _exported(subject: Subject, point: Mapping[str, Any]) -> Any:
    """The module as torch.export writes it: with a free batch where that succeeds, else for one example."""
    import torch

    from joulesweep.formats._flat_module import flat
    from joulesweep.model import inputs

    spec = subject.manifest.spec
    batch = torch.export.Dim("batch", min=1, max=_LARGEST_BATCH)
    free = tuple(
        {place: batch for place, length in enumerate(inputs.dimensions(each)) if length == "batch"}
        for each in spec["inputs"]
    )
    try:
        module, example = flat(subject.module, spec, {**point, "batch": 2})
        return torch.export.export(module, example, dynamic_shapes=(free,), strict=False)
    except Exception:
        module, example = flat(subject.module, spec, point)
        return torch.export.export(module, example, strict=False)


def _delegated(graph_module: Any) -> tuple[int, int]:
    """How many operators a backend took, and how many are left to ExecuTorch's own."""
    taken = left = 0
    for node in graph_module.graph.nodes:
        if node.op != "call_function":
            continue
        name = getattr(node.target, "__name__", "")
        if name == "executorch_call_delegate":
            inner = getattr(graph_module, node.args[0].target).original_module.graph_module
            taken += sum(each.op == "call_function" for each in inner.graph.nodes)
        elif name != "getitem" and "sym_" not in str(node.target):
            left += 1
    return taken, left
