"""What smart plugs answer when they are asked for their power, in watts and joules. Whatever is no such answer is an error."""

from typing import Any

_MOST_W = 4000.0  # 16 A at 250 V
_MOST = 1e12  # more is garbage, and so is NaN, which is not less than it
_METER_ERRORS = ("power_meter", "out_of_range")


class PasswordError(ValueError):
    """The plug wants a password, or another one."""


def shelly_watts(status: Any) -> float:
    """Active power in watts from the status of a Shelly's Switch or PM1.

    Raises:
        ValueError: it shows none, or one that no device draws; or it reports that its meter fails.
    """
    part = member({"status": status}, "status")
    errors = part.get("errors")
    failed = [error for error in errors if str(error).startswith(_METER_ERRORS)] if isinstance(errors, list) else []
    if failed:
        raise ValueError(f"its meter reports {str(failed[0])[:40]}; restart the plug")
    watts = _number(part, "apower")
    if watts == 0 and part.get("output") is False:
        raise ValueError("its relay is off, so it does not supply this device; name the plug that does")
    return _drawn(watts)


def shelly_joules(status: Any) -> float:
    """Energy in joules since the counter's start from the same status, which counts watt-hours.

    Raises:
        ValueError: it shows none.
    """
    watt_hours = _number(member(member({"status": status}, "status"), "aenergy"), "total")
    if watt_hours < 0:
        raise ValueError(f"its counter shows {watt_hours:g} Wh, which cannot be")
    return 3600.0 * watt_hours


def tasmota_watts(answer: Any, channel: int) -> float:
    """Active power in watts of one channel from Tasmota's answer to `Status 10`.

    Whole watts are refused: their rounding would be 10 % of 5 W, and no interval would show it.

    Raises:
        PasswordError: it asks for a password instead.
        ValueError: it shows no power, or one that no device draws, or whole watts.
    """
    part = member({"answer": answer}, "answer")
    if "WARNING" in part:
        raise PasswordError
    powers = member(member(part, "StatusSNS"), "ENERGY").get("Power")
    channels = powers if isinstance(powers, list) else [powers]
    if channel >= len(channels):
        raise ValueError(f"it has no channel {channel}; it has {len(channels)}, counted from 0")
    watts = _number({"Power": channels[channel]}, "Power")
    if isinstance(channels[channel], int):
        raise ValueError("it shows whole watts only; type 'WattRes 2' in the console of its web page")
    return _drawn(watts)


def tasmota_joules(_: Any) -> float:
    """No joules: a step of Tasmota's counter is 36 J at best and 3.6 kJ unless set.

    Raises:
        ValueError: always.
    """
    raise ValueError("the energy counter of Tasmota is too coarse; leave out 'counter', so that its power is read")


def member(part: dict[str, Any], name: str) -> dict[str, Any]:
    """The object under this name.

    Raises:
        ValueError: there is none.
    """
    value = part.get(name)
    if not isinstance(value, dict):
        raise ValueError(f"its answer holds no {name}")
    return value


def _number(part: dict[str, Any], name: str) -> float:
    if name not in part:
        raise ValueError(f"its answer holds no {name}")
    value = part[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _MOST:
        raise ValueError(f"its {name} is no number: {str(value)[:40]!r}")
    return float(value)


def _drawn(watts: float) -> float:
    """These watts, where a device that is switched on can draw them."""
    if watts == 0:
        raise ValueError("it shows 0 W: this device is not plugged into it, or draws less than it can measure")
    if not 0 < watts <= _MOST_W:
        raise ValueError(f"it shows {watts:g} W, which no device draws from a wall plug")
    return watts
