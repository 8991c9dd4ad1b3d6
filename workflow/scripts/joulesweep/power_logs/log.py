"""A log that a USB or bench meter writes: a table with a time and either power, or volts and amperes.

It is joined to the run afterwards, by Unix time: the log may come from another computer and be brought here when all is
measured. Where its clock is wrong by a constant, `offset_s` corrects it, or `align: marker` finds it from a pattern of load
that the measuring then emits (measure/energy/sync_marker.py).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from joulesweep.errors import shortened
from joulesweep.meters.base import Availability, Description
from joulesweep.power_logs import _table, _times, _units

_UPDATE_S = 1.0
_LATE_S = 600.0  # by which a log may seem to end after its file was written: `start` is typed by hand
_BACK_NS = 60_000_000_000  # by which time stamps may step back: lines that were buffered

SETTINGS = {
    "file": "the log; a path relative to the folder of the workflow",
    "time": "column with the time: Unix time in s, ms, µs or ns, ISO 8601, or a count from `start`; two columns as [Date, Time]",
    "time_unit": "unit of the time, in place of one in the column's name: s, ms, us, ns, min, h",
    "time_format": "how the time is written where it is none of these, as in %d.%m.%Y %H:%M:%S",
    "start": "when the count was 0, in ISO 8601; with `align: marker` it is found",
    "power": "column with the power; its unit is read from its name or its cells, else W",
    "volts": "column with the voltage, where there is no power; or a number, where the voltage is constant",
    "amperes": "column with the current, where there is no power",
    "scale": "what the power, or volts times amperes, is multiplied with to be in watts, in place of the units in the log",
    "offset_s": "seconds that are added to the log's times",
    "align": "marker: find the offset from the load pattern that the measuring emits",
    "update_s": "time between two lines, 1 s until there is a file",
    "covers": "what the meter sits in front of, for the table",
}


class PowerLog:
    """Power at the plug, or wherever the other meter sits, under the user's settings."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings

    def available(self) -> Availability:
        """Usable where the file is there and holds readings."""
        try:
            time_ns, _ = self.readings()
        except (OSError, ValueError) as error:
            return Availability(False, str(error))
        return Availability(True, f"imports {self._path}: {len(time_ns)} readings")

    def describe(self) -> Description:
        """What the other meter's readings mean; its interval is seen from the file, once there is one."""
        return Description(
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

    def readings(self) -> tuple[np.ndarray, np.ndarray]:
        """The whole log in time order: Unix time in ns (whole numbers), `offset_s` added, and watts.

        Readings with one time stamp, as a log has whose clock is coarser than its readings, become their mean.

        Raises:
            OSError: the file is not there.
            ValueError: it is no such log, or its times cannot be; the text names line and cell.
        """
        return self._readings

    @cached_property
    def _readings(self) -> tuple[np.ndarray, np.ndarray]:
        if "file" not in self.settings:
            raise ValueError(
                "a USB or bench meter's log is imported where config.yaml names it, as in "
                "'meters: {log: {file: usb.csv, time: Time, power: Power}}'"
            )
        try:
            time_ns, watts = self._columns()
        except ValueError as error:
            raise ValueError(f"{self._path}: {error}") from None
        return time_ns + round(float(self.settings.get("offset_s", 0)) * 1e9), watts

    @property
    def _path(self) -> Path:
        return Path(self.settings["file"])

    @cached_property
    def _update_s(self) -> float:
        if "update_s" in self.settings:
            return float(self.settings["update_s"])
        try:
            time_ns, _ = self.readings()
        except (OSError, ValueError):
            return _UPDATE_S
        return float(np.median(np.diff(time_ns))) * 1e-9 if time_ns.size > 1 else _UPDATE_S

    def _columns(self) -> tuple[np.ndarray, np.ndarray]:
        times = self.settings.get("time", "time")
        times = [times] if isinstance(times, str) else [str(column) for column in times]
        power, volts = self.settings.get("power"), self.settings.get("volts", "volts")
        constant_volts = power is None and isinstance(volts, int | float) and not isinstance(volts, bool)
        amperes = self.settings.get("amperes", "amperes")
        wanted = {power: "power"} if power is not None else {} if constant_volts else {volts: "voltage"}
        wanted |= {} if power is not None else {amperes: "current"}
        table = _table.read(self._path, [*times, *map(str, wanted)])
        places = dict(zip([*times, *wanted], table.places, strict=True))
        clock = _times.Clock(self.settings, " ".join(table.names[places[column]] for column in times))
        scale = self.settings.get("scale")
        factor = (float(volts) if constant_volts else 1.0) * (1.0 if scale is None else float(scale))
        columns = [
            (places[column], _column(table.names[places[column]], quantity, scale is not None))
            for column, quantity in wanted.items()
        ]
        rows = list(_rows(table, [places[column] for column in times], clock, columns))
        if not rows:
            raise ValueError(
                f"no line below the columns {shortened(', '.join(table.names), 100)} holds a time and numbers"
            )
        numbers = np.array([number for number, _, _ in rows])
        time_ns = np.array([time_ns for _, time_ns, _ in rows], dtype=np.int64)
        watts = np.array([value for _, _, value in rows]) * factor
        if clock.counts:
            self._check_end(int(time_ns.max()), clock)
        return _in_order(numbers, time_ns, watts, clock.counts)

    def _check_end(self, end_ns: int, clock: _times.Clock) -> None:
        """Refuse a count that runs beyond the time at which the file was written: its unit is another one."""
        written_s = self._path.stat().st_mtime
        if self.settings.get("start") is not None and end_ns * 1e-9 > written_s + _LATE_S:
            span_s = (end_ns - clock.start_ns()) * 1e-9
            raise ValueError(
                f"counts {span_s:.0f} s from its start, to {_clock(end_ns * 1e-9)}, but was written at "
                f"{_clock(written_s)}; set meters.log.time_unit to the unit of its times, or correct meters.log.start"
            )


def _column(name: str, quantity: str, scaled: bool) -> Callable[[str], float | None]:
    """A function that turns a cell of a column into watts, volts or amperes; None where it holds no number.

    Under a `scale` units are not used.

    Raises:
        ValueError: the name holds a unit that is not known, or one of another quantity.
    """
    _, unit = _units.of_header(name)
    if unit is not None and not scaled:
        _check(unit, quantity, f"the column {name!r}")
    factor = 1.0 if unit is None or scaled else unit.factor
    marks = {""}

    def value(cell: str) -> float | None:
        parsed = _units.number(cell)
        if parsed is None:
            below = _units.unit(cell.strip("()[] "))
            if below.quantity and not scaled and (below.quantity, below.factor) != (quantity, factor):
                raise ValueError(
                    f"{cell!r} in the column {name!r} is a unit; write it into the column's name, or set meters.log.scale"
                )
            return None
        marks.add(_units.decimal_mark(cell))
        if len(marks) == 3:
            raise ValueError(f"{cell!r} in the column {name!r}: the column has decimal points and decimal commas")
        if parsed[1] and not scaled:
            cell_unit = _units.unit(parsed[1])
            _check(cell_unit, quantity, f"{cell!r} in the column {name!r}")
            return parsed[0] * cell_unit.factor
        return parsed[0] * factor

    return value


def _check(unit: _units.Unit, quantity: str, where: str) -> None:
    if not unit.quantity:
        raise ValueError(f"{where}: the unit {unit.text!r} is not known; set meters.log.scale to what makes it watts")
    if unit.quantity != quantity:
        article = "an" if unit.quantity[0] in "aeiou" else "a"
        raise ValueError(
            f"{where} is {article} {unit.quantity} ({unit.text}), not a {quantity}; name others as meters.log.volts and "
            "amperes, or set meters.log.scale to what makes it watts"
        )


def _rows(
    table: _table.Table, times: list[int], clock: _times.Clock, columns: list[tuple[int, Callable[[str], float | None]]]
) -> Iterator[tuple[int, int, float]]:
    """Line number, time and product of the numbers of every line that has them all."""
    refused = ""
    none = True
    for number, cells in table.rows():
        text = " ".join(cells[place] for place in times)
        try:
            time_ns = clock.time_ns(text)
            values = [value(cells[place]) for place, value in columns]
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None
        product = 1.0
        for value in values:
            product *= np.nan if value is None else value
        if time_ns is not None and np.isfinite(product):
            none = False
            yield number, time_ns, product
        elif not refused and cells != table.names:
            place = next((place for (place, _), value in zip(columns, values, strict=True) if value is None), None)
            refused = f"line {number}: " + (
                f"{shortened(text, 40)!r} is no time that is known here; set meters.log.time_format, as in '%d/%m/%Y %H:%M:%S'"
                if time_ns is None or place is None
                else f"{shortened(cells[place], 40)!r} in the column {table.names[place]!r} is no number"
            )
    if none and refused:
        raise ValueError(refused)


def _in_order(
    numbers: np.ndarray, time_ns: np.ndarray, watts: np.ndarray, counts: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The readings by time, those with one time stamp as their mean.

    Raises:
        ValueError: the times step back, or all are the same.
    """
    if (np.diff(time_ns) < 0).all():  # the newest line first
        numbers, time_ns, watts = numbers[::-1], time_ns[::-1], watts[::-1]
    back = np.flatnonzero(np.diff(time_ns) < (0 if counts else -_BACK_NS))
    if back.size:
        raise ValueError(
            f"line {numbers[back[0] + 1]}: the time steps back; the meter was started again, or its clock was set: keep one "
            "recording in the file"
        )
    moments, place = np.unique(time_ns, return_inverse=True)
    if moments.size == 1 and time_ns.size > 1:
        raise ValueError(f"all {time_ns.size} readings have one time; name a column that holds the time of day too")
    return moments, np.bincount(place.reshape(-1), watts) / np.bincount(place.reshape(-1))


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).isoformat(" ", "seconds")
