"""ONNX Runtime on the CPU with weights and activations of 8 bits."""

from joulesweep.runtimes import onnxruntime


class Runtime(onnxruntime.Runtime):
    """Runs the quantised ONNX file."""

    format = "onnx-int8"
    precision = "int8"
    compute_device = "cpu"
    profiler = "onnxruntime"
    libraries = ("onnxruntime",)
    preload = ("onnxruntime",)
