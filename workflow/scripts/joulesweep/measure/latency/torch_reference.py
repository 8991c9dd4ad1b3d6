"""The reference of a compute device beside the CPU, in PyTorch: how fast that is at this moment.

It is compared within its library only: its level says nothing about another library's kernels. Runs in the forked
child; part of every launch's key.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from joulesweep.measure.latency.rest import rest

PARTS = ("matrix", "memory", "convolution", "queue")

_MATRIX = 512
_PIECE = 1 << 22  # float32 values: 16 MiB, more than the caches of small GPUs hold of both
_CHANNELS, _IMAGE = 64, 56
_QUEUED = 50


class TorchReference:
    """The mixture on a compute device; `pass_s(work, None)` calls `work(None)` and returns its seconds there."""

    def __init__(self, compute_device: str, pass_s: Callable[[Callable[[Any], Any], Any], float]) -> None:
        self._pass_s = pass_s
        self._left = torch.full((_MATRIX, _MATRIX), 0.5, device=compute_device)
        self._product = torch.empty_like(self._left)
        self._from = torch.full((_PIECE,), 0.5, device=compute_device)
        self._to = torch.empty_like(self._from)
        self._image = torch.full((1, _CHANNELS, _IMAGE, _IMAGE), 0.5, device=compute_device)
        self._weights = torch.full((_CHANNELS, _CHANNELS, 3, 3), 0.5, device=compute_device)
        self._small = torch.zeros(1, device=compute_device)
        self.parts: Sequence[str] = PARTS
        self._mixture = (self._matrix, self._memory, self._convolution, self._queue)

    def sample(self) -> list[float]:
        """Seconds of each part, in the order of `PARTS`, after a rest and one run that does not count."""
        rest()
        with torch.inference_mode():
            for part in self._mixture:
                self._pass_s(part, None)
            return [self._pass_s(part, None) for part in self._mixture]

    def _matrix(self, unused: None) -> None:
        torch.mm(self._left, self._left, out=self._product)

    def _memory(self, unused: None) -> None:
        self._to.copy_(self._from)

    def _convolution(self, unused: None) -> None:
        torch.nn.functional.conv2d(self._image, self._weights, padding=1)

    def _queue(self, unused: None) -> None:
        """Many operators that do next to nothing: what a small model mostly waits for."""
        for _ in range(_QUEUED):
            self._small.add_(1.0)
