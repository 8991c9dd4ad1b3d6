"""Where the power of an energy measurement comes from: a meter that is read, or a log that is imported. Runs in the job."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from joulesweep import plugins
from joulesweep.launches.energy_launch import EnergyLaunch
from joulesweep.measure.energy.logged import LoggedPower
from joulesweep.measure.energy.metered import MeteredPower
from joulesweep.measure.energy.timing import Times
from joulesweep.meters.base import Description

KeyedLaunches = tuple[Mapping[str, Any], Sequence[EnergyLaunch]]  # the key of a point and its launches


class Power(Protocol):
    """What an energy job asks of either."""

    reads_battery: bool

    @property
    def launch_settings(self) -> dict[str, Any]:
        """The settings of `meters` that a launch depends on; they are part of its key."""

    def refusal(self) -> str:
        """Why nothing can be measured now, and what to do about it; empty where it can."""

    def times(self, window_s: float) -> tuple[Description, Times]:
        """What is read, and how long the windows are that fit it.

        Raises:
            MeterError: it cannot be read.
        """

    def launch(
        self, run: Callable[..., Any], argument: Mapping[str, Any], timeout_s: float
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """One launch, run by a server's `run`: status, message and windows, and what a sampler recorded, if there is one."""

    def with_figures(self, points: Sequence[KeyedLaunches], samples: Path) -> list[list[EnergyLaunch]]:
        """The launches of every point, each with its figures from its trace, or with the reason why it has none."""


def power_of(meter: Mapping[str, Any]) -> Power:
    """What the meter of a job stands for: `meter` holds `name`, `settings`, `reason`."""
    return LoggedPower(meter) if meter["name"] in plugins.names("power_logs") else MeteredPower(meter)
