"""PyTorch in eager mode on the CPU, images and weights of convolutions in the memory format channels last."""

from typing import Any

import numpy as np
import torch

from joulesweep.errors import Unsupported
from joulesweep.runtimes import eager

_IMAGE = 4  # dimensions of a batch of images, and of the weight of a two-dimensional convolution


class Runtime(eager.Runtime):
    """Runs the module with the channels of a pixel beside each other in memory."""

    format = "module"
    precision = "float32"
    compute_device = "cpu"
    profiler = "module-hooks"
    libraries = ("torch", "safetensors")
    preload = ("torch", "safetensors.torch")

    def adapted(self, module: torch.nn.Module) -> Any:
        """The module with its four-dimensional weights in channels last.

        Raises:
            Unsupported: it has no such weights, so nothing would differ from eager.
        """
        if all(parameter.dim() != _IMAGE for parameter in module.parameters()):
            raise Unsupported(
                "the model has no two-dimensional convolution, so channels last changes nothing; use eager"
            )
        return module.to(memory_format=torch.channels_last)

    def prepare(self, inputs: dict[str, np.ndarray]) -> dict[str, Any]:
        """The inputs as tensors by name, images in channels last."""
        return {
            name: tensor.contiguous(memory_format=torch.channels_last) if tensor.dim() == _IMAGE else tensor
            for name, tensor in super().prepare(inputs).items()
        }

    def ran_on(self) -> str:
        """The compute device, the precision and the memory format."""
        return f"{super().ran_on()}, channels last"
