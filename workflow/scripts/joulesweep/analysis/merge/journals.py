"""Makes rows of latency from the journals beside their tables: a table names the points, its journal holds the launches.

A row whose launches are not there is taken from its table as it is, and flagged `no_journal`.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from statistics import median

from joulesweep.analysis.merge.read_table import Located, Row
from joulesweep.analysis.statistics import correction
from joulesweep.analysis.statistics.correction import Rounds
from joulesweep.analysis.statistics.typical_speed import reference_over_baseline, typical_speed
from joulesweep.errors import UserError
from joulesweep.launches import latency_row
from joulesweep.launches.columns import IDENTITY, LATENCY, launch_key
from joulesweep.launches.journal import Journal
from joulesweep.launches.latency_launch import LatencyLaunch, SustainedLaunch, sustained_key
from joulesweep.launches.latency_row import Corrected
from joulesweep.launches.reference_baseline import ReferenceBaseline
from joulesweep.merged.columns import NO_JOURNAL
from joulesweep.merged.problems import Problem, copy_again
from joulesweep.uncertainty import drift
from joulesweep.uncertainty.drift import Drift
from joulesweep.uncertainty.interval import Interval

_COUNTS = ("launches", "launches_failed", "launches_set_aside")
_Kind = tuple[object, latency_row.Kind]  # a device, and what its points share their drift with


@dataclass(frozen=True)
class _Point:
    """What a journal holds of one row, and the seconds of the reference's parts on its device."""

    launches: Sequence[LatencyLaunch]
    sustained: Sequence[SustainedLaunch]
    baseline_s: Mapping[str, float]

    @cached_property
    def used(self) -> Sequence[LatencyLaunch]:
        """The launches that figures are made from."""
        return latency_row.used_launches(self.launches)

    @property
    def can_be_corrected(self) -> bool:
        """Whether there are enough used launches, and a baseline of their reference."""
        parts = {part for launch in self.used if launch.timing for part in launch.timing.parts}
        return len(self.used) >= latency_row.FEWEST_LAUNCHES and parts <= self.baseline_s.keys()


def rows(
    tables: Sequence[Located], results: Path, unreadable: Collection[str]
) -> tuple[list[Located], list[Located], list[Problem]]:
    """The rows of latency, corrected where their launches are there; these launches; what is wrong with journals.

    `tables` are in the order of their files, so that a device's rows lie together. `unreadable` names the files that are already
    known to be none.
    """
    reader = _Reader(results, unreadable)
    made: list[Located] = []
    launches: list[Located] = []
    # One device after the other: points are corrected with others of their device, and launches need much memory.
    for _, own in groupby(tables, key=lambda located: located.row["device"]):
        own_made, own_launches = _of_device(list(own), reader)
        made += own_made
        launches += own_launches
    return made, launches, list(reader.problems.values())


def _of_device(tables: Sequence[Located], reader: "_Reader") -> tuple[list[Located], list[Located]]:
    """The rows of one device, and their launches."""
    points = {place: point for place, located in enumerate(tables) if (point := reader.point(located)) is not None}
    kinds = {place: _kind(tables[place].row, point) for place, point in points.items()}
    raw = _by_drift(kinds, {place: latency_row.record(point.used) for place, point in points.items()})
    corrected = _corrected(tables, points, kinds)
    made: list[Located] = []
    launches: list[Located] = []
    for place, located in enumerate(tables):
        point, own = points.get(place), corrected.get(place)
        if point is None:
            made.append(located._replace(row=_from_table(located.row)))
            continue
        made.append(located._replace(row=_from_journal(located.row, point, *raw[place], own)))
        launches += [located._replace(row=launch) for launch in _launches(located.row, point, own)]
    return made, launches


def _kind(row: Row, point: _Point) -> _Kind:
    """What a row shares its drift with."""
    return row["device"], latency_row.kind(int(_number(row["threads"], 1)), point.launches)


def _by_drift(kinds: Mapping[int, _Kind], records: Mapping[int, drift.Record]) -> dict[int, tuple[Drift, Interval]]:
    """For each record the drift of its kind, as all records of this kind show it, and its interval by this drift."""
    places: dict[_Kind, list[int]] = {}
    for place in records:
        places.setdefault(kinds[place], []).append(place)
    found: dict[int, tuple[Drift, Interval]] = {}
    for alike in places.values():
        of_kind, intervals = drift.with_intervals([records[place] for place in alike])
        found |= {place: (of_kind, interval) for place, interval in zip(alike, intervals, strict=True)}
    return found


