"""The shipped models, as the configuration hands them to the stages, and one of them as an ONNX file."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DIGITS: dict[str, Any] = {"set": "digits", "name": "digits", "settings": {}, "content": {}}


def digits_spec(function: str = "cnn") -> dict:
    """The completed specification of one of the shipped networks."""
    return {
        "name": f"digits_{function}",
        "source": f"python:custom_models/digits.py:{function}",
        "inputs": [{"name": "input", "shape": [1, "size", "size"], "dtype": "float32", "low": 0, "high": 1}],
        "axes": {"size": 8},
        "weights": f"custom_models/digits_{function}.safetensors",
        "data": {**DIGITS, "examples": None},
        "calibration": DIGITS,
        "metric": "top-1",
        "content": {},
    }


def export_job(spec: dict, formats: Iterable[str] = ("module", "onnx", "onnx-int8", "outputs"), **more: object) -> dict:
    """The job that exports a model in every format at its native size."""
    return {
        "model": spec,
        "values": {"size": [8]},
        "formats": dict.fromkeys(formats, "its code"),
        "spec_digest": "0123456789ab",
        "versions": {},
        **more,
    }


def measured_models(*points: dict, **more: Any) -> dict[str, Any]:
    """The `models` of a measuring job: the shipped network at these points; `more` is what a stage adds."""
    runtimes = {point["runtime"] for point in points}
    spec = digits_spec()
    return {
        spec["name"]: {
            "model": spec,
            "points": list(points),
            "code_digest": dict.fromkeys(runtimes, "abc"),
            "versions": {runtime: {"onnxruntime": "1"} for runtime in runtimes},
            **more,
        }
    }


def write_graph(file: Path) -> None:
    """Write the shipped multilayer perceptron as an ONNX file: exporting one that torch has built takes ten seconds."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from safetensors.numpy import load_file

    weights = load_file(ROOT / "custom_models" / "digits_mlp.safetensors")
    nodes = [
        helper.make_node("Flatten", ["input"], ["flat"]),
        helper.make_node("Gemm", ["flat", "1.weight", "1.bias"], ["sums"], transB=1),
        helper.make_node("Relu", ["sums"], ["hidden"]),
        helper.make_node("Gemm", ["hidden", "3.weight", "3.bias"], ["output"], transB=1),
    ]
    given = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 1, 8, 8])
    result = helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", 10])
    tensors = [numpy_helper.from_array(array, name) for name, array in sorted(weights.items())]
    graph = helper.make_graph(nodes, "mlp", [given], [result], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), file)
