"""Models that fail, each in its own way: most of them when a batch of two is measured, and neither before nor on the meta
device; some already when they are built, or when they are counted.
"""

import ctypes

import torch
from torch import nn


class _Failing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        if given.device.type != "meta" and given.shape[0] > 1:
            self.fail()
        return self.layer(given)

    def fail(self) -> None:
        raise NotImplementedError


class _Crashes(_Failing):
    def fail(self) -> None:
        ctypes.string_at(0)


class _AllocatesWithoutEnd(_Failing):
    def fail(self) -> None:
        held = []
        while True:
            held.append(torch.ones(1 << 22))


def crashes() -> nn.Module:
    return _Crashes()


def allocates_without_end() -> nn.Module:
    return _AllocatesWithoutEnd()


def crashes_when_built() -> nn.Module:
    ctypes.string_at(0)
    raise AssertionError


class _CrashesWhenCounted(nn.Linear):
    def forward(self, values: torch.Tensor) -> torch.Tensor:
        if values.device.type == "meta":
            ctypes.string_at(0)
        return super().forward(values)


def crashes_when_counted() -> nn.Module:
    return _CrashesWhenCounted(8, 8)