def _corrected(
    tables: Sequence[Located], points: Mapping[int, _Point], kinds: Mapping[int, _Kind]
) -> dict[int, Corrected]:
    """The corrected figure of each row whose launches have a baseline."""
    points = {place: point for place, point in points.items() if point.can_be_corrected}
    by_kind: dict[_Kind, list[_Point]] = {}
    for place, point in points.items():
        by_kind.setdefault(kinds[place], []).append(point)
    typical = {
        kind: typical_speed((launch for point in alike for launch in point.used), alike[0].baseline_s)
        for kind, alike in by_kind.items()
    }
    groups: dict[tuple[object, ...], dict[int, Sequence[Rounds]]] = {}
    for place, point in points.items():
        row = tables[place].row
        rounds = [Rounds.of(launch, point.baseline_s, typical[kinds[place]]) for launch in point.used]
        groups.setdefault((row["device"], row["runtime"], row["threads"]), {})[place] = rounds
    adjusted = {place: each for group in groups.values() for place, each in correction.adjusted(group).items()}
    records = {
        place: ([launch.started_s for launch in points[place].used], each.seconds) for place, each in adjusted.items()
    }
    drifting = _by_drift(kinds, records)
    return {place: correction.with_interval(each, drifting[place][1]) for place, each in adjusted.items()}


class _Reader:
    """Journals, of which only the last is kept, and baselines; `problems` by file."""

    def __init__(self, results: Path, unreadable: Collection[str]) -> None:
        self._results, self._unreadable = results, unreadable
        self._name, self._journal = "", Journal(results)
        self._baselines: dict[str, ReferenceBaseline] = {}
        self.problems: dict[str, Problem] = {}

    def point(self, located: Located) -> _Point | None:
        """What the journal beside a table holds of a row; None where it lacks launches that the row was made from."""
        row, name = located.row, located.file.removesuffix(".csv") + ".jsonl"
        expected = sum(count for column in _COUNTS if isinstance(count := row[column], int))
        if name in self._unreadable or not expected:
            return None
        if name != self._name:
            self._name, self._journal = name, Journal(self._results / name)
        key = launch_key(row)
        try:
            launches = self._journal.launches(key, LatencyLaunch)
            sustain_s = row["sustain_s"]
            sustained_ = (
                self._journal.launches(sustained_key(key, sustain_s), SustainedLaunch)
                if isinstance(sustain_s, float)
                else []
            )
            damaged = self._journal.damaged()
        except UserError as error:
            self._add(
                name, f"{str(error).removeprefix(f'{self._results / name}: ')}; its rows are taken from the table"
            )
            return None
        if damaged:
            lines = ", ".join(map(str, damaged[:5])) + (", …" if len(damaged) > 5 else "")
            self._add(name, f"torn or changed: line {lines} of the journal; what stood there is left out")
        if len(launches) < expected:
            # Under a damaged first line, a row does not name its launches.
            names_launches = all(value not in ("", None) for value in key.values())
            if (self._results / name).exists() and names_launches:
                text = "the journal lacks launches that the table was made from; these rows are taken from the table"
                self._add(name, text)
            return None
        return _Point(launches, sustained_, self._baseline_s(str(row["device"]), launches[-1].reference))

    def _baseline_s(self, device: str, reference: str) -> dict[str, float]:
        name = f"devices/{device}/reference.json"
        if name in self._unreadable:
            return {}
        if device not in self._baselines:
            self._baselines[device] = ReferenceBaseline()
            try:
                self._baselines[device] = ReferenceBaseline.read(self._results / name)
            except ValueError as error:
                self._add(name, f"{error}; latency stays uncorrected")
        baseline_s = self._baselines[device].seconds(reference)
        if not baseline_s:
            self._add(name, f"no baseline of the reference {reference}; latency stays uncorrected")
        return baseline_s

    def _add(self, name: str, text: str) -> None:
        self.problems.setdefault(name, Problem(name, None, "", text, copy_again()))


def _from_journal(row: Row, point: _Point, device_drift: Drift, raw: Interval, corrected: Corrected | None) -> Row:
    identity = {name: row[name] for name in IDENTITY}
    made = latency_row.row(identity, point.launches, point.sustained, point.baseline_s, device_drift, corrected, raw)
    return made if corrected or made["status"] != "ok" else made | _uncorrected(made)


def _launches(row: Row, point: _Point, corrected: Corrected | None) -> Iterator[Row]:
    """One row of the raw samples for each used launch."""
    identity = {name: row[name] for name in (*LATENCY.key, "base")}
    for place, launch in enumerate(point.used):
        found: Row = {**identity, "started_s": launch.started_s, "launch_raw_s": launch.seconds}
        if corrected is not None and launch.timing is not None:
            beside = reference_over_baseline(launch.timing, point.baseline_s)
            found |= {"launch_corrected_s": corrected.seconds[place], "reference": math.exp(median(beside.tolist()))}
        yield found


def _from_table(row: Row) -> Row:
    if row["status"] != "ok":
        return row
    return {**row, **_uncorrected(row), "flags": f"{row['flags']} {NO_JOURNAL}".strip()}


def _uncorrected(row: Row) -> Row:
    """The columns of the correction of a row whose launches or baseline are not there: its raw figure."""
    raw = Interval(*(_number(row[name], math.nan) for name in ("raw_s", "raw_ci_low_s", "raw_ci_high_s")))
    return latency_row.corrected_columns(Corrected((), (), None, None, raw), int(_number(row["batch"], 1)))


def _number(value: object, otherwise: float) -> float:
    return value if isinstance(value, int | float) else otherwise
