"""How figures are written for people: three significant digits, a prefix that fits, intervals as plus or minus."""

import math
from collections.abc import Sequence

MOST_NAMED = 20  # in one sentence
MOST_FACTOR = 10  # an interval that reaches further than this factor either way determines nothing

_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def digits(value: float, significant: int = 3) -> str:
    """A number with so many significant digits and no exponent, as in 0.0312, 4.57, 128, 1230; – where there is none."""
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    places = significant - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    places = significant - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:.{max(places, 0)}f}"


def si(value: float, unit: str = "") -> str:
    """A count with the prefix that fits, as in 11.7 M or 3.64 GFLOP."""
    if not math.isfinite(value):
        return "–"
    for factor, prefix in _PREFIXES:
        if abs(value) >= 0.9995 * factor:  # what three digits write as 1000 of the smaller prefix
            return f"{digits(value / factor)} {prefix}{unit}"
    return f"{value:.0f} {unit}".strip()


def relative_half_width(low: float, high: float) -> float:
    """Half the width of an interval that is symmetric on a log scale, as a share; NaN where there is no interval."""
    return math.sqrt(high / low) - 1 if low > 0 and high > 0 else math.nan


def significant(value: float, low: float, high: float, most: int = 3) -> int:
    """How many significant digits of `value` its interval allows: at least 1, at most `most`; `most` without an interval.

    The value ends where its uncertainty (half the interval's width) ends, and that has two digits where it begins with
    100 to 354, one where it begins with 355 or more: the rounding rule of the Particle Data Group (Review of Particle
    Physics, Introduction, section 5.3).
    """
    half = (high - low) / 2
    if not (math.isfinite(value) and math.isfinite(half) and half > 0) or value == 0:
        return most
    exponent = math.floor(math.log10(half))
    last = exponent - (1 if half / 10**exponent < 3.55 else 0)
    return max(1, min(most, math.floor(math.log10(abs(value))) - last + 1))


def with_interval(value: float, low: float, high: float, scale: float = 1.0, unit: str = "") -> str:
    """A positive figure times `scale`, with half its 95 % interval, and no more digits than that allows.

    As in 12.3 ms ± 2.1 %; beyond ± 100 % as a factor (12 ms, within a factor of 2.4), beyond a factor of 10 as not
    determined.
    """
    if not math.isfinite(value):
        return "–"
    figure = f"{digits(value * scale, significant(value, low, high))} {unit}".strip()
    half = relative_half_width(low, high)
    if not math.isfinite(half):
        return f"{figure} (no interval)"
    if half > MOST_FACTOR - 1:
        return f"not determined (about {figure}, {half_width(half)})"
    return f"{figure} {half_width(half)}" if half <= 1 else f"{figure}, {half_width(half)}"


def half_width(half: float) -> str:
    """Half of an interval, relative, in words: ± 35 %; beyond ± 100 % a factor, beyond 10 only that it is larger."""
    if half > MOST_FACTOR - 1:
        return f"uncertain by more than a factor of {MOST_FACTOR}"
    return f"± {percent(half)}" if half <= 1 else f"within a factor of {digits(1 + half, 2)}"


def bracketed(value: float, low: float, high: float, scale: float = 1.0) -> str:
    """A figure times `scale`, with its 95 % interval in square brackets, all ending at the same decimal place."""
    if not math.isfinite(value):
        return "–"
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{digits(value * scale)} (no interval)"
    half = (high - low) / 2 * abs(scale)
    size = max(abs(value * scale), half)
    if not size:
        return "0 [0, 0]"
    places = significant(size, size - half, size + half) - 1 - math.floor(math.log10(size))
    return f"{_fixed(value * scale, places)} [{_fixed(low * scale, places)}, {_fixed(high * scale, places)}]"


def _fixed(value: float, places: int) -> str:
    """So many decimals; a negative number of places rounds before the point; never a negative zero."""
    return f"{round(value, places) + 0.0:.{max(places, 0)}f}"


def percent(share: float) -> str:
    """A share as a percentage with two digits, one hundred and more without decimals: 0.43 %, 2.1 %, 35 %, 140 %."""
    if not math.isfinite(share):
        return "–"
    return f"{digits(100 * share, 2)} %" if abs(share) < 1 else f"{100 * share:.0f} %"


def scored(value: float, low: float, high: float, unit: str) -> str:
    """The value of a metric with its 95 % interval, as in 98.3 [97.1, 99.0] %; a share (unit %) is shown in percent."""
    return f"{bracketed(value, low, high, 100 if unit == '%' else 1)} {unit}".strip()


def plural(count: int, noun: str, several: str = "") -> str:
    """1 row, 2 rows; `several` is for nouns that take more than an s."""
    return f"{count} {noun}" if count == 1 else f"{count} {several or f'{noun}s'}"


def first_of(words: Sequence[str]) -> list[str]:
    """The words, at most twenty of them; the last entry says how many others there are."""
    more = len(words) - MOST_NAMED
    return [*words[:MOST_NAMED], f"{more} more"] if more > 0 else list(words)


def enumeration(words: Sequence[str]) -> str:
    """a; a and b; a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
