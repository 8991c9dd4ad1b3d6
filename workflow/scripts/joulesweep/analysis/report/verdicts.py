"""Checks a configured hypothesis: supported, refuted or undecided, with the numbers behind the verdict.

A hypothesis is a claim about every case that it covers. It is supported where every judged case supports it, refuted where at
least one refutes it, and undecided otherwise. A case that lacks what a verdict needs (two models in one runtime) is not
judged: it is named, and drags no other case with it. Modelled energy decides nothing, because it is computed from time.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from joulesweep import plugins
from joulesweep.formatting import enumeration
from joulesweep.hypotheses.base import NOT_JUDGED, REFUTED, SUPPORTED, UNDECIDED, Case
from joulesweep.merged.base_points import base_points
from joulesweep.merged.load import Merged

_MOST_NAMED = 2  # cases that are not judged; more are counted
_MOST_TIMES = 20  # as much measuring as that is worth to name


@dataclass(frozen=True)
class Finding:
    """A hypothesis in words, why its author expects it, its verdict, the reason where one is needed, and its cases.

    `cure` says how much more measuring would decide it, where that would.
    """

    sentence: str
    because: str
    verdict: str
    reason: str
    cases: list[Case]
    cure: str = ""


def check(claim: Mapping[str, Any], merged: Merged, points: pd.DataFrame) -> Finding:
    """The finding on one hypothesis; `points` is the table of base points."""
    hypothesis = plugins.load("hypotheses", kind(claim))(claim)
    at, on = claim.get("at", {}), claim.get("device", "")
    if at:
        points = base_points(merged, at)
    here = set(points["device"])
    unknown = [device for device in dict.fromkeys([on, *hypothesis.devices]) if device and device not in here]
    cases = list(hypothesis.cases(merged, points[points["device"] == on] if on else points)) if not unknown else []
    verdict, reason = _of_all(cases)
    if unknown:
        reason = f"there are no results of {enumeration(unknown)}; there are some of {enumeration(sorted(here)) or 'no device'}"
    places = [f" at {axis} {value:g}" for axis, value in at.items()] + [f", on {on}"] * bool(on)
    sentence = f"{hypothesis.sentence()}{''.join(places)}."
    cure = _cure(claim, cases, merged) if verdict == UNDECIDED else ""
    return Finding(sentence, claim.get("because", ""), verdict, reason, cases, cure)


def kind(claim: Mapping[str, Any]) -> str:
    """The name of the plug-in that judges a claim: that of the key by which it is recognised."""
    return next(name for name in plugins.names("hypotheses") if name.replace("-", "_") in claim)


def _of_all(cases: Sequence[Case]) -> tuple[str, str]:
    """The verdict over all judged cases, and why, or in how many of them; and which are not judged."""
    judged = [case for case in cases if case.verdict != NOT_JUDGED]
    others = [case for case in cases if case.verdict == NOT_JUDGED]
    if not cases:
        return UNDECIDED, "nothing that it covers has a figure that can be used"
    if not judged:
        return UNDECIDED, _why(others)
    verdict, reason = _of_judged(judged)
    return verdict, "; ".join(filter(None, (reason, _left_out(others))))


def _of_judged(cases: Sequence[Case]) -> tuple[str, str]:
    number = {verdict: sum(case.verdict == verdict for case in cases) for verdict in (SUPPORTED, REFUTED, UNDECIDED)}
    if number[SUPPORTED] == len(cases):
        return SUPPORTED, _in_all(cases)
    verdict = REFUTED if number[REFUTED] else UNDECIDED
    if number[verdict] == len(cases):
        return verdict, _why(cases)
    counted = [f"{other} in {number[other]}" for other in (REFUTED, SUPPORTED, UNDECIDED) if number[other]]
    return verdict, f"{enumeration(counted)} of {len(cases)} cases"


def _why(cases: Sequence[Case]) -> str:
    """The reason that all cases share, if they do."""
    whys = {case.why for case in cases}
    return ", ".join(filter(None, (whys.pop() if len(whys) == 1 else "", _in_all(cases))))


def _in_all(cases: Sequence[Case]) -> str:
    return {1: "", 2: "in both cases"}.get(len(cases), f"in all {len(cases)} cases")


def _left_out(cases: Sequence[Case]) -> str:
    if len(cases) > _MOST_NAMED:
        return f"{len(cases)} further cases are not judged"
    return "; ".join(f"{case.where or 'one case'} is not judged ({case.why})" for case in cases)


def _cure(claim: Mapping[str, Any], cases: Sequence[Case], merged: Merged) -> str:
    """How much more measuring would decide what is undecided: an interval narrows at best with the root of the launches."""
    needs = [case.narrower for case in cases if case.verdict == UNDECIDED]
    if not needs or any(math.isnan(each) for each in needs):
        return ""
    times = max(needs) ** 2
    if not times <= _MOST_TIMES:
        return "The numbers are too close to the limit: no reasonable time of measuring would decide it."
    stage, column = ("energy", "windows") if claim.get("metric") == "energy" else ("latency", "launches")
    rows = merged.sound(stage)
    if on := claim.get("device"):
        rows = rows[rows["device"] == on]
    most = float(rows[column].max())  # of the point that has the most, so that none has them already
    if not math.isfinite(most):
        return ""
    launches = math.ceil(times * most)
    minutes = (times - 1) * _minutes(merged, set(rows["device"])) if stage == "latency" else math.nan
    longer = f", which takes about {math.ceil(minutes)} minutes more" if math.isfinite(minutes) else ""
    return f"About {launches} launches per point would decide it at best (`launches` in the section `{stage}`{longer})."


def _minutes(merged: Merged, devices: Collection[str]) -> float:
    """How long the launches of the slowest device took, from the time between one and the next; NaN without journals."""
    taken = []
    for _, rows in merged.launches[merged.launches["device"].isin(devices)].groupby("device"):
        between_s = float(rows["started_s"].sort_values().diff().median())
        if math.isfinite(between_s):
            taken.append(len(rows) * between_s / 60)
    return max(taken, default=math.nan)
