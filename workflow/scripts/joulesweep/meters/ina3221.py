"""INA3221 and INA238: the current sensors on NVIDIA's Jetson boards, read from sysfs without any service.

JetPack 4 shows them by its own driver `ina3221x` as IIO devices, with power in mW; JetPack 5 to 7 by Linux's `ina3221` as
hwmon devices, with volts and amperes alone (Documentation/hwmon/ina3221.rst). AGX Thor has an INA238 on its input beside
them. A channel that is switched off, not connected (NC) or in error is passed over; it takes nothing else with it.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from joulesweep.meters import _jetson, base
from joulesweep.system.sysfs import text

_ROOT = "/sys/bus/i2c/drivers"

SETTINGS = {
    "root": "folder of the I2C drivers, instead of /sys/bus/i2c/drivers",
    "rails": "names of rails to add, for a board that is not known here",
}


@dataclass(frozen=True)
class _Channel:
    rail: str
    milliwatts: Callable[[], float]


class Meter(base.Meter):
    """The board's input where it has a sensor there, else the sum of rails that do not overlap."""

    def available(self) -> base.Availability:
        """Usable where the rails that make up the board can all be read."""
        readable, refused = self._readable
        if not readable and not refused:
            return base.Availability(
                False, f"no INA3221 below {self._root}: only NVIDIA Jetson boards have one", _jetson.is_jetson()
            )
        try:
            choice = self._choice
        except ValueError as error:
            if any(isinstance(reason, PermissionError) for reason in refused.values()):
                return base.Availability(
                    False,
                    "the sensors are readable by root alone; until the next boot this allows it: "
                    f"sudo sh -c 'chmod a+r {self._root}/ina*/*/hwmon/hwmon*/*_input {self._root}/ina*/*/iio:device*/*_input'",
                )
            failed = "; ".join(f"{rail} cannot be read: {reason}" for rail, reason in refused.items())
            return base.Availability(False, f"{error}{'; ' if failed else ''}{failed}")
        return base.Availability(True, f"reads {' + '.join(choice.rails)}")

    def describe(self) -> base.Description:
        """Momentary power; the sensor's own cycle is some 7 ms, and a reading every 30 ms keeps the bus free."""
        return base.Description(
            kind="measured",
            unit="W",
            rails=self._choice.rails,
            scope=self._choice.scope,
            covers=self._choice.covers,
            update_s=max(0.1, self._update_s),
            settle_s=0.25,
            window_s=5.0,
        )

    def read(self) -> base.Reading:
        """All chosen rails, stamped in the middle of reading them."""
        channels = {channel.rail: channel for channel in self._channels}
        before = time.monotonic_ns()
        milliwatts = {rail: channels[rail].milliwatts() for rail in self._choice.rails}
        time_ns = (before + time.monotonic_ns()) // 2
        return base.Reading(time_ns, _jetson.watts(self._choice.rails, milliwatts))

    @property
    def _root(self) -> Path:
        return Path(self.settings.get("root", _ROOT))

    @cached_property
    def _channels(self) -> list[_Channel]:
        return [*_iio(self._root), *_hwmon(self._root), *_ina238(self._root)]

    @cached_property
    def _readable(self) -> tuple[list[str], dict[str, Exception]]:
        """Rails that can be read now, and why each of the others cannot."""
        readable: list[str] = []
        refused: dict[str, Exception] = {}
        for channel in self._channels:
            try:
                channel.milliwatts()
            except (OSError, ValueError) as error:
                refused[channel.rail] = error
            else:
                readable.append(channel.rail)
        return readable, refused

    @cached_property
    def _choice(self) -> _jetson.Choice:
        return _jetson.choose(self._readable[0], self.settings.get("rails"))

    @cached_property
    def _update_s(self) -> float:
        """The longest update interval that a sensor names; averaging over many samples makes it long."""
        found = [0.0]
        for file in self._root.glob("ina*/*/hwmon/hwmon*/update_interval"):
            try:
                found.append(_number(file) / 1000)
            except (OSError, ValueError):
                continue
        return max(found)


def _iio(root: Path) -> Iterator[_Channel]:
    """JetPack 4: rail_name_N and in_powerN_input in mW."""
    for label in sorted(root.glob("ina3221x/*/iio:device*/rail_name_*")):
        name = text(label)
        if name not in ("", "NC"):
            number = label.name.removeprefix("rail_name_")
            yield _Channel(name, _reader(label.parent / f"in_power{number}_input"))


def _hwmon(root: Path) -> Iterator[_Channel]:
    """JetPack 5 and later: in[123]_label, volts in mV, amperes in mA; in7 is a sum of shunts and no rail."""
    for label in sorted(root.glob("ina3221/*/hwmon/hwmon*/in[123]_label")):
        number = label.name[2]
        if text(label) not in ("", "NC") and text(label.parent / f"in{number}_enable") != "0":
            volts, amperes = label.parent / f"in{number}_input", label.parent / f"curr{number}_input"
            yield _Channel(text(label), _product(volts, amperes))


def _ina238(root: Path) -> Iterator[_Channel]:
    """AGX Thor's input: power1_input in µW where there is one, else volts times amperes."""
    for folder in sorted(root.glob("ina238/*/hwmon/hwmon*")):
        if (folder / "power1_input").exists():
            yield _Channel("VIN", _reader(folder / "power1_input", 1e-3))
        else:
            yield _Channel("VIN", _product(folder / "in1_input", folder / "curr1_input"))


def _reader(file: Path, factor: float = 1.0) -> Callable[[], float]:
    return lambda: _number(file) * factor


def _product(millivolts: Path, milliamperes: Path) -> Callable[[], float]:
    return lambda: _number(millivolts) * _number(milliamperes) / 1000


def _number(file: Path) -> int:
    """A whole number; some kernels write a unit after it, as in `32760 ma`."""
    written = file.read_text()
    try:
        return int(written.split()[0])
    except (ValueError, IndexError):
        raise ValueError(f"{file}: {written[:40]!r} is no number") from None
