"""Checks the configured hypotheses: supported, refuted or undecided, each with the numbers behind it.

A hypothesis is a claim about every case that it covers (each device, and each runtime or variant): it is supported where
every case supports it, refuted where one case refutes it, and undecided otherwise. A case that is modelled decides
nothing, because a model of energy is built from time.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from joulesweep.analysis.statistics import rank_correlation, scaling
from joulesweep.formatting import accuracy, digits, relative_half_width, si
from joulesweep.merged.base_points import METRICS
from joulesweep.merged.load import VARIANT, Merged, sweep
from joulesweep.significance import LEVEL

SUPPORTED, REFUTED, UNDECIDED = "supported", "refuted", "undecided"

TOLERANCE = 0.1  # how far from 1 an exponent may lie and still be called linear
_MEMORY_TOLERANCE = 0.05  # memory comes without an interval: closer than this decides nothing

WORDS = {
    "latency": "latency",
    "energy": "energy of a pass",
    "accuracy": "accuracy",
    "params": "number of parameters",
    "flops": "number of floating-point operations",
    "memory": "peak memory",
}
_SHARED = ("params", "flops")


@dataclass(frozen=True)
class Case:
    """One thing that a hypothesis covers: where, what was found there, and the numbers."""

    where: str
    verdict: str
    numbers: str


@dataclass(frozen=True)
class Finding:
    """A hypothesis in words, its verdict, why (where a word is needed), and its cases."""

    sentence: str
    because: str
    verdict: str
    reason: str
    cases: list[Case]


def check(hypothesis: Mapping[str, Any], merged: Merged, points: pd.DataFrame) -> Finding:
    """The finding on one hypothesis; `points` is the table of base points."""
    metric = hypothesis["metric"]
    if "less_than" in hypothesis:
        sentence = (
            f"The {WORDS[metric]} of {_name(hypothesis['of'])} is less than that of {_name(hypothesis['less_than'])}."
        )
        cases = list(_less_than(metric, hypothesis["of"], hypothesis["less_than"], points))
    elif "tracks" in hypothesis:
        sentence = f"Over the models, the {WORDS[metric]} tracks the {WORDS[hypothesis['tracks']]}."
        cases = list(_tracks(metric, hypothesis["tracks"], points))
    else:
        sentence = f"The {WORDS[metric]} grows linearly with {hypothesis['with']}."
        cases = list(_grows(metric, hypothesis["with"], merged))
    verdict, reason = _of_all(cases)
    return Finding(sentence, hypothesis.get("because", ""), verdict, reason, cases)


def _of_all(cases: list[Case]) -> tuple[str, str]:
    if not cases:
        return UNDECIDED, "nothing to compare was measured"
    verdicts = [case.verdict for case in cases]
    if all(verdict == SUPPORTED for verdict in verdicts):
        return SUPPORTED, ""
    if REFUTED in verdicts:
        held = verdicts.count(SUPPORTED)
        return REFUTED, "" if len(
            cases
        ) == 1 else f"in {verdicts.count(REFUTED)} of {len(cases)} cases (supported in {held})"
    if all(verdict == f"{UNDECIDED}: modelled" for verdict in verdicts):
        return UNDECIDED, "modelled"
    if len(cases) == 1:
        return UNDECIDED, verdicts[0].removeprefix(UNDECIDED).removeprefix(": ")
    return UNDECIDED, f"{verdicts.count(SUPPORTED)} of {len(cases)} cases support it, the rest decide nothing"


def _less_than(metric: str, of: str, than: str, points: pd.DataFrame) -> Iterator[Case]:
    """One case a device and runtime that both sides have; parameters and FLOPs are the same everywhere: one case."""
    (model, runtime), (other, other_runtime) = _split(of), _split(than)
    for device, rows in points.groupby("device"):
        left, right = rows[rows["model"] == model], rows[rows["model"] == other]
        if runtime and other_runtime:
            pairs = [(runtime, other_runtime)]
        else:
            shared = [name for name in left["runtime"] if name in set(right["runtime"])]
            pairs = [(name, name) for name in shared if name == (runtime or other_runtime or name)]
        for mine, others in pairs:
            a, b = left[left["runtime"] == mine], right[right["runtime"] == others]
            on = mine if mine == others else f"{mine} against {others}"
            if len(a) and len(b):
                yield _compare(metric, "" if metric in _SHARED else f"{on} on {device}", a.iloc[0], b.iloc[0])
            if metric in _SHARED:
                return


def _compare(metric: str, where: str, a: pd.Series, b: pd.Series) -> Case:
    missing = " and ".join(str(row["model"]) for row in (a, b) if math.isnan(row[metric]))
    if missing:
        return Case(where, f"{UNDECIDED}: missing", f"no {WORDS[metric]} of {missing} at the base point")
    if metric == "energy" and "modelled" in (a["kind"], b["kind"]):
        ratio = digits(a[metric] / b[metric])
        return Case(where, f"{UNDECIDED}: modelled", f"modelled, not measured: ratio {ratio}")
    if metric in _SHARED:
        text = f"{si(a[metric])} against {si(b[metric])}"
        return Case(where, SUPPORTED if a[metric] < b[metric] else REFUTED, text)
    if metric == "accuracy":
        return _compare_accuracy(where, a, b)
    ratio = a[metric] / b[metric]
    if metric == "memory":
        low, high = ratio / (1 + _MEMORY_TOLERANCE), ratio * (1 + _MEMORY_TOLERANCE)
        text = f"{si(a[metric], 'B')} against {si(b[metric], 'B')}, ratio {digits(ratio)} (no interval; ± 5 % is taken as equal)"
    else:
        halves = [math.log1p(relative_half_width(row[f"{metric}_low"], row[f"{metric}_high"])) for row in (a, b)]
        half = math.hypot(*halves)
        low, high = ratio * math.exp(-half), ratio * math.exp(half)
        unit = "ms" if metric == "latency" else "mJ"
        text = f"{digits(1e3 * a[metric])} against {digits(1e3 * b[metric])} {unit}, ratio {digits(ratio)}"
        text += f" [{digits(low)}, {digits(high)}]" if math.isfinite(half) else " (no interval)"
    return Case(where, _against(1.0, low, high), text)


def _compare_accuracy(where: str, a: pd.Series, b: pd.Series) -> Case:
    difference = a["accuracy"] - b["accuracy"]
    half = math.hypot(*((row["accuracy_high"] - row["accuracy_low"]) / 2 for row in (a, b)))
    text = f"{accuracy(a['accuracy'])} against {accuracy(b['accuracy'])} %, difference {100 * difference:.1f} ± {100 * half:.1f} points"
    return Case(where, _against(0.0, difference - half, difference + half), text)


def _against(limit: float, low: float, high: float) -> str:
    """Whether an interval lies below a limit (supported), above it (refuted), or holds it or is none (undecided)."""
    if high < limit:
        return SUPPORTED
    return REFUTED if low > limit else f"{UNDECIDED}: the interval of the comparison includes equality"


def _tracks(metric: str, other: str, points: pd.DataFrame) -> Iterator[Case]:
    """One case a device and runtime, one dot a model."""
    for (device, runtime), rows in points.groupby(["device", "runtime"], sort=False):
        dots = rows[rows[metric].notna() & rows[other].notna()]
        where = f"{runtime} on {device}"
        if len(dots) < 3:
            yield Case(
                where, f"{UNDECIDED}: too few models", f"n = {len(dots)}; a rank correlation needs 3 models or more"
            )
            continue
        found = rank_correlation.spearman(dots[metric].tolist(), dots[other].tolist())
        how = "exact permutation" if found.exact else "random permutations"
        text = f"ρ = {found.rho:.2f}, p = {digits(found.p, 2)} ({how}), n = {found.n} models"
        if "energy" in (metric, other) and "modelled" in set(dots["kind"]):
            yield Case(where, f"{UNDECIDED}: modelled", f"{text}; modelled from time, so it tracks by construction")
        elif math.isnan(found.rho):
            yield Case(where, f"{UNDECIDED}: all equal", f"n = {found.n}; all values of one side are equal")
        elif found.p >= LEVEL:
            few = (
                f"; with so few models p cannot be below {digits(found.smallest_p, 2)}"
                if found.smallest_p >= LEVEL
                else ""
            )
            yield Case(where, f"{UNDECIDED}: chance is not ruled out", text + few)
        else:
            yield Case(where, SUPPORTED if found.rho > 0 else REFUTED, text)


def _grows(metric: str, axis: str, merged: Merged) -> Iterator[Case]:
    """One case a variant and device that has the sweep; none for what no sweep measures, such as accuracy."""
    if metric not in ("latency", "energy", "memory"):
        return
    table, column, *_ = METRICS[metric]
    measured = merged.ok(table)
    for (device, model, runtime), rows in sweep(measured[measured[column].notna()], axis).groupby(VARIANT, sort=False):
        where = f"{model} @ {runtime} on {device}"
        if metric == "energy" and "modelled" in set(rows["kind"]):
            yield Case(where, f"{UNDECIDED}: modelled", "modelled, not measured")
            continue
        if len(rows) < scaling.FEWEST:
            yield Case(
                where, f"{UNDECIDED}: too few values", f"{len(rows)} values of {axis}; a slope with an interval needs 3"
            )
            continue
        slope = scaling.exponent(rows[axis].tolist(), rows[column].tolist())
        text = f"exponent {slope.value:.2f} [{slope.low:.2f}, {slope.high:.2f}] over {', '.join(f'{v:g}' for v in rows[axis])}"
        if slope.low >= 1 - TOLERANCE and slope.high <= 1 + TOLERANCE:
            yield Case(where, SUPPORTED, text)
        elif slope.high < 1 - TOLERANCE or slope.low > 1 + TOLERANCE:
            yield Case(where, REFUTED, text)
        else:
            yield Case(where, f"{UNDECIDED}: the interval crosses the limits", text)


def _split(variant: str) -> tuple[str, str]:
    model, _, runtime = variant.partition("@")
    return model.strip(), runtime.strip()


def _name(variant: str) -> str:
    return " @ ".join(part for part in _split(variant) if part)
