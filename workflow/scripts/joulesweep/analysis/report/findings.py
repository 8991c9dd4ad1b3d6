"""The answers in five lines: each says what was found, or what is missing for it."""

import math

import pandas as pd

from joulesweep.analysis.report.markdown import text
from joulesweep.formatting import bracketed, digits, enumeration, percent_number, plural, with_interval
from joulesweep.uncertainty import rank_correlation


def answers(points: pd.DataFrame, device: str, left_out: bool = False) -> list[str]:
    """Five lines on the base points of one device: speed, runtimes, energy, what predicts latency, accuracy.

    `left_out` says that rows of latency are left out, because they contradict themselves or determine nothing.
    """
    here = points[points["device"] == device]
    return [_speed(here, left_out), _runtimes(here, left_out), _energy(here), _predictors(here), _accuracy(here)]


def _variant(row: pd.Series) -> str:
    return text(f"{row['model']} @ {row['runtime']}")


def _speed(points: pd.DataFrame, left_out: bool) -> str:
    rows = points[points["latency"].notna()].sort_values("latency")
    if rows.empty and left_out:
        return "**Speed:** no latency that was measured at the base point can be used (‡)."
    if rows.empty:
        return "**Speed:** no latency was measured at the base point."
    fast, slow = rows.iloc[0], rows.iloc[-1]
    if len(rows) == 1:
        return f"**Speed:** {_variant(fast)} takes {_ms(fast)} per pass. Nothing else was measured."
    second = rows.iloc[1]
    tie = (
        f" (its interval overlaps with that of {_variant(second)})"
        if second["latency_low"] <= fast["latency_high"]
        else ""
    )
    times = digits(slow["latency"] / fast["latency"], 2)
    return (
        f"**Speed:** {_variant(fast)} is the fastest with {_ms(fast)} per pass{tie}. "
        f"{_variant(slow)} is the slowest with {_ms(slow)}, {times} times as long."
    )


def _runtimes(points: pd.DataFrame, left_out: bool) -> str:
    wide = points.pivot_table(index="model", columns="runtime", values="latency")
    parts = []
    for runtime in wide.columns.drop("eager", errors="ignore") if "eager" in wide else ():
        ratios = (wide[runtime] / wide["eager"]).dropna().sort_values()
        if len(ratios):
            parts.append(f"{text(runtime)} takes {_ratio(ratios)}")
    if not parts:
        figures = "has a latency that can be used" if left_out else "was measured"
        return f"**Runtimes:** no model {figures} in eager and in another runtime, so there is nothing to compare."
    return f"**Runtimes:** {'; '.join(parts)}."


def _ratio(ratios: pd.Series) -> str:
    """Ratios to eager in ascending order, one per model, in words."""
    low, high = digits(ratios.iloc[0], 2), digits(ratios.iloc[-1], 2)
    if len(ratios) == 1:
        return f"{low} times as long as eager for {text(str(ratios.index[0]))}, the only model measured in both"
    if low == high:
        return f"{low} times as long as eager for each of {len(ratios)} models"
    if len(ratios) == 2:
        return f"{low} and {high} times as long as eager for the two models measured in both"
    return f"{digits(ratios.median(), 2)} times as long as eager (median of {len(ratios)} models, from {low} to {high})"


def _energy(points: pd.DataFrame) -> str:
    rows = points[points["energy"].notna()].sort_values("energy")
    if rows.empty:
        return "**Energy:** no energy was measured at the base point."
    measured = rows[rows["kind"] != "modelled"]
    label = "**Energy:**" if len(measured) else "**Energy (modelled, not measured):**"
    left_out = len(rows) - len(measured) if len(measured) else 0
    more = f" {plural(left_out, 'variant')} with modelled energy left out." if left_out else ""
    rows = measured if len(measured) else rows
    least, most = rows.iloc[0], rows.iloc[-1]
    if len(rows) == 1:
        return f"{label} {_variant(least)} needs {_mj(least)} per pass.{more}"
    return f"{label} {_variant(least)} needs the least with {_mj(least)} per pass, {_variant(most)} the most with {_mj(most)}.{more}"


def _predictors(points: pd.DataFrame) -> str:
    """In the runtime with the most models; the report's table holds the others."""
    rows = points[points["latency"].notna()]
    runtime = next(iter(rows["runtime"].value_counts().index), "")
    rows = rows[rows["runtime"] == runtime]
    parts = []
    for metric, words in (("flops", "FLOPs"), ("params", "parameters")):
        dots = rows[rows[metric].notna()]
        correlation = rank_correlation.spearman(dots[metric].tolist(), dots["latency"].tolist())
        if not math.isnan(correlation.rho):
            parts.append(_relation(words, correlation))
    fewest = rank_correlation.FEWEST_EITHER_WAY
    if not parts and len(rows) >= fewest:
        return f"**What latency follows:** {plural(len(rows), 'model')} at the base point, but too few of them have counts, or the counts do not differ."
    if not parts:
        return f"**What latency follows:** {plural(len(rows), 'model')} at the base point; it takes {fewest} or more to tell."
    return f"**What latency follows:** over the {len(rows)} models in {text(runtime)}, latency {enumeration(parts)}."


def _relation(words: str, correlation: rank_correlation.RankCorrelation) -> str:
    numbers = f"ρ = {correlation.rho:.2f}, p = {digits(correlation.p, 2)}"
    if not correlation.clear:
        return f"has no clear relation to {words} ({numbers})"
    return f"{'rises' if correlation.rho > 0 else 'falls'} with {words} ({numbers})"


def _accuracy(points: pd.DataFrame) -> str:
    rows = points[points["accuracy"].notna()].sort_values(["accuracy", "latency"], ascending=[False, True])
    if rows.empty:
        return "**Accuracy:** no configured model has labelled data."
    best = rows.iloc[0]
    share = bracketed(best["accuracy"], best["accuracy_low"], best["accuracy_high"], 100)
    if len(rows) == 1:
        return f"**Accuracy, in % with its 95 % interval:** {_variant(best)} reaches {share}."
    line = f"**Accuracy, in % with its 95 % interval:** {_variant(best)} is the best with {share}"
    equal = rows[(rows["accuracy_high"] >= best["accuracy_low"]) & rows["latency"].notna()].sort_values("latency")
    if len(equal) and equal.index[0] != best.name:
        fast = equal.iloc[0]
        value = percent_number(fast["accuracy"], fast["accuracy_low"], fast["accuracy_high"])
        line += f". Of those whose intervals overlap with it, {_variant(fast)} is the fastest ({value} %, {_ms(fast)})"
    return f"{line}."


def _ms(row: pd.Series) -> str:
    return with_interval(row["latency"], row["latency_low"], row["latency_high"], 1e3, "ms")


def _mj(row: pd.Series) -> str:
    return with_interval(row["energy"], row["energy_low"], row["energy_high"], 1e3, "mJ")
