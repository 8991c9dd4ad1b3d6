"""The metrics by which models are judged on labelled data: their words, their unit, their direction, and what two of them differ by.

A row here is one of the table of accuracy, or one of base points, which have its columns.
"""

from contextlib import suppress
from functools import cache

import numpy as np
import pandas as pd

from joulesweep import plugins
from joulesweep.errors import UserError
from joulesweep.formatting import enumeration
from joulesweep.launches.packing import unpack
from joulesweep.uncertainty import ratio
from joulesweep.uncertainty.interval import Interval

SHARE = "%"  # the unit of a value that people read in percent
_SAME = ["metric", "data_digest"]  # of rows whose values can be compared


def words(metric: str) -> str:
    """A metric in a sentence; one that another device has and this version does not know has its name only."""
    return _declared(metric, "words") or metric


def how_interval(metric: str) -> str:
    """How the interval of a metric is made, in words; empty where the metric is not known here."""
    return _declared(metric, "interval")


@cache
def _declared(metric: str, attribute: str) -> str:
    with suppress(UserError):
        return str(plugins.declared("metrics", metric, attribute))
    return ""


def scale(unit: str) -> float:
    """By what a value is multiplied for people."""
    return 100.0 if unit == SHARE else 1.0


def unit_of_difference(unit: str) -> str:
    """The unit in which two values differ, for people."""
    return "percentage points" if unit == SHARE else ""


def gain(row: pd.Series, value: Interval) -> Interval:
    """The value of a row so that more is better: with the other sign where a smaller one is the better."""
    return value if row["higher_is_better"] == 1 else Interval(-value.value, -value.high, -value.low)


def conflict(rows: pd.DataFrame) -> str:
    """Why the values of rows cannot be compared; empty where all are of one metric on the same examples."""
    if len(rows[_SAME].drop_duplicates()) < 2:
        return ""
    kinds = sorted({_kind(row) for _, row in rows.iterrows()})
    return f"{enumeration(kinds)} cannot be compared" if len(kinds) > 1 else f"the examples of {kinds[0]} differ"


def _kind(row: pd.Series) -> str:
    return f"{words(row['metric'])} on {row['dataset']}"


def difference(a: pd.Series, b: pd.Series, value_a: Interval, value_b: Interval) -> tuple[Interval, bool]:
    """The value of `a` less that of `b`, both of one metric, and whether it is from the same examples, one by one.

    Then what both got wrong does not widen its interval. Otherwise the two are taken as independent; also where no example shows a
    difference, of which a bootstrap would conclude that there never is one.
    """
    if a["data_digest"] == b["data_digest"]:
        with suppress(UserError, ValueError):  # an unknown metric, nothing kept, or another version's
            first, second = (_scores(row) for row in (a, b))
            if first.shape == second.shape:
                found = plugins.load("metrics", a["metric"])().difference(first, second)
                if found.low < found.high:
                    return found, True
    return ratio.difference(value_a, value_b), False


def _scores(row: pd.Series) -> np.ndarray:
    """What the metric keeps of each example, [examples, numbers].

    Raises:
        ValueError: nothing was kept.
    """
    return unpack(row["per_example"]).reshape(int(row["examples"]), -1)
