"""Models whose native code crashes: when they are built; or when they are counted, and when a batch of two is measured."""

import ctypes

import torch
from torch import nn


class _Crashes(nn.Linear):
    def forward(self, values: torch.Tensor) -> torch.Tensor:
        if values.device.type == "meta" or values.shape[0] > 1:
            ctypes.string_at(0)
        return super().forward(values)


def crashes() -> nn.Module:
    return _Crashes(8, 8)


def crashes_when_built() -> nn.Module:
    ctypes.string_at(0)
    raise AssertionError
