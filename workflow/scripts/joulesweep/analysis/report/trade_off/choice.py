"""Which variant to take, in one line per device: what `choose` asks for, the answer, and what it costs."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from joulesweep.analysis.report.markdown import text
from joulesweep.analysis.report.points import WORDS, data_of, figure_of, variant, words_of
from joulesweep.formatting import digits, enumeration, percent, plural
from joulesweep.merged import scores
from joulesweep.merged.choice import Decision, Limit, Pick, decide, limits
from joulesweep.merged.fronts import COMPARABLE

_MANY = 2  # times the limit, from which it is no longer said by how many percent a figure is above it


def asked(choose: Mapping[str, Any], points: pd.DataFrame) -> str:
    """The limits of the setting `choose` in words, accuracy by the metric and unit of the base points where they have one only."""
    evaluated = points[points["accuracy"].notna()]
    return enumeration([_least(limit, evaluated) if limit.is_least else _most(limit) for limit in limits(choose)])


def _most(limit: Limit) -> str:
    return f"{WORDS[limit.metric]} of at most {limit.number:g} {limit.unit}"


def _least(limit: Limit, evaluated: pd.DataFrame) -> str:
    metrics, units = (list(evaluated[name].unique()) for name in ("metric", "unit"))
    words = text(scores.words(metrics[0])) if len(metrics) == 1 else WORDS["accuracy"]
    unit = f" {units[0]}".rstrip() if len(units) == 1 else ", in the unit of each metric" if units else ""
    return f"{words} of at least {limit.number:g}{unit}"


def lines(choose: Mapping[str, Any], points: pd.DataFrame, devices: Sequence[str]) -> list[str]:
    """The answer for each device that `choose` means; `points` are the base points. Empty where nothing is asked."""
    bounds, named = limits(choose), choose.get("device", "")
    if not bounds:
        return []
    if not devices:
        return ["There are no results yet."]
    if named and named not in devices:
        return [f"There are no results of {text(named)}; there are some of {enumeration([*map(text, devices)])}."]
    return [
        f"**{text(device)}:** {_answer(decide(points[points['device'] == device], bounds), bounds)}"
        for device in ([named] if named else devices)
    ]


def _answer(decision: Decision, bounds: Sequence[Limit]) -> str:
    parts = [_picked(decision, bounds) if decision.picks else _missed(decision.nearest, bounds)]
    if decision.unranked:
        further = plural(decision.unranked, "further variant")
        parts.append(f"{further} {'meets' if decision.unranked == 1 else 'meet'} the limits, without an accuracy.")
    if count := len(decision.unjudged):
        metrics = dict.fromkeys(["latency", *(limit.metric for limit in bounds)])
        missing = [WORDS[metric] for metric in metrics if decision.unjudged[metric].isna().any()]
        parts.append(f"Not judged: {plural(count, 'variant')} without {' or '.join(missing)} that can be used.")
    for _, own in decision.less_is_better.groupby(COMPARABLE, sort=False):
        left_out = f"{plural(len(own), 'variant')} {'is' if len(own) == 1 else 'are'} left out"
        parts.append(f"On {data_of(own.iloc[0])}, less is better, so `min_accuracy` cannot limit it: {left_out}.")
    return " ".join(parts)


def _picked(decision: Decision, bounds: Sequence[Limit]) -> str:
    if len(decision.picks) == 1 and not decision.unmet:
        return _of_pick(decision.picks[0], bounds)
    answers = [f"On {data_of(pick.row)}, {_of_pick(pick, bounds)}" for pick in decision.picks]
    answers += [f"On {data_of(row)}, no variant meets every limit." for row in decision.unmet]
    return f"accuracies on different data or by different metrics are not ranked. {' '.join(answers)}"


def _of_pick(pick: Pick, bounds: Sequence[Limit]) -> str:
    row = pick.row
    costs = [f"{words_of(row, metric)} {figure_of(row, metric)}" for metric in WORDS if row[metric] == row[metric]]
    parts = [f"take **{variant(row)}**: {', '.join(costs)}."]
    if row["accuracy"] != row["accuracy"]:
        parts.append("No variant that meets the limits has an accuracy; it is the fastest of them.")
    elif pick.alike > 1:
        alike = f"the {pick.alike} that meet the limits and whose {words_of(row, 'accuracy')} the intervals do not tell apart"
        parts.append(f"It is the fastest of {alike}.")
    else:
        parts.append(f"Of those that meet the limits, it has the best {words_of(row, 'accuracy')}.")
    if pick.unsure:
        parts.append(f"But none meets them with its whole intervals: of this one, {_by_figure(pick.unsure)}.")
    if (other := pick.by_figures) is not None:
        unsure = [limit for limit in bounds if not limit.surely_allows(other)]
        parts.append(f"By the figures it would be {variant(other)}, of which {_by_figure(unsure)}.")
    return " ".join(parts)


def _by_figure(unsure: Sequence[Limit]) -> str:
    """Which limits a variant meets by its figure only."""
    words = enumeration([WORDS[limit.metric] for limit in unsure])
    return f"{words} {'is' if len(unsure) == 1 else 'are'} within the limit by the figure only"


def _missed(nearest: pd.Series | None, bounds: Sequence[Limit]) -> str:
    """The variant that is nearest to the limits, and by how much it misses which."""
    if nearest is None:
        return "no variant can be judged."
    misses = [_miss(limit, nearest) for limit in bounds if not limit.allows(nearest)]
    return f"no variant meets every limit. {variant(nearest)} is the nearest: {enumeration(misses)}."


def _miss(limit: Limit, row: pd.Series) -> str:
    what = f"its {words_of(row, limit.metric)} of {figure_of(row, limit.metric)} is"
    if limit.is_least:
        missing = digits(scores.scale(row["unit"]) * (limit.bound(row) - row[limit.metric]), 2)
        apart = f"{missing} {scores.unit_of_difference(row['unit'])}".strip()
        return f"{what} {apart} below the limit of {limit.words(row)}"
    times = limit.excess(row)
    over = f"{percent(times - 1)} above" if times < _MANY else f"{digits(times, 2)} times"
    return f"{what} {over} the limit of {limit.words(row)}"
