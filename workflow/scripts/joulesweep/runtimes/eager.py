"""PyTorch in eager mode on the CPU: the module as its source builds it, with the exported weights."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch

from joulesweep import plugins
from joulesweep.model import call_arguments, inputs, weights
from joulesweep.model.manifest import Artefact
from joulesweep.runtimes import base


class Runtime(base.Runtime):
    """Runs the module operator by operator."""

    format = "module"
    compute_device = "cpu"
    libraries = ("torch", "safetensors")
    preload = ("torch", "safetensors.torch")

    def load(self, artefact: Artefact, threads: int) -> Callable[[Any], Any]:
        """Build the module without drawing weights that would be thrown away, and copy the exported ones into it."""
        torch.set_num_threads(threads)
        source = plugins.load("sources", artefact.spec["source"].partition(":")[0])()
        with weights.Uninitialised():
            module = source.build(artefact.spec)
        weights.load(module, artefact.file)
        module.to(self.compute_device)
        positional, keywords = call_arguments.bind_inputs(module, inputs.names(artefact.spec))

        def forward(given: dict[str, torch.Tensor]) -> Any:
            with torch.inference_mode():
                return module(*[given[name] for name in positional], **{name: given[name] for name in keywords})

        return forward

    def prepare(self, inputs: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
        """The inputs as tensors on the device, by name."""
        return {name: torch.from_numpy(array).to(self.compute_device) for name, array in inputs.items()}

    def arrays(self, outputs: Any) -> list[np.ndarray]:
        """The output tensors as arrays; those of a type that numpy lacks, such as bfloat16, as float32."""
        return [_array(tensor) for tensor in _tensors(outputs)]


def _array(tensor: torch.Tensor) -> np.ndarray:
    dense = tensor.detach().to_dense() if tensor.layout != torch.strided else tensor.detach()
    dense = dense.dequantize() if dense.is_quantized else dense.cpu().resolve_conj().resolve_neg()
    try:
        return dense.cpu().numpy()
    except TypeError:
        return dense.float().cpu().numpy()


def _tensors(outputs: Any) -> Iterator[torch.Tensor]:
    if isinstance(outputs, torch.Tensor):
        yield outputs
    elif isinstance(outputs, Mapping):
        for value in outputs.values():
            yield from _tensors(value)
    elif isinstance(outputs, list | tuple):
        for value in outputs:
            yield from _tensors(value)
