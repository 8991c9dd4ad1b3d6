"""What every kind of hypothesis offers: a file of this folder says what one key of config.yaml claims, and judges it."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from joulesweep.merged.load import Merged

SUPPORTED, REFUTED, UNDECIDED, NOT_JUDGED = "supported", "refuted", "undecided", "not judged"

MODELLED = "modelled energy decides nothing"
MISSING = "a value is missing"
DIFFERENT = "the metrics or the data differ"

WORDS = {
    "latency": "latency",
    "energy": "energy per pass",
    "accuracy": "accuracy",
    "params": "number of parameters",
    "flops": "number of floating-point operations",
    "memory": "peak memory",
}


@dataclass(frozen=True)
class Case:
    """What a hypothesis says about one device and runtime, or about one variant.

    Attributes:
        where: the device and runtime, or the variant.
        verdict: `NOT_JUDGED` where something is missing that no measured figure can replace, such as a fourth model.
        why: why it is undecided or not judged; empty otherwise.
        numbers: what the verdict rests on.
        narrower: how many times narrower the intervals must be to decide the case; NaN where that would not help.
    """

    where: str
    verdict: str
    why: str
    numbers: str
    narrower: float = math.nan


def undecided(where: str, why: str, numbers: str, narrower: float = math.nan) -> Case:
    """A case that its figures leave open, and why."""
    return Case(where, UNDECIDED, why, numbers, narrower)


def not_judged(where: str, why: str, numbers: str) -> Case:
    """A case that lacks what a verdict needs, and why."""
    return Case(where, NOT_JUDGED, why, numbers)


class Hypothesis(ABC):
    """One claim of the configuration.

    Attributes:
        models: with how many models in one runtime a run can decide it.
        values: with how many values of the axis under `with` a run can decide it.
    """

    models: ClassVar[int] = 1
    values: ClassVar[int] = 1

    def __init__(self, claim: Mapping[str, Any]) -> None:
        self.claim = claim

    def words(self, metric: str) -> str:
        """A metric in a sentence; accuracy by the metric of the models' data, where that is one."""
        return self.claim.get("accuracy_words", WORDS[metric]) if metric == "accuracy" else WORDS[metric]

    @property
    def devices(self) -> list[str]:
        """The devices that it names."""
        return []

    @abstractmethod
    def sentence(self) -> str:
        """The claim in words, without a full stop; where and at which point it holds is added."""

    @abstractmethod
    def cases(self, merged: Merged, points: pd.DataFrame) -> Iterator[Case]:
        """The verdict on each case that it covers; `points` has one row per variant at the point that the claim means."""
