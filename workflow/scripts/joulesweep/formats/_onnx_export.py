"""ONNX from a torch module: one file with free batch and axes where the model allows it, else one file per value."""

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.export import Dim

from joulesweep import axes, plugins
from joulesweep.errors import UserError, one_line
from joulesweep.formats import _comparison
from joulesweep.formats.base import File, Subject
from joulesweep.model import call_arguments, graph, inputs
from joulesweep.model import module as modules
from joulesweep.system import library_output

_NO_OPERATOR = re.compile(r"No ONNX function found for <OpOverload\(op='([\w.]+)'")
_RESHAPED_STATE = re.compile(r"expand: attempting to expand .*?aten\.copy_\.default\]\(args = \(%(\w+),", re.DOTALL)
_BATCHES = (1, 3)  # at which a file with a free batch is compared with the module


def exported(subject: Subject) -> list[File]:
    """The files that were made, each with the values of the axes that are fixed in it.

    Which axes are free is the model's business and not the sweep's: a longer sweep must not change the file.

    Raises:
        UserError: the model is random, or the file computes something else than the module.
        Exception: the exporter's own.
    """
    if subject.random:
        raise UserError(f"{subject.random}; a file cannot be compared with it")
    manifest, base = subject.manifest, subject.points[0]
    batch_is_free = _runs(subject, {**base, "batch": max(_BATCHES)})
    batches = _BATCHES if batch_is_free else (1,)
    why_several = ""
    if _every_axis_is_free(subject):
        file = manifest.folder / "model.onnx"
        try:
            _write(subject, base, {*manifest.spec["axes"], *(["batch"] if batch_is_free else [])}, file)
            for point in (*subject.points, *({**base, "batch": batch} for batch in batches)):
                _check(subject, file, point)
            return [_file(file, {} if batch_is_free else {"batch": 1})]
        except ImportError:
            raise
        except Exception as error:
            why_several = one_line(error)
    made = []
    for point in subject.points:
        values = {axis: point[axis] for axis in manifest.spec["axes"]}
        file = manifest.folder / f"{'-'.join(['model', *map(str, values.values())])}.onnx"
        _write(subject, point, {"batch"} if batch_is_free else set(), file)
        for batch in batches:
            _check(subject, file, {**point, "batch": batch})
        made.append(_file(file, values if batch_is_free else {"batch": 1, **values}))
    if why_several:
        manifest.notes.append(f"one ONNX file per size: {why_several}")
    return made


def _file(path: Path, fixed: Mapping[str, int]) -> File:
    return File(path, fixed, graph.weight_bytes(graph.load(path)))


def _runs(subject: Subject, point: Mapping[str, Any]) -> bool:
    """Whether the module itself runs at a point."""
    spec = subject.manifest.spec
    try:
        modules.run(modules.fresh(subject.module, spec), spec, point)
    except Exception:
        return False
    return True


def _every_axis_is_free(subject: Subject) -> bool:
    """Whether there are axes beside the batch, and the module itself runs at another value of each."""
    spec = subject.manifest.spec
    others = {axis: value // 2 or 2 if axes.ALL[axis].bounded else value + 32 for axis, value in spec["axes"].items()}
    base = inputs.base_point(spec)
    return bool(others) and all(_runs(subject, {**base, axis: value}) for axis, value in others.items())


def _write(subject: Subject, point: Mapping[str, Any], free: set[str], file: Path) -> None:
    """Export at one point with these axes free, strip and write."""
    import onnxscript  # noqa: F401 - so that its absence is told by its name

    spec = subject.manifest.spec
    example = modules.example(spec, {**point, "batch": 2 if "batch" in free else 1})
    lengths = {one["name"]: inputs.dimensions(one) for one in spec["inputs"]}
    shapes = {
        name: {place: Dim.DYNAMIC for place, length in enumerate(dimensions) if length in free}
        for name, dimensions in lengths.items()
    }
    positional, keywords = call_arguments.bind_inputs(subject.module, list(example))
    with warnings.catch_warnings(), library_output.in_the_log(), _explained(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.export.export(
            modules.fresh(subject.module, spec),
            tuple(example[name] for name in positional),
            {name: example[name] for name in keywords},
            dynamic_shapes=shapes if keywords else tuple(shapes[name] for name in positional),
            strict=False,
        )
        program_in_onnx = torch.onnx.export(program, dynamo=True, verbose=False, optimize=True)
    assert program_in_onnx is not None
    model = program_in_onnx.model_proto
    graph.strip(model)
    graph.name_axes(model, spec)
    graph.save(model, file)


@contextmanager
def _explained() -> Iterator[None]:
    """Inside, what the exporter says in its own terms is said in those of its users, where that is known.

    Raises:
        UserError: the model computes or keeps what a graph of fixed operators cannot, or what ONNX has no operator for.
    """
    try:
        yield
    except Exception as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        if operator := _NO_OPERATOR.search(str(cause)):
            numbers = " of complex numbers" if "complex-valued" in str(cause) else ""
            raise UserError(f"ONNX has no operator for {operator[1]}{numbers}; run the model in eager only") from error
        if state := _RESHAPED_STATE.search(str(cause)):
            raise UserError(
                f"the model keeps a tensor from pass to pass ({state[1]}) whose shape changes; a graph cannot hold that; run the "
                "model in eager only"
            ) from error
        if "data-dependent" in str(cause) or "DataDependent" in type(cause).__name__:
            raise UserError(
                "how much the model computes depends on the values in its input, as where boxes are selected; "
                "torch.export cannot write that as a graph; run the model in eager only"
            ) from error
        raise


def _check(subject: Subject, file: Path, point: Mapping[str, Any]) -> None:
    """Compare what the file computes at a point with the module itself, where onnxruntime is there.

    Raises:
        UserError: an output is not finite, or they differ by more than rounding explains.
    """
    notes = subject.manifest.notes
    try:
        plugins.load("runtimes", "onnxruntime")
    except ImportError:
        if (note := "onnxruntime is missing: the ONNX file was not compared with the module") not in notes:
            notes.append(note)
        return
    _comparison.check(subject, "onnxruntime", file, point)
