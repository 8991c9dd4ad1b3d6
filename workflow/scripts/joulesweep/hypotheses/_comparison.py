"""`less_than`: a metric of one model or variant is smaller than that of another."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from joulesweep.formatting import bracketed, digits, relative_half_width, si, significant
from joulesweep.formatting import percent_number as in_percent
from joulesweep.hypotheses.base import MODELLED, REFUTED, SUPPORTED, WORDS, Case, undecided
from joulesweep.merged.load import Merged

_MEMORY_TOLERANCE = 0.05  # memory has no interval: values closer than this count as equal
_SHARED = ("params", "flops")  # the same on every device and in every runtime
_UNITS = {"latency": "ms", "energy": "mJ"}


def sentence(hypothesis: Mapping[str, Any]) -> str:
    """The hypothesis in words."""
    of, than = _name(hypothesis["of"]), _name(hypothesis["less_than"])
    return f"The {WORDS[hypothesis['metric']]} of {of} is less than that of {than}."


def cases(hypothesis: Mapping[str, Any], merged: Merged, points: pd.DataFrame) -> Iterator[Case]:
    """One case per device and runtime that both sides have; one case in all for parameters and FLOPs."""
    metric = hypothesis["metric"]
    (model, runtime), (other, other_runtime) = _split(hypothesis["of"]), _split(hypothesis["less_than"])
    for device, rows in points.groupby("device"):
        left, right = rows[rows["model"] == model], rows[rows["model"] == other]
        if runtime and other_runtime:
            pairs = [(runtime, other_runtime)]
        else:
            shared = [name for name in left["runtime"] if name in set(right["runtime"])]
            pairs = [(name, name) for name in shared if name == (runtime or other_runtime or name)]
        for own, others in pairs:
            a, b = left[left["runtime"] == own], right[right["runtime"] == others]
            on = own if own == others else f"{own} against {others}"
            if len(a) and len(b):
                yield _compare(metric, "" if metric in _SHARED else f"{on} on {device}", a.iloc[0], b.iloc[0])
            if metric in _SHARED:
                return


def _compare(metric: str, where: str, a: pd.Series, b: pd.Series) -> Case:
    missing = " and ".join(str(row["model"]) for row in (a, b) if math.isnan(row[metric]))
    if missing:
        return undecided(
            where, "a value is missing", f"no {WORDS[metric]} of {missing} at the base point that can be used"
        )
    if metric == "energy" and "modelled" in (a["kind"], b["kind"]):
        return undecided(where, MODELLED, f"ratio {digits(a[metric] / b[metric])}, modelled and not measured")
    if metric in _SHARED:
        return Case(where, SUPPORTED if a[metric] < b[metric] else REFUTED, "", f"{si(a[metric])} and {si(b[metric])}")
    if metric == "accuracy":
        return _compare_accuracy(where, a, b)
    if metric == "memory":
        return _compare_memory(where, a, b)
    ratio = a[metric] / b[metric]
    halves = [math.log1p(relative_half_width(row[f"{metric}_low"], row[f"{metric}_high"])) for row in (a, b)]
    half = math.hypot(*halves)
    low, high = ratio * math.exp(-half), ratio * math.exp(half)
    sides = " and ".join(
        digits(1e3 * row[metric], significant(row[metric], row[f"{metric}_low"], row[f"{metric}_high"]))
        for row in (a, b)
    )
    numbers = f"{sides} {_UNITS[metric]}, ratio {bracketed(ratio, low, high)}"
    if not math.isfinite(half):
        return undecided(where, "there is no interval", numbers)
    return _judge(where, 1.0, low, high, "the interval of the ratio includes 1", numbers)


def _compare_memory(where: str, a: pd.Series, b: pd.Series) -> Case:
    ratio = a["memory"] / b["memory"]
    numbers = f"{si(a['memory'], 'B')} and {si(b['memory'], 'B')}, ratio {digits(ratio)}"
    low, high = ratio / (1 + _MEMORY_TOLERANCE), ratio * (1 + _MEMORY_TOLERANCE)
    return _judge(where, 1.0, low, high, "memory has no interval, so values within 5 % count as equal", numbers)


def _compare_accuracy(where: str, a: pd.Series, b: pd.Series) -> Case:
    difference = a["accuracy"] - b["accuracy"]
    half = math.hypot(*((row["accuracy_high"] - row["accuracy_low"]) / 2 for row in (a, b)))
    low, high = difference - half, difference + half
    sides = " and ".join(in_percent(row["accuracy"], row["accuracy_low"], row["accuracy_high"]) for row in (a, b))
    numbers = f"{sides} %, difference {bracketed(difference, low, high, 100)} percentage points"
    return _judge(where, 0.0, low, high, "the interval of the difference includes 0", numbers)


def _judge(where: str, limit: float, low: float, high: float, why: str, numbers: str) -> Case:
    """Supported where the interval lies below the limit, refuted where it lies above it, undecided where it holds it."""
    if high < limit:
        return Case(where, SUPPORTED, "", numbers)
    return Case(where, REFUTED, "", numbers) if low > limit else undecided(where, why, numbers)


def _split(variant: str) -> tuple[str, str]:
    model, _, runtime = variant.partition("@")
    return model.strip(), runtime.strip()


def _name(variant: str) -> str:
    return " @ ".join(part for part in _split(variant) if part)
