"""The launches behind a row of latency: the lines of the journal that lies beside its table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from joulesweep import interval
from joulesweep.analysis.merge.read_table import Row
from joulesweep.launches import selection
from joulesweep.launches.columns import LAUNCH_KEY
from joulesweep.launches.journal import Journal
from joulesweep.launches.reference_baseline import ReferenceLevels
from joulesweep.merged.problems import COPY_AGAIN, Problem

_SAME = 1e-6  # relative; tables have ten digits


@dataclass(frozen=True)
class Launch:
    """One launch on logarithms, a value a round: seconds a pass, and the reference beside it over the device's level."""

    passes: np.ndarray
    reference: np.ndarray

    @classmethod
    def of_line(cls, line: Mapping[str, Any], level: Mapping[str, float]) -> "Launch":
        """From a line of the journal and the level of each part of the reference in seconds.

        Raises:
            KeyError, ValueError, TypeError: the line is no launch, or a part has no level.
        """
        looks = np.log(np.array(line["looks"], dtype=float)) - np.log([level[part] for part in line["parts"]])
        mixture = looks.mean(axis=1)
        passes = np.log([float(one["mean_s"]) for one in line["rounds"]])
        reference = (mixture[1:] + mixture[:-1]) / 2
        if passes.shape != reference.shape or not np.isfinite([passes, reference]).all():
            raise ValueError("a launch has one look at the reference more than rounds")
        return cls(passes, reference)


@dataclass(frozen=True)
class Launched:
    """The ok launches of one row, in the order in which they were made, and how many of them are the first stage."""

    launches: tuple[Launch, ...]
    first_stage: int


def of_rows(
    rows: Iterable[tuple[str, int, Row]], results: Path
) -> tuple[dict[tuple[str, int], Launched], list[Problem]]:
    """What lies behind each row that is ok, by the row's file and line; and journals that do not fit their tables.

    A row without launches is in neither: only the table was copied.
    """
    found: dict[tuple[str, int], Launched] = {}
    problems: dict[str, Problem] = {}
    journals: dict[str, Journal] = {}
    levels: dict[str, ReferenceLevels] = {}
    for file, line, row in rows:
        if row["status"] != "ok":
            continue
        device = str(row["device"])
        if device not in levels:
            name = f"devices/{device}/reference.json"
            try:
                levels[device] = ReferenceLevels.read(results / name)
            except ValueError as error:
                levels[device] = ReferenceLevels()
                problems[name] = Problem(name, None, "", f"{error}; latency stays uncorrected", COPY_AGAIN)
        journal = journals.setdefault(file, Journal((results / file).with_suffix(".jsonl")))
        lines = journal.lines({name: row[name] for name in LAUNCH_KEY})
        if not lines:
            continue
        try:
            launched = _launched(lines, levels[device])
            fits = abs(_raw_s(launched) / float(str(row["raw_s"])) - 1) < _SAME
        except (KeyError, ValueError, TypeError, IndexError):
            fits = False
        if fits:
            found[file, line] = launched
        else:
            name = file.removesuffix(".csv") + ".jsonl"
            text = "it holds other launches than the table was made from; latency stays uncorrected"
            problems[name] = Problem(name, None, "", text, COPY_AGAIN)
    return found, list(problems.values())


def _launched(lines: list[dict[str, Any]], levels: ReferenceLevels) -> Launched:
    first_stage, level = int(lines[0]["first_stage"]), levels.seconds(lines[0]["reference"])
    used = selection.used(lines, first_stage)
    return Launched(tuple(Launch.of_line(line, level) for line in used), first_stage)


def _raw_s(launched: Launched) -> float:
    return interval.of_launches([np.exp(np.median(one.passes)) for one in launched.launches]).value
