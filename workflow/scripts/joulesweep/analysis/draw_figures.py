"""Draws every figure for which the tables hold data, and lists the others with the reason."""

import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure as Drawing

from joulesweep import plugins, products
from joulesweep.axes import AXES
from joulesweep.figures import _style
from joulesweep.figures.base import Figure, NotDrawn, file_name
from joulesweep.merged.load import load

# The PNG is for the report, the SVG for print and slides; what their files shall not say.
_KINDS: dict[str, dict[str, None]] = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}


def draw(job: Mapping[str, Any], merged: Path, listing: Path, token: str) -> None:
    """Write a PNG and an SVG per figure beside `listing`, which then says what each shows, or why it was not drawn."""
    _style.use()
    tables = load(merged, job["models"])
    listing.parent.mkdir(parents=True, exist_ok=True)
    words, not_drawn = {}, {}
    for name, figure, axis in _figures():
        try:
            if axis and axis not in job["axes"]:
                raise NotDrawn(f"{axis} is not swept")
            drawing = figure.draw(tables, axis)
        except NotDrawn as reason:
            not_drawn[name] = figure.heading(tables, axis)[0], str(reason)
            for kind in _KINDS:
                (listing.parent / f"{name}.{kind}").unlink(missing_ok=True)  # of a run before this one
            continue
        for kind in _KINDS:
            _save(drawing, listing.parent / f"{name}.{kind}")
            drawing.set_layout_engine("none")  # laid out once for both
        plt.close(drawing)
        words[name] = figure.heading(tables, axis)
    products.write(
        listing, token, (f"{name}.{kind}" for name in words for kind in _KINDS), words=words, not_drawn=not_drawn
    )


def _figures() -> Iterator[tuple[str, Figure, str]]:
    """Each figure with the name of its image and its axis; the axis is empty unless there is one figure per axis."""
    for name in plugins.names("figures"):
        figure = plugins.load("figures", name)()
        for axis in AXES if figure.per_axis else [""]:
            yield file_name(name, axis), figure, axis


def _save(drawing: Drawing, path: Path) -> None:
    """An image without date or version, so that equal data give equal bytes; written under another name, then renamed."""
    image, kind = io.BytesIO(), path.suffix.removeprefix(".")
    drawing.savefig(image, format=kind, metadata=_KINDS[kind])
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(image.getvalue())
    temporary.replace(path)
