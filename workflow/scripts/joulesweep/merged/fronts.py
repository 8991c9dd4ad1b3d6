"""The Pareto front of accuracy against a cost: which variants are worth having, as far as the intervals tell."""

import pandas as pd

from joulesweep.merged import scores
from joulesweep.merged.base_points import interval
from joulesweep.uncertainty import pareto
from joulesweep.uncertainty.interval import Interval

COSTS = ("latency", "energy", "memory", "weights")
COMPARABLE = ["dataset", "metric"]  # accuracies that differ in one of these cannot be ranked


def gain(row: pd.Series) -> Interval:
    """The accuracy of a base point so that more is better, whatever its metric."""
    return scores.gain(row, interval(row, "accuracy"))


def ranked(rows: pd.DataFrame, cost: str) -> pd.DataFrame:
    """Those of the rows that can be compared, the cheapest first; the rows are base points of one device, data set and metric.

    A row can be compared if it has an accuracy and the cost. Where one has a measured energy, those with a modelled energy
    cannot. Four columns are added: `gain` is the accuracy so that more is better, `standing` is a standing of `pareto`, `on_line`
    says whether no other row beats it by the figures only, and `beaten_by` is the index of a row that beats it, or None. Of
    several it is one that is not beaten itself if there is one, then one of the same model, then the cheapest.
    """
    rows = rows[rows["accuracy"].notna() & (rows[cost] > 0)]
    if cost == "energy" and "measured" in set(rows["kind"]):
        rows = rows[rows["kind"] == "measured"]
    rows = rows.sort_values(cost, kind="stable")
    choices = [(interval(row, cost), gain(row)) for _, row in rows.iterrows()]
    beaters, front, models = pareto.beaters(choices), pareto.front(choices), list(rows["model"])
    standings = pareto.standings(choices, beaters)

    def beater(place: int) -> object:
        places = sorted(
            beaters[place], key=lambda other: (standings[other] == pareto.BEATEN, models[other] != models[place])
        )
        return rows.index[places[0]] if places else None

    return rows.assign(
        gain=[choice[1].value for choice in choices],
        standing=standings,
        on_line=pd.Series([place in front for place in range(len(rows))], index=rows.index, dtype=bool),
        beaten_by=pd.Series([beater(place) for place in range(len(rows))], index=rows.index, dtype=object),
    )
