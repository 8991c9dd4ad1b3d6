"""NVML: NVIDIA's graphics cards, by their energy counter (Volta and newer), else by their power.

On a Jetson the library starts and says 'not supported' to every question about power. Power is a mean over one second on
Ampere and newer, and some cards sample it only a quarter of the time (arXiv 2312.02741), so the counter is preferred.
"""

import importlib
import math
import time
from functools import cached_property
from pathlib import Path
from typing import Any

from joulesweep.meters import base

SETTINGS = {"gpu": "number of the card, from 0"}


class Meter(base.Meter):
    """One card; the setting `gpu` names another than the first."""

    isolated = True

    def available(self) -> base.Availability:
        """Usable where the driver answers for energy or for power."""
        try:
            nvml = self._library
        except ImportError:
            return base.Availability(
                False,
                "the module pynvml is missing under this interpreter: pip install nvidia-ml-py",
                Path("/dev/nvidiactl").exists(),
            )
        try:
            counts = self._counts
        except nvml.NVMLError_NotSupported:
            return base.Availability(
                False,
                "the driver says 'not supported' to power and energy, as on every Jetson: use ina3221 or jtop there",
            )
        except nvml.NVMLError as error:
            return base.Availability(False, f"no NVIDIA card answers ({error})", present=False)
        return base.Availability(True, f"reads the {'energy counter' if counts else 'power'} of GPU {self._index}")

    def describe(self) -> base.Description:
        """A counter that moves about every 100 ms, or a power that is a mean over a second."""
        counts = self._counts
        return base.Description(
            kind="measured",
            unit="J" if counts else "W",
            rails=(f"GPU {self._index}",),
            scope="accelerator",
            covers="the graphics card and its memory; nothing of the rest",
            update_s=0.1,
            settle_s=0.2 if counts else 1.5,
            window_s=2.0 if counts else 5.0,  # below some seconds the counter's steps show
            wrap_J=(math.inf,) if counts else (),
        )

    def read(self) -> base.Reading:
        """Joules since the driver was loaded, or watts."""
        nvml = self._library
        before = time.monotonic_ns()
        try:
            question = nvml.nvmlDeviceGetTotalEnergyConsumption if self._counts else nvml.nvmlDeviceGetPowerUsage
            value = question(self._card) / 1000
        except nvml.NVMLError as error:
            raise OSError(f"NVML: {error}") from error
        return base.Reading((before + time.monotonic_ns()) // 2, (value,))

    def close(self) -> None:
        """Let the driver go."""
        if "_card" in self.__dict__:
            self._library.nvmlShutdown()

    @property
    def _index(self) -> int:
        return int(self.settings.get("gpu", 0))

    @cached_property
    def _library(self) -> Any:
        return importlib.import_module("pynvml")

    @cached_property
    def _card(self) -> Any:
        self._library.nvmlInit()
        return self._library.nvmlDeviceGetHandleByIndex(self._index)

    @cached_property
    def _counts(self) -> bool:
        """Whether the card counts energy; raises `NVMLError` where it tells neither energy nor power."""
        try:
            self._library.nvmlDeviceGetTotalEnergyConsumption(self._card)
            return True
        except self._library.NVMLError_NotSupported:
            self._library.nvmlDeviceGetPowerUsage(self._card)
            return False
