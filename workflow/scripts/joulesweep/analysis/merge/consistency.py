"""Finds rows that contradict themselves or each other: they stay in the tables, flagged, and are used in no answer."""

from collections.abc import Sequence

from joulesweep.analysis.merge.read_table import Located, Row
from joulesweep.formatting import digits
from joulesweep.launches.columns import LATENCY
from joulesweep.merged.columns import INCONSISTENT, UNDETERMINED
from joulesweep.merged.problems import Problem
from joulesweep.system.working_folder import directory_option

_ENDS = (("ci_high_s", "corrected_s"), ("raw_ci_high_s", "raw_s"))
_FACTOR = 3.0  # between two figures that say the same; slow states and heat make less than 2
_WIDEST = 1.0  # half of an interval over its figure: beyond, the figure is not determined


def flagged(
    latency: Sequence[Located], energy: Sequence[Located]
) -> tuple[list[Located], list[Located], list[Problem]]:
    """The rows of latency and energy, with the flags `inconsistent` and `undetermined`, and one problem for each flag."""
    problems: list[Problem] = []
    seconds = {_point(located.row): located.row for located in latency if located.row["status"] == "ok"}
    watts = {_point(located.row): located.row for located in energy if located.row["status"] == "ok"}
    judged_latency = [
        _judged(located, [*_of_latency(located.row), *_of_pair(located.row, watts.get(_point(located.row)))], problems)
        for located in latency
    ]
    judged_energy = [
        _judged(located, [*_of_energy(located.row), *_of_pair(seconds.get(_point(located.row)), located.row)], problems)
        for located in energy
    ]
    return judged_latency, judged_energy, problems


def _judged(located: Located, faults: Sequence[tuple[str, str, str]], problems: list[Problem]) -> Located:
    """The row with the flags of its faults, each of which is a flag, a column and a text."""
    row = located.row
    if row["status"] != "ok" or not faults:
        return located
    again = f"make remeasure MODEL={row['model']} RUNTIME={row['runtime']}{directory_option()}"
    cure = f"measure it again on an idle device: {again}"
    for _, column, text in faults:
        text = f"{text}; the row is used in no answer and no hypothesis"
        problems.append(Problem(located.file, located.line, column, text, cure))
    flags = dict.fromkeys([*str(row["flags"]).split(), *(flag for flag, _, _ in faults)])
    return located._replace(row={**row, "flags": " ".join(flags)})


def _point(row: Row) -> tuple[object, ...]:
    return tuple(row[name] for name in LATENCY.key)


def _of_latency(row: Row) -> list[tuple[str, str, str]]:
    faults = []
    for name in ("raw_s", "corrected_s"):
        figure, median = _number(row, name), _number(row, "median_s")
        if figure and median and not 1 / _FACTOR <= figure / median <= _FACTOR:
            text = f"{digits(1e3 * figure)} ms, but the median of its own passes is {digits(1e3 * median)} ms"
            faults.append((INCONSISTENT, name, text))
            break
    high = max((_number(row, name) or 0) / (_number(row, of) or 1) for name, of in _ENDS)
    if high - 1 > _WIDEST:
        faults.append((UNDETERMINED, "ci_high_s", f"the interval reaches to {digits(high)} times the figure"))
    return faults


def _of_energy(row: Row) -> list[tuple[str, str, str]]:
    high, energy = _number(row, "ci_high_J"), _number(row, "energy_J")
    if high and energy and high / energy - 1 > _WIDEST:
        return [(UNDETERMINED, "ci_high_J", f"the interval is ± {100 * (high / energy - 1):.0f} % of the figure")]
    return []


def _of_pair(latency: Row | None, energy: Row | None) -> list[tuple[str, str, str]]:
    """Whether energy over latency is the power that the meter saw."""
    if latency is None or energy is None or latency["status"] != "ok" or energy["status"] != "ok":
        return []
    seconds, joules, watts = _number(latency, "corrected_s"), _number(energy, "energy_J"), _number(energy, "power_W")
    if not seconds or not joules or not watts or watts <= 0:
        return []
    implied = joules / seconds
    if 1 / _FACTOR <= implied / watts <= _FACTOR:
        return []
    text = f"energy over latency is {digits(implied)} W, but the meter saw {digits(watts)} W"
    return [(INCONSISTENT, "power_W", text)]


def _number(row: Row, name: str) -> float | None:
    value = row.get(name)
    return float(value) if isinstance(value, int | float) else None
