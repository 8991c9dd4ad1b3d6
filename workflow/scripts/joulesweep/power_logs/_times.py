"""When a line of a log was written: Unix time, a date, or a count from a start."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joulesweep.power_logs import _units

_FIRST_S, _LAST_S = 946_684_800.0, 4_102_444_800.0  # the years 2000 to 2099, as Unix time
_SIZES = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3), (9e8, 1.0))  # from which size Unix time is in ns, µs, ms, s


class Clock:
    """Turns the cells of a log's time columns into Unix time in ns under the user's settings.

    `counts` is true as soon as a cell was a count from the start, not a time of day.
    """

    def __init__(self, settings: Mapping[str, Any], column: str) -> None:
        self._settings, self._column = settings, column
        self._format = settings.get("time_format")
        self.counts = False
        self._unit_s: float | None = None
        _, written = _units.of_header(column)
        if "time_unit" in settings:
            written = _units.unit(str(settings["time_unit"]))
            if written.quantity != "time":
                raise ValueError(f"meters.log.time_unit: {written.text!r}: expected s, ms, us, ns, min or h")
        if written is not None and written.quantity == "time":
            self._unit_s = written.factor
        self._foreign = written.text if written is not None and written.quantity != "time" else ""
        if self._format is not None and not re.search(r"%[Yycx]", str(self._format)):
            raise ValueError(
                f"meters.log.time_format: {self._format!r} holds no date; where date and time are two columns, write "
                "'time: [Date, Time]' and a format for both"
            )

    def time_ns(self, text: str) -> int | None:
        """Unix time in ns; None where the cell holds no time.

        Raises:
            ValueError: it holds a number whose unit or start is not known.
        """
        if self._format is not None:
            return moment_ns(text, str(self._format))
        quantity = _units.number(text)
        if quantity is None or (quantity[1] and _units.unit(quantity[1]).quantity != "time"):
            return moment_ns(text, None)
        value, unit = quantity
        return self._of_number(text, value, _units.unit(unit).factor if unit else self._unit_s)

    def start_ns(self) -> int:
        """Unix time of the log's zero in ns.

        Raises:
            ValueError: it is not set, or set to something else.
        """
        start = self._settings.get("start")
        if start is None:
            if self._settings.get("align") == "marker":
                return 0
            raise ValueError(
                f"the column {self._column!r} counts from a start; say when that was, as in "
                "'start: 2026-11-24T09:30:00', or 'align: marker'"
            )
        time_ns = moment_ns(str(start), None)
        if time_ns is None:
            raise ValueError(f"meters.log.start: {start!r}: expected a time such as 2026-11-24T09:30:00")
        return time_ns

    def _of_number(self, text: str, value: float, unit_s: float | None) -> int:
        if unit_s is None:
            unit_s = next((factor for size, factor in _SIZES if value >= size), None)
        if unit_s is None:
            unknown = f"its unit {self._foreign!r} is not known" if self._foreign else "it names no unit"
            raise ValueError(
                f"the column {self._column!r} counts from a start and {unknown}; set meters.log.time_unit to s, ms, us or ns"
            )
        if value * unit_s >= _SIZES[-1][0]:
            if not _FIRST_S <= value * unit_s < _LAST_S:
                raise ValueError(
                    f"{text.strip()!r} in the column {self._column!r} is no Unix time of this century; set time_unit"
                )
            return _nanoseconds(text, value, unit_s)
        self.counts = True
        return self.start_ns() + round(value * unit_s * 1e9)


def moment_ns(text: str, written: str | None) -> int | None:
    """Unix time of a date and time, in ns; without a zone it is this device's local time. None for other text."""
    text = text.strip()
    try:
        if written is not None:
            moment = datetime.strptime(text, written)
        else:
            # Python 3.10 reads neither a Z nor fractions of other lengths than 3 and 6 digits.
            text = re.sub(r"[.,](\d+)", lambda match: "." + match[1][:6].ljust(6, "0"), text).replace("Z", "+00:00")
            moment = datetime.fromisoformat(text)
        return round(moment.timestamp() * 1e6) * 1000
    except (ValueError, OverflowError, OSError):
        return None


def _nanoseconds(text: str, value: float, unit_s: float) -> int:
    """A Unix time in ns; whole numbers keep digits that a float has not."""
    digits = text.strip()
    per_unit = round(unit_s * 1e9)
    return int(digits) * per_unit if digits.isdecimal() else round(value * per_unit)
