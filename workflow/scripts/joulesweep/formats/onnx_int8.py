"""ONNX with 8 bits, made of the single-precision file by ONNX Runtime's own quantisation.

Networks of convolutions get fixed scales for weights and activations (static), from calibration inputs. Transformers
get scales for activations at run time (dynamic) and 8 bits in matrix products alone: fixed scales around softmax and
layer normalisation cost accuracy and time.
"""

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from joulesweep import plugins
from joulesweep.errors import one_line
from joulesweep.model import graph, inputs
from joulesweep.model.manifest import Manifest, entry

_EXAMPLES = 64
_DRAWN = 4
_TRANSFORMER = {"LayerNormalization", "Attention", "SimplifiedLayerNormalization"}


def export(manifest: Manifest, files: Sequence[tuple[Path, dict[str, int]]], point: Mapping[str, Any]) -> None:
    """Quantise each file and enter the results, or the reason why not, into the manifest."""
    made = []
    try:
        for file, fixed in files:
            target = file.with_name(f"{file.stem}-int8.onnx")
            note = _quantise(file, target, manifest.spec, {**point, **fixed})
            if note not in manifest.notes:
                manifest.notes.append(note)
            made.append(entry(target, fixed, graph.weight_bytes(graph.load(target))))
    except Exception as error:
        manifest.errors["onnx-int8"] = one_line(error)
        return
    manifest.artefacts["onnx-int8"] = made


def _quantise(file: Path, target: Path, spec: Mapping[str, Any], point: Mapping[str, Any]) -> str:
    """Write the quantised file; returns in a sentence how it was done."""
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    log = logging.getLogger()
    level = log.level
    log.setLevel(logging.ERROR)  # the library writes its advice to the root logger
    try:
        with tempfile.TemporaryDirectory() as folder:
            prepared = Path(folder) / "prepared.onnx"
            # Folds batch normalisation into convolutions, which then have weights to quantise.
            quant_pre_process(str(file), str(prepared), skip_symbolic_shape=True)
            model = graph.load(prepared)
            if graph.operators(model) & _TRANSFORMER:
                quantization.quantize_dynamic(
                    prepared, target, op_types_to_quantize=["MatMul", "Gemm"], per_channel=True, reduce_range=True
                )
                note = "onnx-int8: matrix products only, activations scaled at run time"
            else:
                reader, source = _calibration(spec, point, model)
                # Activations 0..255 and weights of 7 bits: processors without VNNI add products of two full 8-bit
                # numbers in 16 bits, which saturate. The same file is right on every device.
                quantization.quantize_static(
                    prepared,
                    target,
                    reader,
                    quant_format=quantization.QuantFormat.QDQ,
                    activation_type=quantization.QuantType.QUInt8,
                    weight_type=quantization.QuantType.QInt8,
                    per_channel=True,
                    reduce_range=True,
                )
                note = f"onnx-int8: scales fixed from {source}"
    finally:
        log.setLevel(level)
    quantised = graph.load(target)
    graph.strip(quantised)
    graph.save(quantised, target)
    return note


def _calibration(spec: Mapping[str, Any], point: Mapping[str, Any], model: Any) -> tuple[Any, str]:
    """A reader of calibration inputs, and what they are."""
    from onnxruntime import quantization

    fed = inputs.match_inputs(spec, [value.name for value in graph.fed_inputs(model)])
    if spec.get("data"):
        examples = plugins.load("datasets", spec["data"])().load().train_inputs[:_EXAMPLES]
        source = f"{len(examples)} training examples of {spec['data']}"
        batches = [dict.fromkeys(fed, examples[index : index + 1]) for index in range(len(examples))]
    else:
        drawn = inputs.make(spec, {**point, "batch": _DRAWN})
        batches = [{name: drawn[declared] for name, declared in fed.items()}]
        source = f"{_DRAWN} random inputs"

    class Reader(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self.left: Iterator[dict[str, np.ndarray]] = iter(batches)

        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(self.left, None)

    return Reader(), source
