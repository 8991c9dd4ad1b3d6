"""PyTorch in eager mode on the CPU: the module as its source builds it, with the exported weights."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch

from joulesweep.model import call_arguments, inputs
from joulesweep.model.manifest import Artefact
from joulesweep.model.module import rebuild
from joulesweep.model.outputs import tensors
from joulesweep.runtimes import base


class Runtime(base.Runtime):
    """Runs the module operator by operator."""

    format = "module"
    precision = "float32"
    compute_device = "cpu"
    profiler = "module-hooks"
    libraries: ClassVar[tuple[str, ...]] = ("torch", "safetensors")
    preload: ClassVar[tuple[str, ...]] = ("torch", "safetensors.torch")

    def load(self, artefact: Artefact, threads: int) -> Callable[[Any], Any]:
        """Build the module and copy the exported weights into it."""
        torch.set_num_threads(threads)
        built = rebuild(artefact.spec, artefact.file).to(self.compute_device)
        positional, keywords = call_arguments.bind_inputs(built, inputs.names(artefact.spec))
        module = self.adapted(built)

        def forward(given: dict[str, torch.Tensor]) -> Any:
            with torch.inference_mode():
                return module(*[given[name] for name in positional], **{name: given[name] for name in keywords})

        return forward

    def adapted(self, module: torch.nn.Module) -> Any:
        """What is called in place of the module: here the module itself."""
        return module

    def prepare(self, inputs: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
        """The inputs as tensors on the device, by name."""
        return {name: torch.from_numpy(array).to(self.compute_device) for name, array in inputs.items()}

    def arrays(self, outputs: Any) -> list[np.ndarray]:
        """The output tensors as dense arrays of a type that numpy has."""
        return [_array(tensor) for tensor in tensors(outputs)]

    def ran_on(self) -> str:
        """The compute device and the precision."""
        return f"torch on {self.compute_device}, {self.precision}"


def _array(tensor: torch.Tensor) -> np.ndarray:
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    narrow = tensor.is_floating_point() and tensor.dtype not in (torch.float16, torch.float32, torch.float64)
    return (tensor.float() if narrow else tensor).detach().cpu().resolve_conj().resolve_neg().numpy()
