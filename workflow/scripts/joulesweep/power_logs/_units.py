"""Numbers with units, as headers and cells of a log write them: `Current(uA)`, `Power [W]`, `voltage_V`, `7,98 W`."""

import math
import re
from dataclasses import dataclass

_PREFIXES = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3}
_WORDS = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "msec": "ms", "millisecond": "ms", "milliseconds": "ms",
    "min": "min", "usec": "us", "microsecond": "us", "microseconds": "us", "nanoseconds": "ns", "minute": "min", "minutes": "min",
    "hour": "h", "hours": "h", "hr": "h",
    "watt": "W", "watts": "W", "milliwatt": "mW", "milliwatts": "mW", "volt": "V", "volts": "V", "millivolt": "mV",
    "millivolts": "mV", "amp": "A", "amps": "A", "ampere": "A", "amperes": "A", "milliamp": "mA", "milliamps": "mA",
    "joule": "J", "joules": "J",
}  # fmt: skip

# Quantity and factor to its own unit (s, W, V, A, J, C) of every symbol. `M` is none of the prefixes: meters that write
# MW or MA mean milli or mega.
_KNOWN = {
    **{f"{prefix}s": ("time", factor) for prefix, factor in _PREFIXES.items() if prefix != "k"},
    "min": ("time", 60.0),
    "h": ("time", 3600.0),
    **{f"{prefix}W": ("power", factor) for prefix, factor in _PREFIXES.items()},
    **{f"{prefix}V": ("voltage", factor) for prefix, factor in _PREFIXES.items()},
    **{f"{prefix}A": ("current", factor) for prefix, factor in _PREFIXES.items()},
    **{f"{prefix}J": ("energy", factor) for prefix, factor in _PREFIXES.items()},
    **{f"{prefix}Wh": ("energy", 3600 * factor) for prefix, factor in _PREFIXES.items()},
    **{f"{prefix}Ws": ("energy", factor) for prefix, factor in _PREFIXES.items()},
    **{f"{prefix}Ah": ("charge", 3600 * factor) for prefix, factor in _PREFIXES.items()},
    **{f"{prefix}As": ("charge", factor) for prefix, factor in _PREFIXES.items()},
    "C": ("charge", 1.0),
}
_LOWER = {symbol.lower(): symbol for symbol in _KNOWN}

_IN_BRACKETS = re.compile(r"^(?P<name>.*?)[\s_]*[(\[{]\s*(?P<unit>[^()\[\]{}]*?)\s*[)\]}]$")
_AFTER = re.compile(r"^(?P<name>.+?)(?:\s+in\s+|[_/\s]\s*|,\s*)(?P<unit>[^\W\d_]+)$")
_INSIDE = re.compile(r"(?<![^\W\d_])(?P<unit>[nuµμmk]?[WVA]h?|[nuµμmk][wva]h?)(?![^\W\d_])")
_JOINED = re.compile(
    r"(?:^|[^a-zA-Z])(?i:power|pwr|current|curr|amps?|voltage|volts?|p|i|u|v)(?P<unit>[nuµμmkM][WVA]h?|[NUMK][wva]h?)$"
)
_QUANTITY = re.compile(r"^(?P<number>[-+]?(?:\d[\d.,]*|[.,]\d+)(?:[eE][-+]?\d+)?)\s*(?P<unit>[^\d\s.,+-].*)?$")
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:(?P<group>[.,])\d{3}(?:(?P=group)\d{3})*)(?P<rest>(?!(?P=group))[.,]\d+)")


@dataclass(frozen=True)
class Unit:
    """A unit as it was written; `quantity` is time, power, voltage, current, energy, charge; empty where it is not known."""

    text: str
    quantity: str = ""
    factor: float = 1.0


def unit(text: str) -> Unit:
    """The unit that a text names."""
    symbol = text.strip().replace("µ", "u").replace("μ", "u")
    symbol = _WORDS.get(symbol.lower(), symbol)
    if symbol not in _KNOWN and not any(letter == "M" for letter in symbol[:1]):
        symbol = _LOWER.get(symbol.lower(), symbol)
    return Unit(text.strip(), *_KNOWN.get(symbol, ()))


def of_header(name: str) -> tuple[str, Unit | None]:
    """A column's name without its unit, and the unit; None where the name holds none.

    In brackets any text counts as a unit, known or not; after a space, an underscore or a stroke only a known one. A unit
    elsewhere, as in `mW_avg` or `PowermW`, is read too, and the name stays whole.
    """
    bracketed = _IN_BRACKETS.match(name)
    if bracketed:
        return bracketed["name"].strip(), unit(bracketed["unit"])
    whole = unit(name)
    if whole.quantity:
        return name, whole
    after = _AFTER.match(name)
    if after and unit(after["unit"]).quantity:
        return after["name"].strip(), unit(after["unit"])
    inside = _INSIDE.search(name) or _JOINED.search(name)
    return name, unit(inside["unit"]) if inside else None


def number(text: str) -> tuple[float, str] | None:
    """The number in a cell, with a point or a comma, and the unit behind it, empty without one; None for other text.

    Where a number has both, as in 1.234,5 or 1,234.5, the last one is the decimal mark.
    """
    try:
        value = float(text)
        return (value, "") if math.isfinite(value) and "_" not in text else None
    except ValueError:
        pass
    match = _QUANTITY.match(text.strip())
    if not match:
        return None
    digits, exponent = re.match(r"([^eE]*)(.*)", match["number"]).groups()  # type: ignore[union-attr]
    if "." in digits and "," in digits:
        grouped = _GROUPED.fullmatch(digits)
        if not grouped:
            return None
        digits = digits.replace(grouped["group"], "")
    try:
        value = float(digits.replace(",", ".") + exponent)
    except ValueError:  # two commas or two points
        return None
    return (value, (match["unit"] or "").strip()) if math.isfinite(value) else None


def decimal_mark(text: str) -> str:
    """The point or comma of a number, the last one where there are both; empty without one."""
    return max(".,", key=text.rfind) if "." in text or "," in text else ""
