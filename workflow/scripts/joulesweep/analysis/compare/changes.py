"""What changed between two states of the results, point by point.

A point has changed if the interval of the ratio of its two figures (for accuracy: of the difference) excludes equality.
Many points are compared at once, so each interval is widened until the chance of any false alarm in the whole comparison
is at most 5 % (Bonferroni's correction, with Student's t for the launches that each figure rests on).
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from joulesweep.analysis.report.markdown import text
from joulesweep.analysis.report.points import name_of, point_of
from joulesweep.axes import AXES
from joulesweep.formatting import bracketed, digits, enumeration, scored, with_interval
from joulesweep.merged import scores
from joulesweep.merged.load import Merged
from joulesweep.uncertainty.interval import Interval
from joulesweep.uncertainty.ratio import ratio

_LEVEL = 0.05  # the chance of any false alarm in the whole comparison
_MEMORY_HALF = 0.05  # memory has no interval: figures closer than this count as equal
_MANY = 30  # values from which Student's t is near the normal distribution
_FAILED = ("oom", "timeout", "crashed", "error", "unsupported")


@dataclass(frozen=True)
class Metric:
    """A metric: its table, the columns of the figure, of its interval, and of the number of values behind it."""

    name: str
    table: str
    figure: str
    low: str
    high: str
    values: str
    worse: str
    better: str


METRICS = (
    Metric("latency", "latency", "corrected_s", "ci_low_s", "ci_high_s", "launches", "slower", "faster"),
    Metric("energy", "energy", "energy_J", "ci_low_J", "ci_high_J", "windows", "hungrier", "thriftier"),
    Metric("accuracy", "accuracy", "value", "ci_low", "ci_high", "", "worse", "better"),
    Metric("memory", "latency", "peak_bytes", "", "", "", "more memory", "less memory"),
)


@dataclass(frozen=True)
class Change:
    """One figure of one point in both states; `verdict` is empty where they do not differ beyond their noise."""

    metric: str
    point: str
    before: str
    after: str
    ratio: str
    verdict: str
    is_worse: bool
    noticeable: (
        float  # the smallest change that would have been noticed: relative, of accuracy in the unit that people read
    )


def changes(before: Merged, after: Merged, names: Mapping[str, str]) -> Iterator[Change]:
    """Every figure that is in both states; `names` says what a device of the earlier one is called now."""
    pairs = {metric: list(_pairs(metric, before, after, names)) for metric in METRICS}
    noisy = sum(len(found) for metric, found in pairs.items() if metric.low)
    for metric, found in pairs.items():
        for a, b in found:
            # An interval of energy borrows from the other points of its device (uncertainty/moderated.py).
            points = len(found) if metric.name == "energy" else 1
            yield _change(metric, a, b, noisy, points)
    for metric in METRICS:
        yield from _failures(metric, before, after, names)


def _failures(metric: Metric, before: Merged, after: Merged, names: Mapping[str, str]) -> Iterator[Change]:
    """Points that had a figure and fail now; one that is no longer configured, or whose meter is gone, is none."""
    if not metric.low:
        return  # memory is in the same row as latency
    earlier = _by_key(_usable(metric, before), names)
    for key, b in _by_key(_failing(metric, after)).items():
        if (a := earlier.get(key)) is not None:
            status = f"{b['status']}: {b['message']}" if b["message"] else str(b["status"])
            yield Change(metric.name, _point(b), _words(metric, a), text(status), "–", "fails", True, math.nan)


def left_out(metric: Metric, before: Merged, after: Merged, names: Mapping[str, str]) -> Iterator[str]:
    """Which points have no comparison, and why: one sentence per reason."""
    old, new = _by_key(getattr(before, metric.table), names), _by_key(getattr(after, metric.table))
    compared = {_key(row, row["device"]) for _, row in _pairs(metric, before, after, names)}
    failed = set(_by_key(_usable(metric, before), names)) & set(_by_key(_failing(metric, after)))
    reasons: dict[str, list[str]] = {}
    for key in dict.fromkeys([*new, *old]):
        if key not in compared | failed:
            a, b = old.get(key), new.get(key)
            reasons.setdefault(_reason(a, b), []).append(name_of(a if b is None else b))
    for reason, variants in reasons.items():
        yield f"{metric.name} of {enumeration(list(dict.fromkeys(variants)))} is not compared: {reason}"


def _reason(a: pd.Series | None, b: pd.Series | None) -> str:
    if a is None or b is None:
        return "measured only now" if a is None else "measured only before"
    if not _same(a, b):
        return "it is another model or input, or other data" if "data_digest" in a else "it is another model or input"
    if "modelled" in (a.get("kind"), b.get("kind")):
        return "it is modelled, that is computed from time"
    return "a figure is missing or cannot be used"


def _same(a: pd.Series, b: pd.Series) -> bool:
    """Whether two rows are of one model with one input, and of accuracy on the same examples by the same metric."""
    names = ("model_digest", "input_digest", "data_digest", "metric")
    return all(a[name] == b[name] for name in names if name in a)


def _by_key(rows: pd.DataFrame, names: Mapping[str, str] | None = None) -> dict[tuple[Any, ...], pd.Series]:
    """Rows by device, model, runtime and point; `names` says what a device is called in the other state."""
    return {_key(row, (names or {}).get(row["device"], row["device"])): row for _, row in rows.iterrows()}


def _pairs(
    metric: Metric, before: Merged, after: Merged, names: Mapping[str, str]
) -> Iterator[tuple[pd.Series, pd.Series]]:
    """The rows of the same point of the same model in both states."""
    earlier = _by_key(_usable(metric, before), names)
    for key, b in _by_key(_usable(metric, after)).items():
        a = earlier.get(key)
        if a is not None and _same(a, b):
            yield a, b


def _usable(metric: Metric, state: Merged) -> pd.DataFrame:
    """Rows with a measured figure from which something may be concluded."""
    rows = state.sound(metric.table)
    rows = rows[rows[metric.figure].notna()]
    if metric.low:
        rows = rows[rows[metric.low].notna() & rows[metric.high].notna()]
    return rows[rows["kind"] == "measured"] if "kind" in rows else rows


def _failing(metric: Metric, state: Merged) -> pd.DataFrame:
    rows = getattr(state, metric.table)
    return rows[(rows["configured"] == "yes") & rows["status"].isin(_FAILED)]


def _key(row: pd.Series, device: str) -> tuple[Any, ...]:
    axes = (row[axis] for axis in AXES if axis in row)
    return (device, row["model"], row["runtime"], *(None if value != value else value for value in axes))


def _change(metric: Metric, a: pd.Series, b: pd.Series, comparisons: int, points: int = 1) -> Change:
    wider = _wider(metric, a, b, comparisons, points) if metric.low else 1.0
    old, new = a[metric.figure], b[metric.figure]
    if metric.name == "accuracy":
        found, _ = scores.difference(b, a, _interval(metric, b), _interval(metric, a))
        half, scale = wider * (found.high - found.low) / 2, scores.scale(b["unit"])
        value, low, high = found.value, found.value - half, found.value + half
        change = scores.gain(b, Interval(value, low, high))
        verdict = metric.better if change.low > 0 else metric.worse if change.high < 0 else ""
        words = f"{bracketed(value, low, high, scale)} {scores.unit_of_difference(b['unit'])}".strip()
        noticeable = half * scale
    else:
        half = _MEMORY_HALF
        if metric.low:
            found = ratio(_interval(metric, b), _interval(metric, a))
            half = wider * math.log(found.high / found.value)
        value, low, high = new / old, new / old * math.exp(-half), new / old * math.exp(half)
        verdict = metric.worse if low > 1 else metric.better if high < 1 else ""
        words, noticeable = bracketed(value, low, high), math.expm1(half)
    was, now = _words(metric, a), _words(metric, b)
    return Change(metric.name, _point(b), was, now, words, verdict, verdict == metric.worse, noticeable)


def _interval(metric: Metric, row: pd.Series) -> Interval:
    return Interval(row[metric.figure], row[metric.low], row[metric.high])


def _point(row: pd.Series) -> str:
    return f"{name_of(row)} at {point_of(row)}" if "base_batch" in row else name_of(row)


def _wider(metric: Metric, a: pd.Series, b: pd.Series, comparisons: int, points: int) -> float:
    """By which factor an interval of 95 % must grow so that so many comparisons give no false alarm in 95 of 100 cases.

    `points` is how many points the spread behind the interval comes from.
    """
    from scipy.stats import t

    fewest = min(a[metric.values], b[metric.values]) if metric.values else _MANY
    free = max(1, min(_MANY, points * (int(fewest) - 1)))
    return float(t.ppf(1 - _LEVEL / 2 / comparisons, free) / t.ppf(0.975, free))


def _words(metric: Metric, row: pd.Series) -> str:
    """The figure of a row, as a person reads it."""
    if metric.name == "accuracy":
        return f"{text(scores.words(row['metric']))} {scored(row['value'], row['ci_low'], row['ci_high'], row['unit'])}"
    if metric.name == "memory":
        return f"{digits(row['peak_bytes'] / 1e6)} MB"
    unit = {"latency": "ms", "energy": "mJ"}[metric.name]
    return with_interval(row[metric.figure], row[metric.low], row[metric.high], 1e3, unit)
