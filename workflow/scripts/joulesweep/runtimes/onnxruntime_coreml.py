"""ONNX Runtime on an Apple processor, by Core ML, which chooses between CPU, GPU and neural engine."""

from joulesweep.runtimes import onnxruntime


class Runtime(onnxruntime.Runtime):
    """Runs the ONNX file on this execution provider; the CPU has what it does not take."""

    format = "onnx"
    precision = "float32"
    compute_device = "cpu"
    profiler = ""
    libraries = ("onnxruntime",)
    preload = ("onnxruntime",)
    provider = "CoreMLExecutionProvider"

    def ran_on(self) -> str:
        """The execution provider and how many operators it has. In which precision Core ML runs them it does not tell."""
        return f"{super().ran_on()} file"
