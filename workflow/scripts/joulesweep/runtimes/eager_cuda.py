"""PyTorch in eager mode on an NVIDIA GPU."""

import torch

from joulesweep.runtimes._torch_device import TorchDevice


class Runtime(TorchDevice):
    """Runs the module operator by operator on the first GPU."""

    format = "module"
    compute_device = "cuda"
    profiler = "module-hooks"
    libraries = ("torch", "safetensors")
    preload = ("torch", "safetensors.torch")
    is_available = staticmethod(torch.cuda.is_available)
    wait = staticmethod(torch.cuda.synchronize)

    @staticmethod
    def event() -> torch.cuda.Event:
        """An event on the current stream that tells time."""
        return torch.cuda.Event(enable_timing=True)
