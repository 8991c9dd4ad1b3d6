"""`tracks`: over the models, one metric rises with another, by Spearman's rank correlation."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from joulesweep.formatting import digits, enumeration
from joulesweep.hypotheses.base import MODELLED, REFUTED, SUPPORTED, WORDS, Case, undecided
from joulesweep.merged.load import Merged
from joulesweep.uncertainty import rank_correlation, significance


def sentence(hypothesis: Mapping[str, Any]) -> str:
    """The hypothesis in words."""
    return f"Across the models, the {WORDS[hypothesis['metric']]} rises with the {WORDS[hypothesis['tracks']]}."


def cases(hypothesis: Mapping[str, Any], merged: Merged, points: pd.DataFrame) -> Iterator[Case]:
    """One case per device and runtime, with one dot per model."""
    metric, other = hypothesis["metric"], hypothesis["tracks"]
    for (device, runtime), rows in points.groupby(["device", "runtime"], sort=False):
        where = f"{runtime} on {device}"
        missing = [WORDS[name] for name in dict.fromkeys((metric, other)) if rows[name].isna().all()]
        if missing:
            yield undecided(where, "a value is missing", f"no model has {enumeration(missing)} at the base point")
            continue
        yield _of_runtime(where, metric, other, rows[rows[metric].notna() & rows[other].notna()])


def _of_runtime(where: str, metric: str, other: str, dots: pd.DataFrame) -> Case:
    fewest = significance.fewest()
    if len(dots) < rank_correlation.FEWEST:
        numbers = f"n = {len(dots)}; {fewest} models or more can decide it"
        return undecided(where, "too few models", numbers)
    correlation = rank_correlation.spearman(dots[metric].tolist(), dots[other].tolist())
    if math.isnan(correlation.rho):
        return undecided(where, "ρ is undefined", f"all values of one side are equal, n = {correlation.n}")
    how = "exact" if correlation.exact else "from random permutations"
    numbers = f"ρ = {correlation.rho:.2f}, p = {digits(correlation.p, 2)} ({how}), n = {correlation.n}"
    if "energy" in (metric, other) and "modelled" in set(dots["kind"]):
        return undecided(where, MODELLED, f"{numbers}; modelled energy is computed from time, so it follows latency")
    if len(dots) < fewest:
        few = f"with {correlation.n} models p cannot be below {digits(significance.smallest_p(correlation.n), 2)}"
        return undecided(where, f"too few models, {fewest} or more can decide it", f"{numbers}; {few}")
    if correlation.p >= significance.LEVEL:
        return undecided(where, f"it may be chance, p is not below {significance.LEVEL:g}", numbers)
    return Case(where, SUPPORTED if correlation.rho > 0 else REFUTED, "", numbers)
