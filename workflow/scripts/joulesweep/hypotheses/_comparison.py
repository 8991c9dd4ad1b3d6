"""What the comparisons share: which rows are compared, and what their figures say with their intervals."""

import math
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from joulesweep.formatting import bracketed, digits, plural, scored, si, significant
from joulesweep.hypotheses import base
from joulesweep.hypotheses.base import DIFFERENT, MISSING, MODELLED, Case, not_judged, undecided
from joulesweep.merged import scores
from joulesweep.merged.base_points import MEMORY_TOLERANCE, interval
from joulesweep.merged.load import Merged
from joulesweep.uncertainty.ratio import ratio
from joulesweep.variant import Variant, pairs

_SHARED = ("params", "flops")  # the same on every device and in every runtime
_UNITS = {"latency": "ms", "energy": "mJ"}


@dataclass(frozen=True)
class Compared:
    """Two figures: their ratio, or for accuracy their difference, with a 95 % interval, and both in words.

    `scale` is by what a difference is multiplied for people: 100 for percentage points. `measured` says that longer measuring
    makes the interval narrower.
    """

    value: float
    low: float
    high: float
    words: str
    is_difference: bool = False
    scale: float = 1.0
    measured: bool = False

    def limit(self, by: float) -> float:
        """Where one side is larger `by` that factor, or for accuracy by so much in the unit that people read."""
        return by / self.scale

    def narrower(self, limit: float) -> float:
        """How many times narrower the interval must be to lie on one side of a limit; NaN where measuring cannot do that."""
        if not self.measured:
            return math.nan
        distance = abs(math.log(self.value / limit))
        return math.log(self.high / self.value) / distance if distance else math.inf


class Comparison(base.Hypothesis):
    """A metric of one variant beside that of another: `of` and the one under the key `other`."""

    other: ClassVar[str]

    @property
    def of(self) -> Variant:
        """The one that the claim is about."""
        return Variant.of(self.claim["of"])

    @property
    def than(self) -> Variant:
        """The one that it is compared with."""
        return Variant.of(self.claim[self.other])

    @property
    def devices(self) -> list[str]:
        """The devices that either side names."""
        return [side.device for side in (self.of, self.than) if side.device]

    @property
    def metric(self) -> str:
        """What is compared."""
        return self.claim["metric"]

    @abstractmethod
    def judge(self, where: str, found: Compared) -> Case:
        """The verdict on two figures."""

    def cases(self, merged: Merged, points: pd.DataFrame) -> Iterator[Case]:
        """One case per device and runtime that both sides have; one case in all for parameters and FLOPs."""
        for where, a, b in self._pairs(points):
            yield self._case("" if self.metric in _SHARED else where, a, b)
            if self.metric in _SHARED:
                return

    def _pairs(self, points: pd.DataFrame) -> Iterator[tuple[str, pd.Series, pd.Series]]:
        """The rows to compare and where they were measured: per device and runtime that both have, or as they are named."""
        of, than = self.of, self.than
        rows = {tuple(row[["device", "model", "runtime"]]): row for _, row in points.iterrows()}
        devices = list(dict.fromkeys(points["device"]))
        for device, other in pairs(of.device, than.device, devices, devices):
            runtimes, others = (
                [key[2] for key in rows if key[:2] == side] for side in ((device, of.model), (other, than.model))
            )
            for own, theirs in pairs(of.runtime, than.runtime, runtimes, others):
                a, b = rows.get((device, of.model, own)), rows.get((other, than.model, theirs))
                if a is not None and b is not None:
                    yield f"{_against(own, theirs)} on {_against(device, other)}", a, b

    def _case(self, where: str, a: pd.Series, b: pd.Series) -> Case:
        missing = " and ".join(dict.fromkeys(str(row["model"]) for row in (a, b) if math.isnan(row[self.metric])))
        if missing:
            return not_judged(where, MISSING, f"no {self.words(self.metric)} of {missing} that can be used")
        if self.metric == "accuracy" and (why := scores.conflict(pd.DataFrame([a, b]))):
            return not_judged(where, DIFFERENT, why)
        if self.metric == "energy" and "modelled" in (a["kind"], b["kind"]):
            times = digits(a["energy"] / b["energy"])
            return undecided(where, MODELLED, f"ratio {times}, modelled and not measured")
        found = _compared(self.metric, a, b)
        if math.isnan(found.high):
            return undecided(where, "there is no interval", found.words)
        return self.judge(where, found)


def _against(one: str, other: str) -> str:
    return one if one == other else f"{one} against {other}"


def _compared(metric: str, a: pd.Series, b: pd.Series) -> Compared:
    if metric == "accuracy":
        return _scores(a, b)
    if metric in _SHARED:  # a model without parameters has none, and none is once as many as none
        times = a[metric] / b[metric] if b[metric] else math.inf if a[metric] else 1.0
        return Compared(times, times, times, f"{si(a[metric])} and {si(b[metric])}, ratio {digits(times)}")
    times = a[metric] / b[metric]
    if metric == "memory":
        words = f"{si(a['memory'], 'B')} and {si(b['memory'], 'B')}, ratio {digits(times)}"
        low, high = times / (1 + MEMORY_TOLERANCE), times * (1 + MEMORY_TOLERANCE)
        return Compared(times, low, high, f"{words} (± 5 %, since memory has no interval)")
    found = ratio(interval(a, metric), interval(b, metric))
    sides = " and ".join(
        digits(1e3 * row[metric], significant(row[metric], row[f"{metric}_low"], row[f"{metric}_high"]))
        for row in (a, b)
    )
    words = f"{sides} {_UNITS[metric]}, ratio {bracketed(found.value, found.low, found.high)}"
    return Compared(found.value, found.low, found.high, words, measured=True)


def _scores(a: pd.Series, b: pd.Series) -> Compared:
    values = [interval(row, "accuracy") for row in (a, b)]
    found, paired = scores.difference(a, b, *values)
    unit, scale = a["unit"], scores.scale(a["unit"])
    sides = " and ".join(scored(value.value, value.low, value.high, unit) for value in values)
    apart = f"{bracketed(found.value, found.low, found.high, scale)} {scores.unit_of_difference(unit)}".strip()
    how = f", on the same {plural(int(a['examples']), 'example')} one by one" if paired else ""
    words = f"{sides}, difference {apart}{how}"
    return Compared(found.value, found.low, found.high, words, is_difference=True, scale=scale)
