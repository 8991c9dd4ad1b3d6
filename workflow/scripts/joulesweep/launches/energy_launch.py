"""Launches of energy: an idle window and a window filled with passes, beside a meter."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joulesweep.launches.launch import DeviceState, Launch


@dataclass(frozen=True)
class EnergyFigures:
    """What a launch's windows say.

    `samples` are the readings in the window of passes, `fewest_readings` those in the window that holds fewer.
    `interval_s` is the meter's update interval as observed, None below two readings. Energies are joules per pass, the
    total and `energy_by_rail`: the rails do not overlap, so they add up to the total.
    `stuck`: the meter showed one value all the time. `warm`: the device had not cooled down before the idle window.
    """

    kind: str
    rails: str
    passes: int
    samples: int
    fewest_readings: int
    interval_s: float | None
    power_W: float
    idle_W: float
    energy_J: float
    net_energy_J: float
    energy_by_rail: Mapping[str, float]
    stuck: bool
    warm: bool


@dataclass(frozen=True)
class EnergyLaunch(Launch):
    """One launch of a point; `figures` are there once its power is known.

    `windows` says when the windows were and where the passes ran, as `measure.energy.launch` returns it; None where the launch did
    not end.
    `meter_failures` is how often this device's meter had failed before. `before` and `after` are the device around it.
    """

    meter_failures: int
    windows: Mapping[str, Any] | None
    figures: EnergyFigures | None
    before: DeviceState | None
    after: DeviceState | None

    @property
    def ran_on(self) -> str:
        """Where the passes ran, in words; empty where the launch did not end."""
        return str((self.windows or {}).get("ran_on", ""))
