"""The launches themselves: how they spread about the figure of their point, and how the device drifted meanwhile."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D

from joulesweep.axes import AXES
from joulesweep.figures import _missing, _style, base
from joulesweep.figures.base import NotDrawn
from joulesweep.merged.load import VARIANT, Merged

_ONE_RUN_S = 120  # launches between which more time lies are of several runs: drawn in their order, without the gaps
_MOST_COLUMNS = 3
_MOST_DEVICES = 30
_MOST_VARIANTS = 60  # of a device, that are drawn below each other
_MOST_SHAPES = 2000  # dots of a panel that an SVG holds one by one; more are an image in it
_IN_TIME = "the launches of all points as measured, over the median of their point, in time; the black line is the reference beside them."


class Figure(base.Figure):
    """Above, the launches of each variant, unless there are too many; below, all of them in time with the reference beside them."""

    title = "The launches behind the latencies"
    note = (
        "Above, each launch at the base point over the latency of its variant: filled corrected, light as measured. Below, "
        + _IN_TIME
    )

    def heading(self, merged: Merged, axis: str = "") -> tuple[str, str]:
        """Title and note; the latter says what is drawn."""
        title, note = super().heading(merged, axis)
        return title, _IN_TIME.capitalize() if _is_crowded(merged) else note

    def draw(self, merged: Merged, axis: str) -> Drawing:
        """A block of one or two panels per device."""
        rows = _relative(merged)
        if rows.empty:
            raise NotDrawn(_missing.of_launches(merged))
        devices = sorted(set(rows["device"]))
        if len(devices) > _MOST_DEVICES:
            raise NotDrawn(_missing.too_many(len(devices), "devices", _MOST_DEVICES, "launches"))
        heights = [2.2] if _is_crowded(merged) else [0.24 * max(1, _most_variants(rows)) + 0.3, 2.2]
        columns = min(len(devices), _MOST_COLUMNS)
        lines = -(-len(devices) // columns)
        figure, grid = plt.subplots(
            lines * len(heights),
            columns,
            figsize=(2.5 + 5.0 * columns, 1.4 + lines * sum(heights)),
            height_ratios=heights * lines,
            squeeze=False,
            layout="constrained",
        )
        styles = _style.styles(rows["runtime"])
        _style.headline(figure, *self.heading(merged))
        blocks = [
            grid[line * len(heights) :][: len(heights), column] for line in range(lines) for column in range(columns)
        ]
        for device, block in zip(devices, blocks, strict=False):
            own = rows[rows["device"] == device]
            if len(block) > 1:
                _strips(block[0], own[own["base"]], styles)
            _in_time(block[-1], own, styles)
            if len(devices) > 1:
                block[0].set_title(device)
        for axes in (axes for block in blocks[len(devices) :] for axes in block):
            axes.axis("off")
        beside = [Line2D([], [], color="black", linewidth=1, label="reference")] if rows["speed"].notna().any() else []
        _style.legend(figure, styles, beside)
        return figure


def _is_crowded(merged: Merged) -> bool:
    """Whether a device has too many variants to be drawn below each other."""
    return _most_variants(merged.launches) > _MOST_VARIANTS


def _most_variants(launches: pd.DataFrame) -> int:
    """How many variants the device with the most of them has at the base point."""
    variants = launches.loc[launches["base"], VARIANT].drop_duplicates()
    return int(variants.groupby("device").size().max()) if len(variants) else 0


def _relative(merged: Merged) -> pd.DataFrame:
    """The launches of sound rows: over the latency of their row, over the median of their point, and the reference over its own."""
    key = [*VARIANT, *AXES]
    rows = merged.launches.merge(merged.sound("latency")[[*key, "corrected_s"]], on=key)
    middle = rows.groupby(key, dropna=False)["launch_raw_s"].transform("median")
    calm = rows.groupby("device")["reference"].transform("median")
    return rows.assign(
        corrected=rows["launch_corrected_s"] / rows["corrected_s"],
        measured=rows["launch_raw_s"] / rows["corrected_s"],
        moved=rows["launch_raw_s"] / middle,
        speed=rows["reference"] / calm,
    )


def _strips(axes: Axes, rows: pd.DataFrame, styles: dict[str, tuple[str, str]]) -> None:
    names = list(dict.fromkeys(zip(rows["model"], rows["runtime"], strict=True)))[::-1]
    for place, (model, runtime) in enumerate(names):
        own = rows[(rows["model"] == model) & (rows["runtime"] == runtime)]
        colour, marker = styles[runtime]
        axes.plot(
            own["measured"], [place - 0.17] * len(own), marker, color=colour, markersize=3, alpha=_style.FAINT_ALPHA
        )
        axes.plot(own["corrected"], [place + 0.17] * len(own), marker, color=colour, markersize=3)
    axes.axvline(1, color=_style.GREY, linewidth=0.8, zorder=0)
    axes.set_yticks(range(len(names)), [f"{model} @ {runtime}" for model, runtime in names], fontsize=7)
    axes.set_ylim(-0.7, max(len(names), 1) - 0.3)
    axes.grid(axis="y", visible=False)
    _window(axes.xaxis, [*rows["measured"], *rows["corrected"].dropna()])
    axes.set_xlabel("launch over the latency of its variant")


def _in_time(axes: Axes, rows: pd.DataFrame, styles: dict[str, tuple[str, str]]) -> None:
    rows = rows.sort_values("started_s")
    since = rows["started_s"] - rows["started_s"].min()
    at_once = not since.diff().max() > _ONE_RUN_S
    x = since / 60 if at_once else pd.Series(range(1, len(rows) + 1), index=rows.index)
    as_image = len(rows) > _MOST_SHAPES
    for runtime, (colour, marker) in styles.items():
        own = rows["runtime"] == runtime
        axes.plot(x[own], rows.loc[own, "moved"], marker, color=colour, markersize=2.5, alpha=0.7, rasterized=as_image)
    smooth = rows["speed"].rolling(9, center=True, min_periods=1).median()
    axes.plot(x, smooth, color="black", linewidth=1)
    _window(axes.yaxis, [*rows["moved"], *smooth.dropna()])
    axes.set_xlabel("minutes since the first launch" if at_once else "launches of several runs, in their order")
    axes.set_ylabel("launch over\nthe median of its point")


def _window(axis: Axis, ratios: list[float]) -> None:
    """An axis of ratios: it holds all of them and 1, and spans a factor of two at least."""
    around = [*ratios, 1.0]
    _style.log_window(axis, around, max(2.0, max(around) / min(around)))
