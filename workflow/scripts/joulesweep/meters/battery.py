"""A laptop's battery while it discharges: all that the machine draws, screen included.

Linux shows power in µW, or current in µA and voltage in µV (Documentation/ABI/testing/sysfs-class-power); the sign of a
current differs between drivers, so `status` says the direction and the magnitude is taken. Batteries refresh slowly, some
every second and some every half minute, and smooth: a reading counts as new when any of the battery's values moved.
"""

import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from joulesweep.meters import base
from joulesweep.system.sysfs import text

_ROOT = "/sys/class/power_supply"
_VALUES = ("power_now", "current_now", "voltage_now", "energy_now", "charge_now")

SETTINGS = {"root": "folder of the power supplies, instead of /sys/class/power_supply"}


class Meter(base.Meter):
    """The sum of all batteries that supply the machine."""

    reads_battery = True

    def available(self) -> base.Availability:
        """Usable while a battery discharges."""
        if not self._batteries:
            return base.Availability(False, f"no battery below {self._root}", present=False)
        try:
            total = discharge_watts([_values(folder) for folder in self._batteries])
        except (OSError, ValueError) as error:
            return base.Availability(False, str(error))
        if total <= 0:
            return base.Availability(False, "the battery discharges but shows 0 W; wait a minute and try again")
        return base.Availability(True, f"reads {' + '.join(folder.name for folder in self._batteries)}")

    def describe(self) -> base.Description:
        """Smoothed over some seconds: 30 s forget what was before (seen: about 8 s of smoothing and refresh)."""
        return base.Description(
            kind="measured",
            unit="W",
            rails=tuple(folder.name for folder in self._batteries),
            scope="machine",
            covers="all that the machine draws from its battery, screen included",
            update_s=10.0,
            settle_s=30.0,
            window_s=5.0,
            has_timestamps=True,
        )

    _last: tuple[int, list[dict[str, str]], tuple[float, ...]] | None = None

    def read(self) -> base.Reading:
        """Power of each battery; the time is that of the reading at which a value had moved."""
        values = [_values(folder) for folder in self._batteries]
        discharge_watts(values)  # an error where none discharges
        if self._last is None or self._last[1] != values:
            self._last = time.monotonic_ns(), values, tuple(_watts(one) for one in values)
        return base.Reading(self._last[0], self._last[2])

    @property
    def _root(self) -> Path:
        return Path(self.settings.get("root", _ROOT))

    @cached_property
    def _batteries(self) -> list[Path]:
        """Batteries that supply the machine; a mouse's has the scope `Device`."""
        folders = sorted(self._root.iterdir()) if self._root.is_dir() else []
        return [
            folder
            for folder in folders
            if text(folder / "type") in ("Battery", "UPS") and text(folder / "scope") != "Device"
        ]


def discharge_watts(batteries: list[dict[str, str]]) -> float:
    """Power drawn from all batteries, in watts, given as file name to text.

    Raises:
        ValueError: none discharges, one charges, or a value is missing.
    """
    states = [values.get("status", "") for values in batteries]
    if "Charging" in states or "Discharging" not in states:
        raise ValueError(
            f"the battery is not discharging (status: {', '.join(states) or 'none'}): unplug the charger while measuring"
        )
    return sum(_watts(values) for values in batteries)


def _watts(values: Mapping[str, str]) -> float:
    """Watts of one battery; one that is full or idle beside a discharging one shows what it shows."""
    try:
        if "power_now" in values:
            return abs(int(values["power_now"])) * 1e-6
        return abs(int(values["current_now"])) * 1e-6 * abs(int(values["voltage_now"])) * 1e-6
    except KeyError as error:
        raise ValueError(f"the battery shows no {error.args[0]}") from None
    except ValueError:
        raise ValueError("the battery shows no number") from None


def _values(folder: Path) -> dict[str, str]:
    """Texts of one battery's files; those that it does not have are absent."""
    found = {name: text(folder / name) for name in ("status", *_VALUES)}
    return {name: value for name, value in found.items() if value}
