"""ONNX Runtime on the CPU, single precision."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime

from joulesweep.artefacts import Artefact
from joulesweep.runtimes import base


class Runtime(base.Runtime):
    """Runs an ONNX file with ONNX Runtime's own optimisations."""

    format = "onnx"
    libraries = ("onnxruntime",)
    preload = ("onnxruntime",)

    def load(self, artefact: Artefact, threads: int) -> Callable[[Any], Any]:
        """Open a session; its threads work inside an operator, operators run one after the other."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors; what a warning says concerns the exporter, not the user
        session = onnxruntime.InferenceSession(str(artefact.file), options, providers=["CPUExecutionProvider"])
        names = [node.name for node in session.get_inputs()]

        def forward(inputs: list[np.ndarray]) -> list[np.ndarray]:
            return session.run(None, dict(zip(names, inputs, strict=True)))

        return forward

    def prepare(self, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        """The inputs as they are, in order: a file that the user brought may name them otherwise."""
        return list(inputs.values())

    def arrays(self, outputs: Any) -> list[np.ndarray]:
        """The outputs as they are."""
        return list(outputs)
