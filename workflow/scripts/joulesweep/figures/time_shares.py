"""Where the time of a pass goes, and where its FLOPs are, by kind of layer."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Patch

from joulesweep import operator_kinds as kind
from joulesweep.figures import _missing, _style, base
from joulesweep.merged.load import VARIANT, Merged
from joulesweep.merged.time_by_kind import SHOWN, time_by_kind

_COLOURS = {
    kind.CONVOLUTION: "#0072B2",
    kind.DEPTHWISE: "#D55E00",
    kind.PRODUCT: "#009E73",
    kind.ATTENTION: "#CC79A7",
    kind.NORMALISATION: "#E69F00",
    kind.ACTIVATION: "#56B4E9",
    kind.POOLING: "#F0E442",
    kind.ARITHMETIC: "#8C6D31",
    kind.QUANTISATION: "#000000",
    kind.MOVING: "#5c5c5c",
    kind.RECURRENT: "#332288",
    kind.EMBEDDING: "#661100",
    kind.TRANSFORMER: "#4d004d",
    kind.OTHER: "#b2df8a",
    kind.BETWEEN: "#c9c9c9",
}
_REST = "the rest"
_REST_COLOUR = "#eeeeee"
_DARK = {
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#000000",
    "#8C6D31",
    "#5c5c5c",
    "#332288",
    "#661100",
    "#4d004d",
}  # with white numbers
_NUMBERED = 0.08  # a part of a bar that is long enough for its number
_THICK, _THIN = 0.42, 0.2
_MOST = 100  # variants below each other


class Figure(base.Figure):
    """Two bars per variant: the time above, the FLOPs below."""

    title = "Where the time goes, and where the FLOPs are"
    note = "Thick bar: share of the time of one pass at the base point, in percent. Thin bar: share of its FLOPs, where they are known."

    def draw(self, merged: Merged, axis: str) -> Drawing:
        """One panel per device."""
        rows = time_by_kind(merged)
        if rows.empty:
            raise base.NotDrawn(_missing.of_table(merged, "time_shares", "a profile"))
        variants = len(rows.drop_duplicates(VARIANT))
        if variants > _MOST:
            raise base.NotDrawn(_missing.too_many(variants, "variants on devices", _MOST, "time_shares"))
        largest = rows.groupby("kind")["time_share"].max()
        order = [name for name in _COLOURS if largest.get(name, 0.0) >= SHOWN]
        devices = sorted(set(rows["device"]))
        most = max(len(own.drop_duplicates(VARIANT)) for _, own in rows.groupby("device"))
        figure, grid = plt.subplots(
            len(devices),
            1,
            figsize=(9, len(devices) * (0.9 + 0.42 * most) + 1.3),
            squeeze=False,
            layout="constrained",
        )
        _style.headline(figure, *self.heading(merged))
        for device, axes in zip(devices, grid.flat, strict=True):
            _panel(axes, rows[rows["device"] == device], order)
            axes.set_title(device)
        handles = [Patch(color=_COLOURS[name], label=name) for name in order]
        handles.append(Patch(facecolor=_REST_COLOUR, edgecolor=_style.FAINT, label=_REST))
        figure.legend(handles=handles, loc="outside lower center", ncols=4)
        return figure


def _panel(axes: Axes, rows: pd.DataFrame, order: list[str]) -> None:
    names = []
    for place, (variant, own) in enumerate(rows.groupby(VARIANT, sort=False)):
        by_kind = own.set_index("kind")
        names.append(f"{variant[1]} @ {variant[2]}")
        _bar(axes, place - 0.16, _THICK, by_kind["time_share"], order)
        if by_kind["flops_share"].notna().any():
            _bar(axes, place + 0.2, _THIN, by_kind["flops_share"], order)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.set_xlabel("share, %")
    axes.grid(axis="y", visible=False)


def _bar(axes: Axes, y: float, height: float, shares: pd.Series, order: list[str]) -> None:
    left = 0.0
    known = [(name, float(shares.get(name, 0.0))) for name in order]
    rest = max(0.0, float(shares.sum()) - sum(share for _, share in known))
    for name, share in [*known, (_REST, rest)]:
        colour = _COLOURS.get(name, _REST_COLOUR)
        axes.barh(y, 100 * share, height, 100 * left, color=colour, edgecolor="white", linewidth=0.4)
        if share >= _NUMBERED and height == _THICK:
            ink = "white" if colour in _DARK else "#222222"
            axes.text(
                100 * (left + share / 2), y, f"{100 * share:.0f}", ha="center", va="center", fontsize=7, color=ink
            )
        left += share
