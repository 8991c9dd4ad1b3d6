"""PyTorch on the CPU, the model as a traced TorchScript file; its source's code is not needed."""

import warnings
from collections.abc import Callable
from typing import Any

import torch

from joulesweep.model import inputs
from joulesweep.model.manifest import Artefact
from joulesweep.runtimes import eager


class Runtime(eager.Runtime):
    """Runs a frozen TorchScript file with torch's just-in-time compiler."""

    format = "torchscript"
    precision = "float32"
    compute_device = "cpu"
    profiler = ""
    libraries = ("torch",)
    preload = ("torch",)

    def load(self, artefact: Artefact, threads: int) -> Callable[[Any], Any]:
        """Read the file. The first passes record shapes and compile, which the warm-up covers."""
        torch.set_num_threads(threads)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # that it is deprecated
            module = torch.jit.load(artefact.file)
        names = inputs.names(artefact.spec)

        def forward(given: dict[str, torch.Tensor]) -> Any:
            with torch.inference_mode():
                return module(*[given[name] for name in names])

        return forward

    def ran_on(self) -> str:
        """TorchScript and the precision."""
        return f"TorchScript on {self.compute_device}, {self.precision}"
