"""ONNX Runtime on an NVIDIA GPU, by CUDA."""

from typing import ClassVar

from joulesweep.runtimes._onnxruntime_gpu import GpuRuntime


class Runtime(GpuRuntime):
    """Runs the ONNX file on this execution provider; the CPU has what it does not take."""

    format = "onnx"
    precision = "tf32"
    compute_device = "cuda"
    profiler = ""
    libraries: ClassVar[tuple[str, ...]] = ("onnxruntime-gpu", "torch")
    preload = ("onnxruntime",)
    provider = "CUDAExecutionProvider"
