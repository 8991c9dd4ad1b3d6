"""The answers in five lines: each says what was found, or what is missing for it."""

import math

import pandas as pd

from joulesweep.analysis.report.markdown import text
from joulesweep.analysis.statistics import rank_correlation
from joulesweep.formatting import accuracy, digits, plural, with_interval


def answers(points: pd.DataFrame, device: str) -> list[str]:
    """Five lines on the base points of one device: speed, runtimes, energy, what predicts latency, accuracy."""
    here = points[points["device"] == device]
    return [_speed(here), _runtimes(here), _energy(here), _predictors(here), _accuracy(here)]


def _variant(row: pd.Series) -> str:
    return text(f"{row['model']} @ {row['runtime']}")


def _speed(points: pd.DataFrame) -> str:
    rows = points[points["latency"].notna()].sort_values("latency")
    if rows.empty:
        return "**Speed:** no latency was measured at the base point."
    fast, slow = rows.iloc[0], rows.iloc[-1]
    line = f"**Speed:** the fastest is {_variant(fast)} with {_ms(fast)}"
    if len(rows) > 1:
        line += f", the slowest {_variant(slow)} with {_ms(slow)}: {digits(slow['latency'] / fast['latency'])} times as long"
    return f"{line}."


def _runtimes(points: pd.DataFrame) -> str:
    wide = points.pivot_table(index="model", columns="runtime", values="latency")
    if "eager" not in wide or wide.shape[1] < 2:
        return "**Runtimes:** there is no second runtime to compare eager with."
    parts = []
    for runtime in wide.columns.drop("eager"):
        ratio = (wide[runtime] / wide["eager"]).dropna()
        if len(ratio):
            span = f"{digits(ratio.min(), 2)} to {digits(ratio.max(), 2)}"
            parts.append(
                f"{runtime} takes {digits(ratio.median(), 2)} times as long as eager (median of {plural(len(ratio), 'model')}, {span})"
            )
    return (
        f"**Runtimes:** {'; '.join(parts)}."
        if parts
        else "**Runtimes:** no model was measured in eager and in another runtime."
    )


def _energy(points: pd.DataFrame) -> str:
    rows = points[points["energy"].notna()].sort_values("energy")
    if rows.empty:
        return "**Energy:** none was measured or modelled at the base point."
    least, most = rows.iloc[0], rows.iloc[-1]
    kind = " (modelled, not measured)" if "modelled" in set(rows["kind"]) else ""
    return f"**Energy{kind}:** a pass takes from {_mj(least)} ({_variant(least)}) to {_mj(most)} ({_variant(most)})."


def _predictors(points: pd.DataFrame) -> str:
    """In the runtime with the most models; the others are in the report's table."""
    rows = points[points["latency"].notna()]
    runtime = next(iter(rows["runtime"].value_counts().index), "")
    parts = []
    for metric, words in (("flops", "FLOPs"), ("params", "parameters")):
        dots = rows[(rows["runtime"] == runtime) & rows[metric].notna()]
        if len(dots) >= 3:
            found = rank_correlation.spearman(dots[metric].tolist(), dots["latency"].tolist())
            if not math.isnan(found.rho):
                parts.append(
                    f"{words} (rank correlation ρ = {found.rho:.2f}, p = {digits(found.p, 2)}, {found.n} models)"
                )
    if not parts:
        return "**What latency follows:** too few models were measured to say."
    return f"**What latency follows,** over the models in {text(runtime)}: {'; '.join(parts)}."


def _accuracy(points: pd.DataFrame) -> str:
    rows = points[points["accuracy"].notna()].sort_values(["accuracy", "latency"], ascending=[False, True])
    if rows.empty:
        return "**Accuracy:** no configured model has labelled data."
    best = rows.iloc[0]
    line = f"**Accuracy:** the best is {_variant(best)} with {accuracy(best['accuracy'])} %"
    equal = rows[(rows["accuracy_high"] >= best["accuracy_low"]) & rows["latency"].notna()].sort_values("latency")
    if len(equal) and equal.index[0] != best.name:
        fast = equal.iloc[0]
        line += f"; {_variant(fast)} ({accuracy(fast['accuracy'])} %) is the fastest whose interval overlaps with it, at {_ms(fast)}"
    return f"{line}."


def _ms(row: pd.Series) -> str:
    return with_interval(row["latency"], row["latency_low"], row["latency_high"], 1e3, "ms")


def _mj(row: pd.Series) -> str:
    return f"{digits(1e3 * row['energy'])} mJ"
