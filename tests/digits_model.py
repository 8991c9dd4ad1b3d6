"""A shipped model, as the configuration hands it to the stages."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def digits_spec(function: str = "cnn") -> dict:
    """The completed specification of one of the shipped networks."""
    return {
        "name": f"digits_{function}",
        "source": f"python:custom_models/digits.py:{function}",
        "inputs": [{"name": "input", "shape": [1, "size", "size"], "dtype": "float32", "low": 0, "high": 1}],
        "axes": {"size": 8},
        "weights": f"custom_models/digits_{function}.safetensors",
        "data": "digits",
        "content": {},
    }


def export_job(spec: dict, formats: Iterable[str] = ("module", "onnx", "onnx-int8"), **more: object) -> dict:
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
