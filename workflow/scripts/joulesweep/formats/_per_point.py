"""Files whose shapes are fixed when they are made: one per value of the input axes, each compared with the module before it counts."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from joulesweep.errors import Unsupported, UserError
from joulesweep.formats import _comparison
from joulesweep.formats.base import File, Subject

_OTHER_BATCH = 3  # with which it is tried whether a file takes more than one example

# Writes the file of one point of a subject; returns the bytes of the tensors in it, and the note of `File`.
Write = Callable[[Subject, Mapping[str, Any], Path], tuple[int, str]]


def files(subject: Subject, suffix: str, runtime: str, write: Write, any_batch: bool = True) -> list[File]:
    """The file of each point, as `write` makes it and `runtime` runs it; without `any_batch`, a file takes one example only.

    Raises:
        Unsupported: there is no module to make them of.
        UserError: the model is random, or a file computes something else than the module.
        Exception: the libraries' own.
    """
    if subject.module is None:
        raise Unsupported(f"a {suffix[1:]} file is made of a torch model; this one is an ONNX file")
    if subject.random:
        raise UserError(f"{subject.random}; a file cannot be compared with it")
    made = []
    for point in subject.points:
        values = {axis: point[axis] for axis in subject.manifest.spec["axes"]}
        path = subject.manifest.folder / f"{'-'.join(['model', *map(str, values.values())])}{suffix}"
        weight_bytes, note = write(subject, point, path)
        _comparison.check(subject, runtime, path, point)
        fixed = values if any_batch and _takes_more(subject, runtime, path, point) else {"batch": 1, **values}
        made.append(File(path, fixed, weight_bytes, note))
    return made


def _takes_more(subject: Subject, runtime: str, path: Path, point: Mapping[str, Any]) -> bool:
    """Whether a file computes the same as the module for more than one example."""
    try:
        _comparison.check(subject, runtime, path, {**point, "batch": _OTHER_BATCH})
    except Exception:
        return False
    return True
