"""How a figure grows along an axis: a fixed cost and a cost per unit, and how far the curve bends away from a line."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from joulesweep.uncertainty.interval import Interval

FEWEST = 3  # values of the axis: two lie on a line whatever they are
_Z_975 = 1.959964
_SMALLEST_HALF = 1e-6  # of an interval: launches that are equal to the last digit leave none


@dataclass(frozen=True)
class Line:
    """A fixed cost, a cost per unit of the axis, and each figure's distance from the line, as a share of the line."""

    fixed: float
    per_unit: float
    distances: tuple[float, ...]


def line(axis: Sequence[float], figures: Sequence[float], halves: Sequence[float]) -> Line:
    """The line through the figures by weighted least squares, neither cost below zero.

    `halves` are half the widths of the figures' 95 % intervals, as shares of the figures.
    """
    from scipy.optimize import nnls  # takes a moment, and most reports fit nothing

    x, y = np.asarray(axis, dtype=float), np.asarray(figures, dtype=float)
    weights = 1 / (y * np.maximum(halves, _SMALLEST_HALF))
    (fixed, per_unit), _ = nnls(np.column_stack([weights, weights * x]), weights * y)
    fitted = fixed + per_unit * x
    return Line(float(fixed), float(per_unit), tuple(map(float, y / fitted - 1)))


def bend(axis: Sequence[float], figures: Sequence[float], halves: Sequence[float]) -> Interval:
    """How far a parabola through the figures hangs below its own chord, in the middle of the axis, as a share of the chord.

    Above zero where each further unit costs more than the one before, below zero where it costs less. The parabola is
    fitted by weighted least squares; the 95 % interval follows from those of the figures, and is widened where they
    scatter more about the parabola than their intervals say.
    """
    x, y = np.asarray(axis, dtype=float), np.asarray(figures, dtype=float)
    centre, reach = (x.max() + x.min()) / 2, (x.max() - x.min()) / 2
    scaled = (x - centre) / reach  # from −1 to 1, so that the chord's middle is the mean of the two ends
    weights = _Z_975 / (y * np.maximum(halves, _SMALLEST_HALF))
    design = np.column_stack([np.ones_like(scaled), scaled, scaled**2]) * weights[:, None]
    coefficients, *_ = np.linalg.lstsq(design, y * weights, rcond=None)
    free = len(x) - 3
    scatter = float(np.sum((design @ coefficients - y * weights) ** 2)) / free if free else 1.0
    error = math.sqrt(np.linalg.inv(design.T @ design)[2, 2] * max(1.0, scatter))
    chord = float(coefficients[0] + coefficients[2])
    value, half = float(coefficients[2]) / chord, _Z_975 * error / abs(chord)
    return Interval(value, value - half, value + half)
