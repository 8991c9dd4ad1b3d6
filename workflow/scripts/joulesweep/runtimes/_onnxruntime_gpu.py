"""ONNX Runtime on a GPU: inputs lie in the GPU's memory before a pass and outputs stay there, as in eager-cuda."""

from collections.abc import Callable
from typing import Any

import numpy as np
from onnxruntime import OrtValue

from joulesweep.model.manifest import Artefact
from joulesweep.runtimes import onnxruntime


class GpuRuntime(onnxruntime.Runtime):
    """What the execution providers of a GPU share; each runtime's own file names the provider."""

    def load(self, artefact: Artefact, threads: int) -> Callable[[Any], Any]:
        """Open a session and bind the outputs to the GPU's memory."""
        super().load(artefact, threads)
        session, fed = self.session, self.fed
        names = [node.name for node in session.get_outputs()]

        def forward(given: dict[str, OrtValue]) -> list[OrtValue]:
            binding = session.io_binding()
            for name, declared in fed.items():
                binding.bind_ortvalue_input(name, given[declared])
            for name in names:
                binding.bind_output(name, self.compute_device)
            session.run_with_iobinding(binding)  # returns when the GPU is done
            return binding.get_outputs()

        return forward

    def prepare(self, inputs: dict[str, np.ndarray]) -> dict[str, Any]:
        """The inputs in the GPU's memory, by name."""
        return {name: OrtValue.ortvalue_from_numpy(array, self.compute_device, 0) for name, array in inputs.items()}

    def arrays(self, outputs: Any) -> list[np.ndarray]:
        """The outputs, copied from the GPU."""
        return [value.numpy() for value in outputs]

    def synchronize(self) -> None:
        """Wait for the GPU; the reference beside the passes is torch's, which only queues its work."""
        import torch

        torch.cuda.synchronize()
