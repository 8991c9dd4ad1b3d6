"""What all figures share: colours, sizes, axes, titles, and what an empty panel says."""

import math
import textwrap
from collections.abc import Callable, Iterable

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from joulesweep.formatting import plural

DPI = 160
GREY = "#6b6b6b"
FAINT = "#d9d9d9"

# Okabe and Ito's colours, which colour-blind readers tell apart; a runtime also has its own marker, for print in grey.
_KNOWN = {"eager": ("#0072B2", "o"), "onnxruntime": ("#D55E00", "s"), "onnxruntime-int8": ("#009E73", "D")}
_FURTHER = (("#CC79A7", "^"), ("#E69F00", "v"), ("#56B4E9", "P"), ("#000000", "X"), ("#8C6D31", "<"))

_SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.labelcolor": "#333333",
    "axes.edgecolor": "#999999",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.7,
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.dpi": DPI,
}


def use() -> None:
    """Set matplotlib up: no window, one look for all figures."""
    mpl.use("Agg")
    mpl.rcParams.update(_SETTINGS)


def looks(runtimes: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of every runtime, in the order in which a legend lists them."""
    names = sorted(set(runtimes), key=lambda name: (list(_KNOWN).index(name) if name in _KNOWN else len(_KNOWN), name))
    further = [name for name in names if name not in _KNOWN]
    return {name: _KNOWN.get(name) or _FURTHER[further.index(name) % len(_FURTHER)] for name in names}


def legend(
    figure: Figure, looks_of: dict[str, tuple[str, str]], more: Iterable[Line2D] = (), hollow: bool = False
) -> None:
    """One legend below all panels; hollow markers stand for modelled figures."""
    face = "white" if hollow else None
    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="", markerfacecolor=face or colour, label=name)
        for name, (colour, marker) in looks_of.items()
    ]
    handles += list(more)
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 4))


def headline(figure: Figure, title: str, detail: str = "") -> None:
    """The figure's title, and below it in grey what a reader must know to read it."""
    width = max(40, int(figure.get_figwidth() * 13))
    lines = textwrap.wrap(detail, width)
    height = figure.get_figheight()
    figure.suptitle(title + "\n" * len(lines), x=0.01, ha="left", fontsize=12, fontweight="bold", linespacing=1.35)
    if lines:
        figure.text(
            0.01, 1 - 0.32 / height, "\n".join(lines), ha="left", va="top", fontsize=8.5, color=GREY, linespacing=1.35
        )


def say(axes: Axes, text: str) -> None:
    """Fill a panel with a sentence instead of axes."""
    axes.axis("off")
    axes.text(0.5, 0.5, textwrap.fill(text, 70), ha="center", va="center", color=GREY, transform=axes.transAxes)


def empty(title: str, text: str) -> Figure:
    """A figure that has no data and says so."""
    figure, axes = plt.subplots(figsize=(7, 2.2), layout="constrained")
    headline(figure, title)
    say(axes, text)
    return figure


def why_empty(rows: pd.DataFrame, what: str) -> str:
    """What is missing and why: how often each status occurs, with the first reason given."""
    if rows.empty:
        return f"There is no {what} yet: no row of it was measured."
    reasons = []
    for status, group in rows.groupby("status"):
        if status != "ok":
            message = next((text for text in group["message"] if text), "no reason given")
            reasons.append(f"{plural(len(group), 'row')} {status} ({message})")
    return f"There is no {what}: {'; '.join(reasons)}." if reasons else f"There is no {what} at these points."


def positive_axis(axis: Axis, values: Iterable[float], format_tick: Callable[[float], str] = "{:g}".format) -> None:
    """Make an axis logarithmic where its values span more than a factor of 4, with few, round ticks.

    Otherwise it is linear and starts at zero.
    """
    found = [value for value in values if value > 0 and math.isfinite(value)]
    if not found:
        return
    low, high = min(found), max(found)
    if high / low <= 4:
        getattr(axis.axes, f"set_{axis.axis_name}lim")(0, high * 1.18)
        axis.set_major_formatter(FuncFormatter(lambda value, _: format_tick(value)))
    else:
        margin = (high / low) ** 0.07
        _logarithmic(axis, low / margin, high * margin, format_tick)


def log_window(axis: Axis, values: Iterable[float], factor: float) -> None:
    """A logarithmic axis that spans `factor` and a margin around these values, whatever they span themselves."""
    found = [value for value in values if value > 0 and math.isfinite(value)]
    if not found:
        return
    middle, half = math.sqrt(min(found) * max(found)), math.sqrt(factor) * 1.35
    _logarithmic(axis, middle / half, middle * half, "{:g}".format)


def tick(value: float) -> str:
    """A count on an axis: 10k, 1M, 2G."""
    for factor, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:g}{prefix}"
    return f"{value:g}"


def _logarithmic(axis: Axis, low: float, high: float, format_tick: Callable[[float], str]) -> None:
    getattr(axis.axes, f"set_{axis.axis_name}scale")("log")
    getattr(axis.axes, f"set_{axis.axis_name}lim")(low, high)
    axis.set_major_locator(FixedLocator(_round_ticks(low, high)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: format_tick(value)))


def _round_ticks(low: float, high: float) -> list[float]:
    """Powers of ten; with 2 and 5 between them over less than two decades, every second power over more than six."""
    decades = math.log10(high / low)
    between = (1, 2, 5) if decades < 1.7 else (1, 3) if decades < 2.6 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1, 2 if decades > 6 else 1)
    return [tick * 10.0**power for power in powers for tick in between if low <= tick * 10.0**power <= high]


def axis_values(axis: Axis, values: Iterable[float]) -> None:
    """Label an axis with exactly the values that were measured, evenly spaced on a logarithm."""
    ticks = sorted(set(values))
    if len(ticks) > 1 and ticks[-1] / ticks[0] >= 2:
        getattr(axis.axes, f"set_{axis.axis_name}scale")("log")
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.axes.margins(x=0.1)
