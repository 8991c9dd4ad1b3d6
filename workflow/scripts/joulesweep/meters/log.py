"""A log that a USB or bench meter writes: a CSV with a time and either power or volts and amperes.

It is joined to the run afterwards, by Unix time: the log may come from another computer and be brought here when all is
measured. Where its clock is wrong by a constant, `offset_s` corrects it, or `align: marker` finds it from a pattern of load
that the measuring then emits (measure/energy/sync_marker.py). Only whole lines are read, and of them only those with every number.
"""

import csv
import math
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from statistics import median

from joulesweep.meters import base

_NUMBER = re.compile(r"\s*[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?\s*")
_UPDATE_S = 1.0
# A number's size tells its unit: Unix time of this century in s, ms, µs or ns; what is smaller counts from a start.
_UNITS = ((1e17, 1.0), (1e14, 1e3), (1e11, 1e6), (9e8, 1e9))

SETTINGS = {
    "file": "the CSV; a path relative to the folder of the workflow",
    "time": "column with the time: Unix time in s, ms, µs or ns, ISO 8601, or seconds since `start`",
    "time_format": "how the time is written where it is none of these, as in %d.%m.%Y %H:%M:%S",
    "start": "when second 0 was, in ISO 8601, for a log that counts its seconds; with `align: marker` it is found",
    "power": "column with the power",
    "volts": "column with the voltage, where there is no power",
    "amperes": "column with the current, where there is no power",
    "scale": "what the power is multiplied with to be in watts, as 0.001 for mW",
    "offset_s": "seconds that are added to the log's times",
    "align": "marker: find the offset from the load pattern that the measuring emits",
    "update_s": "time between two lines, 1 s until there is a file",
    "covers": "what the meter sits in front of, for the table",
}


class Meter(base.Log):
    """Power at the plug, or wherever the other meter sits."""

    def available(self) -> base.Availability:
        """Usable where the file is there and holds readings."""
        try:
            self.readings()
        except (OSError, ValueError) as error:
            return base.Availability(False, str(error))
        return base.Availability(True, f"joins {self._path}")

    def describe(self) -> base.Description:
        """What the other meter's readings mean; its interval is seen from the file, once there is one."""
        return base.Description(
            kind="measured",
            unit="W",
            rails=("log",),
            scope="supply",
            covers=str(self.settings.get("covers", "what the external meter sits in front of")),
            update_s=self._update_s,
            settle_s=max(1.0, self._update_s),
            window_s=5.0,
            has_timestamps=True,
        )

    def readings(self) -> list[tuple[int, float]]:
        """The whole log in time order: Unix time in ns, `offset_s` added, and watts."""
        if "file" not in self.settings:
            raise ValueError(
                "a USB or bench meter's log is joined where config.yaml names it, as in "
                "'meters: {log: {file: usb.csv, time: Time, power: Power}}'"
            )
        try:
            text = self._path.read_text(encoding="utf-8-sig", errors="replace")
        except FileNotFoundError:
            raise OSError(f"{self._path} is not there yet; put the log there, then run again") from None
        offset_ns = round(float(self.settings.get("offset_s", 0)) * 1e9)
        found = sorted((time_ns + offset_ns, watts) for time_ns, watts in self._rows(text))
        if not found:
            raise ValueError(
                f"{self._path} holds no line with a time and a power in the columns that config.yaml names"
            )
        return found

    @property
    def _path(self) -> Path:
        return Path(self.settings["file"])

    @cached_property
    def _update_s(self) -> float:
        if "update_s" in self.settings:
            return float(self.settings["update_s"])
        try:
            gaps = [after - before for (before, _), (after, _) in pairwise(self.readings()) if after > before]
        except (OSError, ValueError):
            gaps = []
        return median(gaps) * 1e-9 if gaps else _UPDATE_S

    def _rows(self, text: str) -> Iterator[tuple[int, float]]:
        """Time and watts of every whole line; those above the header and those that lack a number are passed over."""
        power, volts, amperes = (self.settings.get(name) for name in ("power", "volts", "amperes"))
        wanted = [self.settings.get("time", "time"), *([power] if power else [volts or "volts", amperes or "amperes"])]
        lines = [line for line in text.split("\n")[:-1] if "\0" not in line]  # the last one is torn or empty
        header, delimiter = _header(lines, wanted, self._path)
        names = _split(lines[header], delimiter)
        columns = [names.index(name) for name in wanted]
        for line in lines[header + 1 :]:
            cells = _split(line, delimiter)
            if len(cells) < len(names):  # torn
                continue
            time_ns = self._time_ns(cells[columns[0]])
            numbers = [_number(cells[column]) for column in columns[1:]]
            if time_ns is not None and all(number is not None for number in numbers):
                product = 1.0
                for number in numbers:
                    product *= number or 0.0
                yield time_ns, product * float(self.settings.get("scale", 1))

    def _time_ns(self, text: str) -> int | None:
        """Unix time in ns; None where the cell holds no time."""
        written = self.settings.get("time_format")
        if written is None and (number := _number(text)) is not None:
            for above, factor in _UNITS:
                if number >= above:
                    return round(number * factor)
            return self._start_ns + round(number * 1e9)
        return _moment_ns(text.strip(), written)

    @cached_property
    def _start_ns(self) -> int:
        start = self.settings.get("start")
        if start is None:
            if self.settings.get("align") == "marker":
                return 0
            raise ValueError(
                f"{self._path} counts seconds from a start; say when that was, as in 'start: 2026-11-24T09:30:00', or "
                "'align: marker'"
            )
        found = _moment_ns(str(start), None)
        if found is None:
            raise ValueError(f"meters.log.start: {start!r}: expected a time such as 2026-11-24T09:30:00")
        return found


def _header(lines: list[str], wanted: list[str], path: Path) -> tuple[int, str]:
    """Which line names the columns, and what stands between them."""
    for index, line in enumerate(lines):
        for delimiter in (",", ";", "\t"):
            if {*wanted} <= {*_split(line, delimiter)}:
                return index, delimiter
    seen = next((line.strip() for line in lines if line.strip()), "nothing")
    raise ValueError(f"{path} has no columns {', '.join(wanted)}; its first line is {seen[:100]!r}")


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _number(text: str) -> float | None:
    """A finite number with a point or a comma; None for anything else."""
    number = float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None


def _moment_ns(text: str, written: str | None) -> int | None:
    """Unix time of a date and time, in ns; without a zone it is this device's local time."""
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
