"""The roofline: what each variant does per second, below what the device could do at its FLOPs per byte."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from joulesweep.figures import _labels, _missing, _style, base
from joulesweep.merged.load import Merged
from joulesweep.merged.roofline import placed, roofs

_GIGA = 1e9
_MOST_PANELS = 20


class Figure(base.Figure):
    """One dot per variant at the base point, one panel per device."""

    title = "Roofline: what limits the speed"
    note = (
        "The lines are the most that the device does in numpy: memory (slanted) and arithmetic (level). Bars are 95 % intervals. A variant "
        "far below the line of its threads waits for something else."
    )

    def draw(self, merged: Merged, axis: str) -> Drawing:
        """Logarithmic axes: FLOPs per byte across, floating-point operations per second up."""
        rows = placed(merged)
        if rows.empty:
            raise base.NotDrawn(
                "no device has measured peaks that hold for its variants, with one thread or one per physical core"
            )
        styles = _style.styles(rows["runtime"])
        devices = sorted(set(rows["device"]))
        if len(devices) > _MOST_PANELS:
            raise base.NotDrawn(_missing.too_many(len(devices), "devices", _MOST_PANELS, "latency"))
        figure, grid = plt.subplots(
            len(devices), 1, figsize=(7.2, 1.3 + 4.0 * len(devices)), squeeze=False, layout="constrained"
        )
        title, note = self.heading(merged)
        _style.headline(figure, title, _labels.noted(note, (own for _, own in rows.groupby("device"))))
        for device, axes in zip(devices, grid.flat, strict=True):
            own = rows[rows["device"] == device]
            _lines(axes, own, merged, device)
            _dots(axes, own, styles)
            axes.set_title(device)
            axes.set_xlabel("FLOPs per byte of weights and activations")
            axes.set_ylabel("GFLOP/s")
        _style.legend(figure, styles)
        figure.draw_without_rendering()  # names are placed in the final layout
        figure.set_layout_engine("none")
        for device, axes in zip(devices, grid.flat, strict=True):
            _names(axes, rows[rows["device"] == device])
        return figure


def _lines(axes: Axes, rows: pd.DataFrame, merged: Merged, device: str) -> None:
    known = {threads: roof for threads, roof in roofs(merged, device).items() if threads in set(rows["threads"])}
    low = min(rows["flops_per_byte"].min(), *(roof.ridge for roof in known.values())) / 3
    high = max(rows["flops_per_byte"].max(), *(roof.ridge for roof in known.values())) * 3
    x = np.geomspace(low, high, 200)
    tops = [roof.flops_per_s for roof in known.values()]
    slowest = (rows["flops"] / rows["latency_high"].fillna(rows["latency"])).min()
    _style.positive_axis(axes.xaxis, [low, high])
    _style.positive_axis(axes.yaxis, [slowest / _GIGA, 1.3 * max(tops) / _GIGA])
    axes.set_xlim(low, high)
    for threads, roof in known.items():
        line, words = ("--", "one thread") if threads == 1 else ("-", f"{threads} threads")
        axes.plot(x, [roof.at(each) / _GIGA for each in x], line, color=_style.GREY, linewidth=1.3, zorder=0.5)
        axes.annotate(
            words, (high, roof.flops_per_s / _GIGA), xytext=(-4, 3), textcoords="offset points", fontsize=7,
            color=_style.GREY, ha="right", va="bottom",
        )  # fmt: skip


def _dots(axes: Axes, rows: pd.DataFrame, styles: dict[str, tuple[str, str]]) -> None:
    for runtime, own in rows.groupby("runtime", sort=False):
        colour, marker = styles[str(runtime)]
        does, least, most = (
            (own["flops"] / own[name] / _GIGA).to_numpy() for name in ("latency", "latency_high", "latency_low")
        )
        reach = np.stack([does - least, most - does])
        axes.errorbar(own["flops_per_byte"], does, reach, fmt=marker, color=colour, markersize=5, elinewidth=1)


def _names(axes: Axes, rows: pd.DataFrame) -> None:
    """The name of each model beside its highest dot, unless there are too many."""
    if _labels.too_many(rows):
        return
    does = rows["flops"] / rows["latency"] / _GIGA
    dots = list(zip(rows["flops_per_byte"], does, strict=True))
    highest = rows.assign(does=does).sort_values("does").drop_duplicates("model", keep="last")
    _labels.place(axes, list(zip(highest["flops_per_byte"], highest["does"], highest["model"], strict=True)), dots)
