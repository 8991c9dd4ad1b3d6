"""The answers in five lines: each says what was found, or what is missing for it."""

import math

import pandas as pd

from joulesweep.analysis.anomalies.intervals import WIDE, half_widths
from joulesweep.analysis.report.markdown import text
from joulesweep.formatting import digits, enumeration, percent, plural, scored, si, with_interval
from joulesweep.merged import scores
from joulesweep.merged.base_points import interval
from joulesweep.merged.load import Merged
from joulesweep.uncertainty import rank_correlation

# What a flag of latency warns of, for so many points.
_BEWARE = {
    "throttled": "{} at which the device slowed itself down",
    "under_voltage": "{} with too low a supply voltage",
    "busy": "{} disturbed by other processes",
    "two_levels": "{} with a faster and a slower level",
}


def answers(merged: Merged, points: pd.DataFrame, device: str) -> list[str]:
    """Five lines on one device: the fastest, the thriftiest and the smallest at the base point, the best trade-off, what to beware of."""
    here = points[points["device"] == device]
    unusable = merged.without_figure("latency")
    left_out = bool(((unusable["device"] == device) & (unusable["status"] == "ok")).any())
    speed = " ".join(filter(None, (_speed(here, left_out), _runtimes(here))))
    return [speed, _energy(here), _size(here), _trade_off(here), _beware(merged, device)]


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


def _runtimes(points: pd.DataFrame) -> str:
    """How much faster than eager the other runtimes are; empty where no model was measured in both."""
    wide = points.pivot_table(index="model", columns="runtime", values="latency")
    parts = []
    for runtime in wide.columns.drop("eager", errors="ignore") if "eager" in wide else ():
        ratios = (wide[runtime] / wide["eager"]).dropna().sort_values()
        if len(ratios):
            parts.append(f"{text(runtime)} takes {_ratio(ratios)}")
    return f"{'; '.join(parts)}." if parts else ""


def _ratio(ratios: pd.Series) -> str:
    """Ratios to eager in ascending order, one per model, in words."""
    low, high = digits(ratios.iloc[0], 2), digits(ratios.iloc[-1], 2)
    if len(ratios) == 1:
        return f"{low} times as long as eager for {text(str(ratios.index[0]))}, the only model measured in both"
    if low == high:
        return f"{low} times as long as eager for each of {len(ratios)} models"
    if len(ratios) == 2:
        first, second = (text(str(model)) for model in ratios.index)
        return f"{low} times as long as eager for {first} and {high} times for {second}"
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


def _size(points: pd.DataFrame) -> str:
    rows = points[points["params"].notna()].sort_values("params", kind="stable").drop_duplicates("model")
    if rows.empty:
        return "**Size:** no model was counted."
    small, large = rows.iloc[0], rows.iloc[-1]
    line = f"**Size:** {text(small['model'])} has {si(small['params'])} parameters"
    if len(rows) > 1:
        line = (
            f"**Size:** {text(small['model'])} is the smallest with {si(small['params'])} parameters, {text(large['model'])} the "
            f"largest with {si(large['params'])}"
        )
    held = points[points["memory"].notna()].sort_values("memory", kind="stable")
    if len(held) > 1:
        least, most = held.iloc[0], held.iloc[-1]
        line += (
            f". The measuring process held the least memory with {_variant(least)} ({si(least['memory'], 'B')}) and the most with "
            f"{_variant(most)} ({si(most['memory'], 'B')}), libraries included"
        )
    return f"{line}."


def follows(points: pd.DataFrame, device: str) -> str:
    """What latency follows on one device, in the runtime with the most models; the report's table holds the others."""
    rows = points[(points["device"] == device) & points["latency"].notna()]
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
        return f"{plural(len(rows), 'model')} at the base point, but too few of them have counts, or the counts do not differ."
    if not parts:
        return (
            f"{plural(len(rows), 'model')} at the base point; it takes {fewest} or more to tell what latency follows."
        )
    return f"Over the {len(rows)} models in {text(runtime)} on {text(device)}, latency {enumeration(parts)}."


def _relation(words: str, correlation: rank_correlation.RankCorrelation) -> str:
    numbers = f"ρ = {correlation.rho:.2f}, p = {digits(correlation.p, 2)}"
    if not correlation.clear:
        return f"has no clear relation to {words} ({numbers})"
    return f"{'rises' if correlation.rho > 0 else 'falls'} with {words} ({numbers})"


def _trade_off(points: pd.DataFrame) -> str:
    rows = points[points["accuracy"].notna()]
    if rows.empty:
        return "**Best trade-off:** no configured model has labelled data, so accuracy cannot be weighed against cost."
    rows, left_out = scores.comparable(rows)
    beside = f"; {text(left_out)}" if left_out else ""
    gains = [scores.gain(row, interval(row, "accuracy")) for _, row in rows.iterrows()]
    rows = rows.assign(
        gain=[gain.value for gain in gains], low=[gain.low for gain in gains], high=[gain.high for gain in gains]
    )
    rows = rows.sort_values(["gain", "latency"], ascending=[False, True])
    best = rows.iloc[0]
    words = text(scores.words(best["metric"]))
    if len(rows) == 1:
        return f"**Best trade-off:** {_variant(best)} has a {words} of {_score(best)}, and there is no other to compare it with{beside}."
    ties = int((rows["gain"] == best["gain"]).sum()) - 1
    same = f", as {plural(ties, 'other variant')}" if ties else ""
    line = f"**Best trade-off:** {_variant(best)} has the best {words} with {_score(best)}{same}"
    equal = rows[(rows["high"] >= best["low"]) & rows["latency"].notna()].sort_values("latency")
    if len(equal) and equal.index[0] != best.name:
        fast = equal.iloc[0]
        line += (
            f". Of those whose intervals overlap with it, {_variant(fast)} is the fastest ({_score(fast)}, {_ms(fast)})"
        )
    return f"{line}{beside}."


def _score(row: pd.Series) -> str:
    return scored(row["accuracy"], row["accuracy_low"], row["accuracy_high"], row["unit"])


def _beware(merged: Merged, device: str) -> str:
    """What a reader of the other lines should know, in numbers of points; what is behind it stands further below."""
    rows = merged.sound("latency")
    rows = rows[rows["device"] == device]
    failed = merged.without_figure("latency")
    half = half_widths(rows, "ci_low_s", "ci_high_s")
    flagged = {flag: sum(flag in cell.split() for cell in rows["flags"]) for flag in _BEWARE}
    kinds = set(merged.sound("energy").query("device == @device")["kind"])
    warnings = [
        (len(failed[failed["device"] == device]), "{} without a latency that can be used"),
        (int((half > WIDE).sum()), f"{{}} of {len(rows)} with an interval of latency wider than ± {percent(WIDE)}"),
        *((count, _BEWARE[flag]) for flag, count in flagged.items()),
    ]
    said = [words.format(plural(count, "point")) for count, words in warnings if count]
    said += ["energy is modelled, not measured"] if "modelled" in kinds else []
    if not said:
        return "**Beware:** nothing was found that speaks against these lines."
    return f"**Beware:** {'; '.join(said)}. [What looked strange](#what-looked-strange) has the details."


def _ms(row: pd.Series) -> str:
    return with_interval(row["latency"], row["latency_low"], row["latency_high"], 1e3, "ms")


def _mj(row: pd.Series) -> str:
    return with_interval(row["energy"], row["energy_low"], row["energy_high"], 1e3, "mJ")
