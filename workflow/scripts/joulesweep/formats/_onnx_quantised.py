"""ONNX with 8 bits, made of the single-precision file by ONNX Runtime's own quantisation.

Static: weights and activations have fixed scales, from calibration inputs. Dynamic: activations are scaled at run time, and only
matrix products have 8 bits.
"""

import logging
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from joulesweep import plugins
from joulesweep.errors import UserError, one_line
from joulesweep.formats import _comparison
from joulesweep.formats._calibration import calibration_inputs
from joulesweep.formats.base import File, Subject
from joulesweep.model import graph, inputs
from joulesweep.model.outputs import check_finite

_OPSET = 13  # the first in which a scale per channel can be written
_PRODUCTS = {"Gemm", "LSTM", "MatMul"}  # whose weights have 8 bits where scales are found at run time
_TRANSFORMER = {"LayerNormalization", "Attention", "SimplifiedLayerNormalization"}


def quantised(subject: Subject, form: str, static: bool) -> list[File]:
    """Quantise each ONNX file for the format `form`, and run it once.

    With `static`, networks of convolutions get fixed scales. Transformers never do: fixed scales around softmax and layer
    normalisation cost accuracy and time.

    Raises:
        UserError: a file is of a precision or operator set that cannot be quantised, or has nothing to quantise.
        Exception: the quantiser's own.
    """
    manifest = subject.manifest
    made = []
    for file in subject.files["onnx"]:
        target = file.path.with_name(f"{file.path.stem}-{form.removeprefix('onnx-')}.onnx")
        point = {**subject.points[0], **file.fixed}
        note = f"{form}: {_quantise(file.path, target, manifest.spec, point, static)}"
        if note not in manifest.notes:
            manifest.notes.append(note)
        _run_once(target, manifest.spec, point)
        made.append(File(target, file.fixed, graph.weight_bytes(graph.load(target))))
    return made


def _quantise(file: Path, target: Path, spec: Mapping[str, Any], point: Mapping[str, Any], static: bool) -> str:
    """Write the quantised file; returns in a sentence how it was done."""
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    log = logging.getLogger()
    level = log.level
    log.setLevel(logging.ERROR)  # the library writes its advice to the root logger
    try:
        with tempfile.TemporaryDirectory() as folder:
            suitable, prepared = Path(folder) / "suitable.onnx", Path(folder) / "prepared.onnx"
            converted = _make_suitable(file, suitable)
            # Folds batch normalisation into convolutions, which then have weights to quantise.
            quant_pre_process(str(suitable), str(prepared), skip_symbolic_shape=True)
            model = graph.load(prepared)
            if not static or graph.operators(model) & _TRANSFORMER:
                if not graph.operators(model) & _PRODUCTS:
                    raise UserError(
                        "the model has no matrix product, so nothing would have 8 bits; use onnxruntime-int8"
                    )
                quantization.quantize_dynamic(
                    prepared, target, op_types_to_quantize=sorted(_PRODUCTS), per_channel=True, reduce_range=True
                )
                note = "matrix products only, activations scaled at run time"
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
                note = f"scales fixed from {source}"
    finally:
        log.setLevel(level)
    quantised = graph.load(target)
    graph.strip(quantised)
    graph.save(quantised, target)
    return note + converted


def _make_suitable(file: Path, target: Path) -> str:
    """Write a file that the quantiser takes; returns what was changed, as the end of a sentence.

    Raises:
        UserError: its precision is not single, or its operator set is too old and cannot be converted.
    """
    model = graph.load(file)
    if halves := graph.half_precision(model):
        raise UserError(
            f"int8 is made of a file in single precision; {halves} of this one is of half precision; export it as float32"
        )
    graph.unlist_weights(model)
    before = graph.opset(model)
    if before < _OPSET:
        from onnx import version_converter

        try:
            model = version_converter.convert_version(model, _OPSET)
        except Exception as error:  # the converter's errors are as many as operators that it does not know
            raise UserError(
                f"int8 needs operator set {_OPSET} or newer; the file has {before}, which cannot be converted "
                f"({one_line(error, 120)}); export it again with opset_version={_OPSET}"
            ) from error
    graph.save(model, target)
    return f", operator set {before} converted to {_OPSET}" if before < _OPSET else ""


def _calibration(spec: Mapping[str, Any], point: Mapping[str, Any], model: Any) -> tuple[Any, str]:
    """A reader of calibration inputs, in batches that the graph takes, and what they are."""
    from onnxruntime import quantization

    fed = inputs.match_inputs(spec, [value.name for value in graph.fed_inputs(model)])
    passes, source = calibration_inputs(spec, point, graph.fixed_batch(model, spec))

    class Reader(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self.left: Iterator[dict[str, np.ndarray]] = iter(passes)

        def get_next(self) -> dict[str, np.ndarray] | None:
            given = next(self.left, None)
            return given and {name: given[declared] for name, declared in fed.items()}

    return Reader(), source


def _run_once(file: Path, spec: Mapping[str, Any], point: Mapping[str, Any]) -> None:
    """Load the file as a launch does and do one pass; what fails here would fail in every launch."""
    runtime = plugins.load("runtimes", "onnxruntime-int8")()
    batch = graph.fixed_batch(graph.load(file), spec) or 1
    check_finite(_comparison.of_file(runtime, spec, file, {**point, "batch": batch}, threads=1))
