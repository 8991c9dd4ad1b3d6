"""ONNX Runtime on the CPU, single precision."""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime

from joulesweep.model import inputs
from joulesweep.model.manifest import Artefact
from joulesweep.runtimes import base


class Runtime(base.Runtime):
    """Runs an ONNX file with ONNX Runtime's own optimisations."""

    format = "onnx"
    compute_device = "cpu"
    profiler = "onnxruntime"
    libraries = ("onnxruntime",)
    preload = ("onnxruntime",)

    profile_prefix = ""  # where a profile of the session's operators is written; empty for none
    session: onnxruntime.InferenceSession  # once an artefact was loaded

    def load(self, artefact: Artefact, threads: int) -> Callable[[Any], Any]:
        """Open a session; its threads work inside an operator, operators run one after the other."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors; what a warning says concerns the exporter, not the user
        if self.profile_prefix:
            options.enable_profiling, options.profile_file_prefix = True, self.profile_prefix
        session = onnxruntime.InferenceSession(str(artefact.file), options, providers=["CPUExecutionProvider"])
        self.session = session
        fed = inputs.match_inputs(artefact.spec, [node.name for node in session.get_inputs()])

        def forward(given: dict[str, np.ndarray]) -> list[np.ndarray]:
            return session.run(None, {name: given[declared] for name, declared in fed.items()})

        return forward

    def prepare(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The inputs as they are, by name."""
        return inputs

    def arrays(self, outputs: Any) -> list[np.ndarray]:
        """The outputs as they are."""
        return list(outputs)
