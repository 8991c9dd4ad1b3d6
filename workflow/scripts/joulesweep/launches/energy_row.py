"""From the launches of one point to its row in the energy table."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from joulesweep.launches.columns import listed
from joulesweep.launches.energy_launch import EnergyFigures, EnergyLaunch
from joulesweep.launches.launch import slowed, under_voltage
from joulesweep.launches.selection import commonest_failure
from joulesweep.uncertainty import moderated

READINGS = 10  # a window holds at least so many readings
_FEWEST_WINDOWS = 2  # an interval needs two
_FEW_WINDOWS = 3
_ONE_WINDOW = ("error", "one window tells no spread; set energy: {launches: 3}")


class Spread(NamedTuple):
    """How energy spreads over the windows of a device's points, relative to the energy per pass: in all, and above idle."""

    energy: moderated.Prior
    net: moderated.Prior


def spread(points: Iterable[Sequence[EnergyLaunch]]) -> Spread:
    """How energy spreads over the windows of these points, all of one device and one meter."""
    figures = [own for launches in points if len(own := _figures(launches)) >= _FEWEST_WINDOWS]
    return Spread(
        moderated.prior(([each.energy_J for each in own], _scale(own)) for own in figures),
        moderated.prior(([each.net_energy_J for each in own], _scale(own)) for own in figures),
    )


def row(identity: Mapping[str, Any], launches: Sequence[EnergyLaunch], device_spread: Spread) -> dict[str, Any]:
    """The row of one point: figures where at least two launches have them, else the commonest failure.

    `device_spread` is that of all points of the device, since the few windows of one tell little about its own.
    Every launch takes its own idle power from its own energy, so the spread of idle power is inside the net interval. A
    net energy below zero stays what it is, and is flagged.
    """
    figures = _figures(launches)
    last = {"measured_at": launches[-1].measured_at} if launches else {}
    if len(figures) < _FEWEST_WINDOWS:
        status, message = commonest_failure(launches) or _ONE_WINDOW
        return {**identity, **last, "status": status, "message": message}
    energy = device_spread.energy.interval([each.energy_J for each in figures], _scale(figures))
    net = device_spread.net.interval([each.net_energy_J for each in figures], _scale(figures))
    idle = [each.idle_W for each in figures]
    intervals = [each.interval_s for each in figures if each.interval_s is not None]
    states = [(launch.before, launch.after) for launch in launches if launch.ok]
    flags = {
        "few_windows": len(figures) < _FEW_WINDOWS,
        "few_readings": min(each.fewest_readings for each in figures) < READINGS,
        "net_below_zero": net.value < 0,
        "stuck": any(each.stuck for each in figures),
        "still_warm": any(each.warm for each in figures),
        "throttled": any(slowed(before, after) for before, after in states),
        "under_voltage": any(under_voltage(before, after) for before, after in states),
    }
    return {
        **identity,
        **last,
        "status": "ok",
        "message": "",
        "kind": figures[-1].kind,
        "rails": figures[-1].rails,
        "windows": len(figures),
        "samples": sum(each.samples for each in figures),
        "passes": sum(each.passes for each in figures),
        "interval_s": float(np.median(intervals)) if intervals else None,
        "power_W": float(np.mean([each.power_W for each in figures])),
        "idle_W": float(np.mean(idle)),
        "idle_std_W": float(np.std(idle, ddof=1)),
        "energy_J": energy.value,
        "ci_low_J": energy.low,
        "ci_high_J": energy.high,
        "net_energy_J": net.value,
        "net_ci_low_J": net.low,
        "net_ci_high_J": net.high,
        "energy_by_rail": _by_rail(figures),
        "ran_on": "; ".join(dict.fromkeys(launch.ran_on for launch in launches if launch.ok and launch.ran_on)),
        "flags": " ".join(name for name, is_so in flags.items() if is_so),
    }


def _figures(launches: Sequence[EnergyLaunch]) -> list[EnergyFigures]:
    return [launch.figures for launch in launches if launch.ok and launch.figures]


def _scale(figures: Sequence[EnergyFigures]) -> float:
    """The mean energy per pass, in joules, by which spreads of different points are compared; 1 where it is 0."""
    return abs(float(np.mean([each.energy_J for each in figures]))) or 1.0


def _by_rail(figures: Sequence[EnergyFigures]) -> str:
    """Mean joules per pass of every rail that all launches have read."""
    names = set.intersection(*(set(each.energy_by_rail) for each in figures))
    joules = {name: float(np.mean([each.energy_by_rail[name] for each in figures])) for name in names}
    return listed({name.replace(" ", "_"): format(value, ".4g") for name, value in joules.items()})
