"""A launch, typed: what one process measured, written to a line of the journal and read back from it.

`LatencyLaunch` and `EnergyLaunch` say what a launch of their stage holds; here is what they share.
"""

import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar

_Launch = TypeVar("_Launch", bound="Launch")

UNDER_VOLTAGE = "under-voltage"  # as `vcgencmd get_throttled` is told in words


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


class _Unfit(Exception):
    """A value is not of the type that its field declares; `path` are the names of the fields around it, the innermost first."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.path: list[str] = []


def read(type_: Any, value: Any, place: str) -> Any:
    """A value of JSON as the type that a field declares: a dataclass, number, truth value, text, mapping, tuple, or None.

    Raises:
        ValueError: it is of another type; the text names `place`.
    """
    try:
        return _reader(type_)(value)
    except _Unfit as error:
        raise ValueError(f"{', '.join([place, *reversed(error.path)])}: {error}") from None


@cache
def _reader(type_: Any) -> Callable[[Any], Any]:
    """What reads a value of a type or raises `_Unfit`; made once per type, since journals have many lines."""
    if is_dataclass(type_):
        return _reader_of_objects(type_)
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin in (types.UnionType, typing.Union):
        (inner,) = (_reader(argument) for argument in arguments if argument is not types.NoneType)
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        return _reader_of_lists(_reader(arguments[0]))
    if origin is Mapping:
        return _reader_of_mappings(_reader(arguments[1]))
    return _READERS[type_]


def _reader_of_objects(type_: Any) -> Callable[[Any], Any]:
    hints = typing.get_type_hints(type_)
    readers = [(field.name, _reader(hints[field.name])) for field in fields(type_)]
    required = {field.name: None for field in fields(type_) if field.default is MISSING}.keys()

    def read_object(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise _unfit(value, "an object")
        if not required <= value.keys():
            raise _Unfit(f"{', '.join(name for name in required if name not in value)} is missing")
        values, name = {}, ""
        try:
            for name, reader in readers:
                if name in value:
                    values[name] = reader(value[name])
        except _Unfit as error:
            error.path.append(name)
            raise
        return type_(**values)

    return read_object


def _reader_of_lists(inner: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read_list(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise _unfit(value, "a list")
        return tuple(map(inner, value))

    return read_list


def _reader_of_mappings(inner: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read_mapping(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise _unfit(value, "an object")
        values, name = {}, ""
        try:
            for name, item in value.items():
                values[str(name)] = inner(item)
        except _Unfit as error:
            error.path.append(str(name))
            raise
        return values

    return read_mapping


def _read_float(value: Any) -> float:
    if (isinstance(value, float) or type(value) is int) and math.isfinite(value):
        return float(value)
    raise _unfit(value, "a finite number")


def _read_int(value: Any) -> int:
    if type(value) is int:
        return value
    raise _unfit(value, "a whole number")


def _read_bool(value: Any) -> bool:
    if type(value) is bool:
        return value
    raise _unfit(value, "true or false")


def _read_str(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise _unfit(value, "text")


_READERS: dict[Any, Callable[[Any], Any]] = {
    float: _read_float,
    int: _read_int,
    bool: _read_bool,
    str: _read_str,
    Any: lambda value: value,
}


def _unfit(value: Any, expected: str) -> _Unfit:
    shown = repr(value)
    return _Unfit(f"{shown if len(shown) <= 40 else f'{shown[:39]}…'} is not {expected}")
