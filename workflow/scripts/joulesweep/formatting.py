"""How figures are written for people: three significant digits, a prefix that fits, intervals as plus or minus."""

import math

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


def with_interval(value: float, low: float, high: float, scale: float = 1.0, unit: str = "") -> str:
    """A positive figure times `scale`, with half its 95 % interval as a percentage: 12.3 ± 2.1 % or 12.3 ms ± 2.1 %."""
    figure = f"{digits(value * scale)} {unit}".strip()
    if not math.isfinite(value):
        return "–"
    half = relative_half_width(low, high)
    return f"{figure} ± {percent(half)}" if math.isfinite(half) else f"{figure} (no interval)"


def percent(share: float) -> str:
    """A share as a percentage with two digits, one hundred and more without decimals: 0.43 %, 2.1 %, 35 %, 140 %."""
    if not math.isfinite(share):
        return "–"
    return f"{digits(100 * share, 2)} %" if abs(share) < 1 else f"{100 * share:.0f} %"


def accuracy(share: float) -> str:
    """An accuracy in percent with one decimal and without the sign: 98.3."""
    return f"{100 * share:.1f}" if math.isfinite(share) else "–"


def plural(count: int, noun: str) -> str:
    """1 row, 2 rows."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
