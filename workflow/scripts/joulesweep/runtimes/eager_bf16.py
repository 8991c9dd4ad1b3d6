"""PyTorch in eager mode on the CPU, weights and activations in bfloat16."""

from typing import Any

import numpy as np
import torch

from joulesweep.runtimes import eager


class Runtime(eager.Runtime):
    """Runs the module after casting its floating-point weights and inputs to bfloat16.

    A processor without instructions for bfloat16 converts to float32 and back in every operator, which takes longer than float32.
    """

    format = "module"
    precision = "bfloat16"
    compute_device = "cpu"
    profiler = "module-hooks"
    libraries = ("torch", "safetensors")
    preload = ("torch", "safetensors.torch")

    def adapted(self, module: torch.nn.Module) -> torch.nn.Module:
        """The module in bfloat16."""
        return module.to(torch.bfloat16)

    def prepare(self, inputs: dict[str, np.ndarray]) -> dict[str, Any]:
        """The inputs as tensors by name, those of floating point in bfloat16."""
        tensors = super().prepare(inputs)
        return {name: each.bfloat16() if each.is_floating_point() else each for name, each in tensors.items()}
