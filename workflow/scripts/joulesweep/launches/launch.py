"""A launch, typed: what one process measured, written to a line of the journal and read back from it.

`LatencyLaunch` and `EnergyLaunch` say what a launch of their stage holds; here is what they share.
"""

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar

_Launch = TypeVar("_Launch", bound="Launch")

UNDER_VOLTAGE = "under-voltage"  # as `vcgencmd get_throttled` is told in words

_WORDS = {float: "a finite number", int: "a whole number", bool: "true or false", str: "text"}


@dataclass(frozen=True)
class DeviceState:
    """The device at one moment; None is unknown.

    `throttling` names what slows the device now, as its firmware or driver says it. `throttle_events` and `busy_s`, the
    seconds in which some process had a core, are counted since the device was started.
    """

    clock_Hz: float | None
    temperature_C: float | None
    throttling: tuple[str, ...] | None
    throttle_events: int | None
    load: float
    busy_s: float


def slowed(before: DeviceState | None, after: DeviceState | None) -> bool:
    """Whether the device said before or after a launch that it was slowed, or counted such an event in between."""
    states = [state for state in (before, after) if state is not None]
    return any(state.throttling for state in states) or len({state.throttle_events for state in states}) > 1


def under_voltage(before: DeviceState | None, after: DeviceState | None) -> bool:
    """Whether the firmware of a Raspberry Pi said before or after a launch that its supply voltage was too low."""
    return any(UNDER_VOLTAGE in (state.throttling or ()) for state in (before, after) if state is not None)


@dataclass(frozen=True)
class Launch:
    """How a launch ended: `message` is empty where `status` is ok; `limits` are the settings that may have made it fail."""

    status: str
    message: str
    measured_at: str
    limits: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        """Whether the launch ended well, so that it holds figures."""
        return self.status == "ok"

    @classmethod
    def from_line(cls: type[_Launch], line: Mapping[str, Any]) -> _Launch:
        """The launch in a line of the journal; members that are not of a launch are passed over.

        Raises:
            ValueError: something is missing or of another type; the text is one line.
        """
        return read(cls, line, "the launch")

    def to_line(self) -> dict[str, Any]:
        """The launch as a line of the journal."""
        return asdict(self)


def read(type_: Any, value: Any, place: str) -> Any:
    """A value of JSON as the type that a field declares: a dataclass, number, truth value, text, mapping, tuple, or None.

    Raises:
        ValueError: it is of another type; the text names `place`.
    """
    if is_dataclass(type_):
        return _object(type_, value, place)
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        (type_,) = (argument for argument in arguments if argument is not types.NoneType)
        return read(type_, value, place)
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(read(arguments[0], item, place) for item in value)
    if origin is Mapping and isinstance(value, Mapping):
        return {str(name): read(arguments[1], item, f"{place}, {name}") for name, item in value.items()}
    if type_ is Any or (type_ in (bool, str) and isinstance(value, type_)):
        return value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if type_ is float and is_number and math.isfinite(value):
        return float(value)
    if type_ is int and is_number and isinstance(value, int):
        return value
    expected = _WORDS.get(type_, "a list" if origin is tuple else "an object")
    raise ValueError(f"{place}: {_short(value)} is not {expected}")


def _object(type_: Any, value: Any, place: str) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError(f"{place}: {_short(value)} is not an object")
    types_ = _types(type_)
    missing = [field.name for field in fields(type_) if field.name not in value and field.default is MISSING]
    if missing:
        raise ValueError(f"{place}: {', '.join(missing)} is missing")
    return type_(**{name: read(types_[name], value[name], f"{place}, {name}") for name in types_ if name in value})


@cache
def _types(type_: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(type_)
    return {field.name: hints[field.name] for field in fields(type_)}


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:39]}…"
