"""ONNX from a torch module: one file with free batch and size where the model allows it, else one file a size."""

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.export import Dim

from joulesweep import axes, plugins
from joulesweep.errors import one_line
from joulesweep.model import call_arguments, graph, inputs
from joulesweep.model import module as modules
from joulesweep.model.manifest import Artefact, Manifest
from joulesweep.model.outputs import check_finite, difference

_TOLERANCE = 1e-3
Made = list[tuple[Path, dict[str, int]]]


def export(module: torch.nn.Module, manifest: Manifest, points: Sequence[Mapping[str, Any]]) -> Made:
    """The files that were made, each with the values of the axes that are fixed in it.

    Whether size is free is the model's business and not the sweep's: a longer sweep must not change the file.
    """
    base = points[0]
    if _every_axis_is_free(module, manifest.spec):
        file = manifest.folder / "model.onnx"
        try:
            _write(module, manifest, base, {"batch", *manifest.spec["axes"]}, file)
            for point in (*points, {**base, "batch": 3}):
                _check(module, manifest, file, point)
            return [(file, {})]
        except ImportError:
            raise
        except Exception as error:
            manifest.notes.append(f"one ONNX file a size: {one_line(error)}")
    made: Made = []
    for point in points:
        fixed = {axis: point[axis] for axis in manifest.spec["axes"]}
        file = manifest.folder / f"{'-'.join(['model', *map(str, fixed.values())])}.onnx"
        _write(module, manifest, point, {"batch"}, file)
        for batch in (1, 3):
            _check(module, manifest, file, {**point, "batch": batch})
        made.append((file, fixed))
    return made


def _every_axis_is_free(module: torch.nn.Module, spec: Mapping[str, Any]) -> bool:
    """Whether there are axes beside the batch, and the module itself runs at another value of each."""
    base = inputs.base_point(spec)
    for axis, value in spec["axes"].items():
        other = value // 2 or 2 if axes.ALL[axis].bounded else value + 32
        try:
            modules.run(modules.fresh(module, spec), spec, {**base, axis: other})
        except Exception:
            return False
    return bool(spec["axes"])


def _write(module: torch.nn.Module, manifest: Manifest, point: Mapping[str, Any], free: set[str], file: Path) -> None:
    """Export at one point with these axes free, strip and write."""
    import onnxscript  # noqa: F401 - so that its absence is told by its name

    example = modules.example(manifest.spec, {**point, "batch": 2})
    lengths = {one["name"]: inputs.dimensions(one) for one in manifest.spec["inputs"]}
    shapes = {
        name: {place: Dim.DYNAMIC for place, length in enumerate(found) if length in free}
        for name, found in lengths.items()
    }
    positional, keywords = call_arguments.bind_inputs(module, list(example))
    with warnings.catch_warnings(), _quiet(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.export.export(
            modules.fresh(module, manifest.spec),
            tuple(example[name] for name in positional),
            {name: example[name] for name in keywords},
            dynamic_shapes=shapes if keywords else tuple(shapes[name] for name in positional),
            strict=False,
        )
        exported = torch.onnx.export(program, dynamo=True, verbose=False, optimize=True)
    assert exported is not None
    model = exported.model_proto
    graph.strip(model)
    graph.name_axes(model, manifest.spec)
    graph.save(model, file)


def _check(module: torch.nn.Module, manifest: Manifest, file: Path, point: Mapping[str, Any]) -> None:
    """Compare what the file computes at a point with the module itself.

    Raises:
        ValueError: they differ by more than rounding explains.
    """
    try:
        runtime = plugins.load("runtimes", "onnxruntime")()
    except ImportError:
        if (note := "onnxruntime is missing: the ONNX file was not compared with the module") not in manifest.notes:
            manifest.notes.append(note)
        return
    eager = plugins.load("runtimes", "eager")()
    forward = runtime.load(Artefact(manifest.spec, file, "", "", "", 0), torch.get_num_threads())
    found = runtime.arrays(forward(runtime.prepare(inputs.make(manifest.spec, point))))
    wanted = eager.arrays(modules.run(modules.fresh(module, manifest.spec), manifest.spec, point))
    check_finite(wanted)
    error = difference(found, wanted)
    if not error <= _TOLERANCE:
        at = " ".join(f"{axis}={value}" for axis, value in point.items() if value is not None)
        raise ValueError(f"the ONNX file differs from the module by {error:.2g} of the largest output at {at}")


class _quiet:  # noqa: N801 - reads as a word where it is used
    """Keeps the exporter's own log lines below errors."""

    def __enter__(self) -> None:
        self.loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir", "torch.export")]
        self.levels = [logger.level for logger in self.loggers]
        for logger in self.loggers:
            logger.setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        for logger, level in zip(self.loggers, self.levels, strict=True):
            logger.setLevel(level)
