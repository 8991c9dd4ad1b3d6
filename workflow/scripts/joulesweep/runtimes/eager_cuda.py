"""PyTorch in eager mode on an NVIDIA GPU."""

import torch

from joulesweep.runtimes._torch_device import TorchDevice

_TF32_SINCE = (8, 0)  # compute capability of NVIDIA's Ampere generation


class Runtime(TorchDevice):
    """Runs the module operator by operator on the first GPU."""

    format = "module"
    precision = "tf32"
    compute_device = "cuda"
    profiler = "module-hooks"
    libraries = ("torch", "safetensors")
    preload = ("torch", "safetensors.torch")
    is_available = staticmethod(torch.cuda.is_available)
    wait = staticmethod(torch.cuda.synchronize)

    def ran_on(self) -> str:
        """The GPU, and where it may round the factors of a product to TF32."""
        tf32 = torch.cuda.get_device_capability() >= _TF32_SINCE and torch.backends.cudnn.allow_tf32
        return f"torch on {torch.cuda.get_device_name()}, float32{', TF32 in convolutions' if tf32 else ''}"

    @staticmethod
    def event() -> torch.cuda.Event:
        """An event on the current stream that tells time."""
        return torch.cuda.Event(enable_timing=True)
