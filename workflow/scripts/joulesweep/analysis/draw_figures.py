"""Draws every figure there is into a folder."""

import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from joulesweep.figures import _style
from joulesweep.figures._quantities import ACCURACY, ENERGY, FLOPS, LATENCY, PARAMETERS
from joulesweep.figures.counts import parameters_and_flops
from joulesweep.figures.dots import dots
from joulesweep.figures.names import names
from joulesweep.figures.scatters import scatter
from joulesweep.figures.sweeps import swept
from joulesweep.merged.load import Merged, load

_FIGURES: dict[str, Callable[[Merged], Figure]] = {
    "parameters_and_flops": parameters_and_flops,
    "latency": lambda merged: dots(merged, LATENCY),
    "energy": lambda merged: dots(merged, ENERGY),
    "latency_vs_energy": lambda merged: scatter(merged, ENERGY, LATENCY),
    "latency_vs_parameters": lambda merged: scatter(merged, PARAMETERS, LATENCY),
    "latency_vs_flops": lambda merged: scatter(merged, FLOPS, LATENCY),
    "accuracy_vs_latency": lambda merged: scatter(merged, LATENCY, ACCURACY),
}
_SWEPT = {"latency": LATENCY, "energy": ENERGY}


def draw(job: Mapping[str, Any], merged: Path, out: Path) -> None:
    """Write one PNG for each name that `names` gives for the swept axes of the job."""
    _style.use()
    tables = load(merged, job["models"])
    out.mkdir(parents=True, exist_ok=True)
    for name in names(job["axes"]):
        quantity, _, axis = name.partition("_")
        figure = _FIGURES[name](tables) if name in _FIGURES else swept(tables, _SWEPT[quantity], axis)
        _save(figure, out / f"{name}.png")
        plt.close(figure)


def _save(figure: Figure, path: Path) -> None:
    """A PNG without date or version, so that equal data give equal bytes; written under another name, then renamed."""
    image = io.BytesIO()
    figure.savefig(image, format="png", metadata={"Software": None})
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(image.getvalue())
    temporary.replace(path)
