"""The Pareto fronts in words: which variants are on them, which the intervals leave open, and which are dominated by which."""

import pandas as pd

from joulesweep.analysis.report.markdown import text
from joulesweep.analysis.report.points import WORDS, data_of, variant, words_of
from joulesweep.formatting import digits, enumeration, percent, plural
from joulesweep.merged.base_points import interval
from joulesweep.merged.fronts import COMPARABLE, COSTS, gain, ranked
from joulesweep.uncertainty import pareto
from joulesweep.uncertainty.ratio import difference, ratio

_NEEDED = {"latency": "time", "energy": "energy", "memory": "memory", "weights": "space for its weights"}
_MOST = 4  # variants that are named; more are counted
_MOST_DOMINATED = 3
_ABOUT_EQUAL = 1.05  # below this ratio, what is needed more is a percentage


def sentences(points: pd.DataFrame) -> list[str]:
    """One line per device, data set, metric and cost; `points` are the base points. Empty where no variant has an accuracy."""
    rows = points[points["accuracy"].notna()]
    telling = [name for name in ("device", *COMPARABLE) if rows[name].nunique() > 1]
    groups = [own for _, own in rows.groupby(["device", *COMPARABLE], sort=False)]
    return [_line(own, cost, telling) for own in groups for cost in COSTS]


def _line(rows: pd.DataFrame, cost: str, telling: list[str]) -> str:
    """What one cost says about the rows of one device, data set and metric; the title names what of the `telling` differs."""
    compared = ranked(rows, cost)
    modelled = cost == "energy" and "modelled" in set(compared["kind"])
    words = f"{'modelled ' if modelled else ''}{WORDS[cost]}"
    where = f" on {text(rows.iloc[0]['device'])}" if "device" in telling else ""
    data = f", {data_of(rows.iloc[0])}" if set(COMPARABLE).intersection(telling) else ""
    parts = (
        _parts(compared, cost) if len(compared) > 1 else [f"There are no two variants whose {words} can be compared."]
    )
    return " ".join([f"**{words[0].upper()}{words[1:]}{where}{data}:**", *parts, *_left_out(rows, compared, cost)])


def _parts(compared: pd.DataFrame, cost: str) -> list[str]:
    best, possible, beaten = (
        compared[compared["standing"] == standing] for standing in (pareto.BEST, pareto.POSSIBLE, pareto.BEATEN)
    )
    on_front = _named(best) if len(best) else "no variant"
    parts = [f"On the front beyond the intervals: {on_front}."]
    if len(possible):
        parts.append(f"Left open by the intervals: {_named(possible)}.")
    beaten = beaten.sort_values("gain", ascending=False, kind="stable")
    for _, row in beaten.head(_MOST_DOMINATED).iterrows():
        other = compared.loc[row["beaten_by"]]
        parts.append(f"{variant(row)} is dominated by {variant(other)}: it {_worse(row, other, cost)}.")
    if (more := len(beaten) - _MOST_DOMINATED) > 0:
        parts.append(f"{plural(more, 'further variant')} {_are(more)} dominated.")
    return parts


def _named(rows: pd.DataFrame) -> str:
    """The names of a few variants, and how many others there are."""
    names = [variant(row) for _, row in rows.iterrows()]
    more = [plural(len(names) - _MOST, "other variant")] if len(names) > _MOST else []
    return enumeration([*names[:_MOST], *more])


def _worse(own: pd.Series, other: pd.Series, cost: str) -> str:
    """In what a variant is worse than one that dominates it; one of the two is beyond the intervals."""
    times = ratio(interval(own, cost), interval(other, cost))
    lost = difference(gain(other), gain(own))
    needed = _NEEDED[cost]
    if not times.low > 1:
        needs = f"needs no less {needed}"
    elif times.value < _ABOUT_EQUAL:
        needs = f"needs {percent(times.value - 1)} more {needed}"
    else:
        needs = f"needs {digits(times.value, 2)} times the {needed}"
    return f"{needs}, and its {words_of(own, 'accuracy')} is {'worse' if lost.low > 0 else 'not better'}"


def _left_out(rows: pd.DataFrame, compared: pd.DataFrame, cost: str) -> list[str]:
    """Which of the rows are not compared, in numbers."""
    others = rows.drop(compared.index)
    modelled = int((others["kind"] == "modelled").sum()) if cost == "energy" else 0
    without = len(others) - modelled
    said = []
    if modelled:
        said.append(
            f"{plural(modelled, 'variant')} with modelled energy {_are(modelled)} not compared with measured energy."
        )
    if without:
        said.append(f"{plural(without, 'variant')} {_are(without)} left out: no {WORDS[cost]} that can be used.")
    return said


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
