"""ONNX Runtime on the CPU with weights of 8 bits, and activations scaled to 8 bits in every pass."""

from joulesweep.runtimes import onnxruntime


class Runtime(onnxruntime.Runtime):
    """Runs the dynamically quantised ONNX file."""

    format = "onnx-int8-dynamic"
    precision = "int8"
    compute_device = "cpu"
    profiler = "onnxruntime"
    libraries = ("onnxruntime",)
    preload = ("onnxruntime",)
