"""ONNX Runtime on the CPU with weights and activations in half precision.

Where it has no kernel in half precision, it converts to single precision and back around the operator.
"""

from joulesweep.runtimes import onnxruntime


class Runtime(onnxruntime.Runtime):
    """Runs the ONNX file in half precision."""

    format = "onnx-fp16"
    precision = "float16"
    compute_device = "cpu"
    profiler = "onnxruntime"
    libraries = ("onnxruntime",)
    preload = ("onnxruntime",)
