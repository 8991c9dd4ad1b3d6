"""Checks a configured hypothesis: supported, refuted or undecided, with the numbers behind the verdict.

A hypothesis is a claim about every case that it covers. It is supported where every case supports it, refuted where at
least one case refutes it, and undecided otherwise. Modelled energy decides nothing, because it is computed from time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from joulesweep.formatting import enumeration
from joulesweep.hypotheses import _comparison, _ranking, grows
from joulesweep.hypotheses.base import REFUTED, SUPPORTED, UNDECIDED, Case
from joulesweep.merged.load import Merged

# The key of the configuration that only this kind of hypothesis has.
KINDS = {"less_than": _comparison, "tracks": _ranking, "grows": grows}


@dataclass(frozen=True)
class Finding:
    """A hypothesis in words, why its author expects it, its verdict, the reason where one is needed, and its cases."""

    sentence: str
    because: str
    verdict: str
    reason: str
    cases: list[Case]


def check(hypothesis: Mapping[str, Any], merged: Merged, points: pd.DataFrame) -> Finding:
    """The finding on one hypothesis; `points` is the table of base points."""
    kind = next(module for key, module in KINDS.items() if key in hypothesis)
    cases = list(kind.cases(hypothesis, merged, points))
    verdict, reason = _of_all(cases)
    return Finding(kind.sentence(hypothesis), hypothesis.get("because", ""), verdict, reason, cases)


def _of_all(cases: Sequence[Case]) -> tuple[str, str]:
    """The verdict over all cases, and why, or in how many of them."""
    if not cases:
        return UNDECIDED, "nothing that it covers has a figure that can be used"
    number = {verdict: sum(case.verdict == verdict for case in cases) for verdict in (SUPPORTED, REFUTED, UNDECIDED)}
    in_all = {1: "", 2: "in both cases"}.get(len(cases), f"in all {len(cases)} cases")
    if number[SUPPORTED] == len(cases):
        return SUPPORTED, in_all
    verdict = REFUTED if number[REFUTED] else UNDECIDED
    if number[verdict] == len(cases):
        whys = {case.why for case in cases}
        why = whys.pop() if len(whys) == 1 else ""
        return verdict, ", ".join(filter(None, (why, in_all)))
    counted = [f"{other} in {number[other]}" for other in (REFUTED, SUPPORTED, UNDECIDED) if number[other]]
    return verdict, f"{enumeration(counted)} of {len(cases)} cases"
