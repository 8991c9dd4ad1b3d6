"""What all figures share: colours, markers, sizes, axes and headings."""

import itertools
import math
import textwrap
from collections.abc import Iterable

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, FixedLocator, Formatter, LogLocator, NullLocator, StrMethodFormatter

DPI = 160
GREY = "#6b6b6b"
FAINT = "#d9d9d9"
FAINT_ALPHA = 0.35

# Okabe and Ito's colours, which colour-blind readers tell apart; a runtime also has its own marker, for print in grey.
_KNOWN = {"eager": ("#0072B2", "o"), "onnxruntime": ("#D55E00", "s"), "onnxruntime-int8": ("#009E73", "D")}
# More than five further runtimes share colours, never markers.
_COLOURS = ("#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")
_MARKERS = "^vPX<>ph*d8H"

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
    "svg.hashsalt": "joulesweep",  # equal data give equal names inside the file
}


def use() -> None:
    """Set matplotlib up: no window, one look for all figures."""
    mpl.use("Agg")
    mpl.rcParams.update(_SETTINGS)


def styles(runtimes: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of every runtime, in the order in which a legend lists them."""
    names = sorted(set(runtimes), key=lambda name: (list(_KNOWN).index(name) if name in _KNOWN else len(_KNOWN), name))
    further = [name for name in names if name not in _KNOWN]
    new = dict(zip(further, zip(itertools.cycle(_COLOURS), itertools.cycle(_MARKERS)), strict=False))
    return {name: _KNOWN.get(name) or new[name] for name in names}


def legend(figure: Figure, style_of: dict[str, tuple[str, str]], more: Iterable[Artist] = ()) -> None:
    """One legend below all panels."""
    handles: list[Artist] = [
        Line2D([], [], color=colour, marker=marker, linestyle="", label=name)
        for name, (colour, marker) in style_of.items()
    ]
    handles += list(more)
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 4))


def headline(figure: Figure, title: str, detail: str = "") -> None:
    """The figure's title, and below it in grey what a reader must know to read it."""
    width = max(40, int(figure.get_figwidth() * 13))
    lines = textwrap.wrap(detail.replace(" %", "\u00a0%"), width)
    height = figure.get_figheight()
    figure.suptitle(title + "\n" * len(lines), x=0.01, ha="left", fontsize=12, fontweight="bold", linespacing=1.35)
    if lines:
        figure.text(
            0.01, 1 - 0.32 / height, "\n".join(lines), ha="left", va="top", fontsize=8.5, color=GREY, linespacing=1.35
        )


def positive_axis(axis: Axis, values: Iterable[float], counts: bool = False) -> None:
    """Make an axis logarithmic where its values span more than a factor of 4, with few, round ticks.

    Otherwise it is linear and starts at zero. Ticks of `counts` have a prefix: 10k, 1M, 2G.
    """
    positive = _positive(values)
    if not positive:
        return
    low, high = min(positive), max(positive)
    if high / low <= 4:
        getattr(axis.axes, f"set_{axis.axis_name}lim")(0, high * 1.18)
        axis.set_major_formatter(_formatter(counts))
    else:
        margin = (high / low) ** 0.07
        _logarithmic(axis, low / margin, high * margin, counts)


def log_window(axis: Axis, values: Iterable[float], factor: float) -> None:
    """A logarithmic axis that spans `factor` and a margin around these values, whatever they span themselves."""
    positive = _positive(values)
    if not positive:
        return
    middle, half = math.sqrt(min(positive) * max(positive)), math.sqrt(factor) * 1.35
    _logarithmic(axis, middle / half, middle * half, counts=False)


def _positive(values: Iterable[float]) -> list[float]:
    return [value for value in values if value > 0 and math.isfinite(value)]


def _formatter(counts: bool) -> Formatter:
    return EngFormatter(sep="") if counts else StrMethodFormatter("{x:g}")


def _logarithmic(axis: Axis, low: float, high: float, counts: bool) -> None:
    """Ticks at powers of ten; over less than 1.7 decades also at 2 and 5 times them, over less than 2.6 at 3 times."""
    decades = math.log10(high / low)
    getattr(axis.axes, f"set_{axis.axis_name}scale")("log")
    getattr(axis.axes, f"set_{axis.axis_name}lim")(low, high)
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 1.7 else (1, 3) if decades < 2.6 else (1,)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(_formatter(counts))


def axis_values(axis: Axis, values: Iterable[float]) -> None:
    """Label an axis with exactly the values that were measured, evenly spaced on a logarithm."""
    ticks = sorted(set(values))
    if len(ticks) > 1 and ticks[-1] / ticks[0] >= 2:
        getattr(axis.axes, f"set_{axis.axis_name}scale")("log")
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(_formatter(counts=False))
    axis.axes.margins(x=0.1)
