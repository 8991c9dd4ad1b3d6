"""PyTorch in eager mode on the GPU of an Apple processor."""

import torch

from joulesweep.runtimes._torch_device import TorchDevice


class Runtime(TorchDevice):
    """Runs the module operator by operator."""

    format = "module"
    precision = "float32"
    compute_device = "mps"
    profiler = "module-hooks"
    libraries = ("torch", "safetensors")
    preload = ("torch", "safetensors.torch")
    is_available = staticmethod(torch.backends.mps.is_available)
    wait = staticmethod(torch.mps.synchronize)

    @staticmethod
    def event() -> torch.mps.event.Event:
        """An event that tells time."""
        return torch.mps.event.Event(enable_timing=True)
