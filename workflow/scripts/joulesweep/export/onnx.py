"""ONNX from a torch module: one file with free batch and size where the model allows it, else one file a size."""

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.export import Dim

from joulesweep import plugins
from joulesweep.artefacts import Artefact, Manifest
from joulesweep.export import from_module, graph
from joulesweep.export.reasons import reason

_TOLERANCE = 1e-3
Made = list[tuple[Path, int | None, int | None]]


def export(module: torch.nn.Module, manifest: Manifest, points: Sequence[Mapping[str, Any]]) -> Made:
    """The files that were made, each with the size and sequence it serves alone, or None for all of them.

    Whether size is free is the model's business and not the sweep's: a longer sweep must not change the file.
    """
    base = points[0]
    free = _free_axes(base, module, manifest.spec)
    if free:
        file = manifest.folder / "model.onnx"
        try:
            _write(module, manifest, base, free, file)
            for point in (*points, {**base, "batch": 3}):
                _check(module, manifest, file, point)
            return [(file, None, None)]
        except ImportError:
            raise
        except Exception as error:
            manifest.notes.append(f"one ONNX file a size: {reason(error)}")
    made: Made = []
    for point in points:
        value = point["size"] or point["sequence"]
        file = manifest.folder / ("model.onnx" if value is None else f"model-{value}.onnx")
        _write(module, manifest, point, [], file)
        for batch in (1, 3):
            _check(module, manifest, file, {**point, "batch": batch})
        made.append((file, point["size"], point["sequence"]))
    return made


def _free_axes(base: Mapping[str, Any], module: torch.nn.Module, spec: Mapping[str, Any]) -> list[int]:
    """Dimensions of the input that can be free beside the batch: the module itself runs at another value of them."""
    last = len(spec["input"]["shape"])
    if base["size"] is not None:
        other, axes = {"size": base["size"] + 32}, [last - 1, last]
    elif base["sequence"] is not None and base["sequence"] > 1:
        other, axes = {"sequence": base["sequence"] // 2}, [last]
    else:
        return []
    try:
        from_module.run(module, spec, {**base, **other})
    except Exception:
        return []
    return axes


def _write(
    module: torch.nn.Module, manifest: Manifest, point: Mapping[str, Any], free: Sequence[int], file: Path
) -> None:
    """Export at one point, strip and write."""
    import onnxscript  # noqa: F401 - so that its absence is told by its name

    shape = {0: Dim.DYNAMIC, **dict.fromkeys(free, Dim.DYNAMIC)}
    example = from_module.example(manifest.spec, {**point, "batch": 2})
    with warnings.catch_warnings(), _quiet(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.export.export(module, (example,), dynamic_shapes=(shape,), strict=False)
        exported = torch.onnx.export(program, dynamo=True, verbose=False, optimize=True)
    assert exported is not None
    model = exported.model_proto
    graph.strip(model)
    axes = ["batch", *(f"axis{index}" for index in range(1, example.dim()))]
    for index, name in zip(free, ("height", "width") if len(free) == 2 else ("sequence",), strict=False):
        axes[index] = name
    graph.name_axes(model, axes)
    graph.save(model, file)


def _check(module: torch.nn.Module, manifest: Manifest, file: Path, point: Mapping[str, Any]) -> None:
    """Compare what the file computes at a point with the module itself.

    Raises:
        ValueError: they differ by more than rounding explains.
    """
    try:
        runtime = plugins.load("runtimes", "onnxruntime").Runtime()
    except ImportError:
        if (note := "onnxruntime is missing: the ONNX file was not compared with the module") not in manifest.notes:
            manifest.notes.append(note)
        return
    eager = plugins.load("runtimes", "eager").Runtime()
    forward = runtime.load(Artefact(manifest.spec, file, "", "", "", 0), torch.get_num_threads())
    example = from_module.example(manifest.spec, point)
    found = runtime.arrays(forward([example.numpy()]))
    wanted = eager.arrays(from_module.run(module, manifest.spec, point))
    for one, other in zip(found, wanted, strict=True):
        scale = float(np.abs(other).max(initial=0.0)) or 1.0
        error = float(np.abs(one - other).max(initial=0.0)) / scale
        if not error <= _TOLERANCE:
            raise ValueError(
                f"the ONNX file differs from the module by {error:.2g} of the largest output at {dict(point)}"
            )


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
