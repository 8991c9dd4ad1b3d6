"""A pattern of load by which the place of a log in time is found: emitted before the windows, searched for in the log.

Sixteen stretches, half of them filled with passes and half asleep, in an order that is new in every launch, so that no
launch is taken for another. The log's clock is off by one constant; it is the one at which the log's power follows the
patterns of all launches best (Pearson's correlation over the log's readings, weighed with how many there are).

`emit` runs in the forked child and is part of every launch's key; `offset_ns` runs in the job.
"""

import random
import time
from collections.abc import Callable, Sequence

import numpy as np

from joulesweep.measure.processes.passes import passes_for

_HALF = 8
_GRID = 4  # steps a stretch in the coarse search
_FINE = 20  # steps a coarse step in the fine one
_LEAST_CORRELATION = 0.6

Stretches = Sequence[Sequence[int]]  # (start, end, 1 under load or 0) in ns, one after another


def emit(one_pass: Callable[[], float], bit_s: float) -> list[list[int]]:
    """Make the load; returns its stretches on `time.monotonic_ns`."""
    bits = [1] * _HALF + [0] * _HALF
    random.shuffle(bits)
    stretches = []
    for bit in bits:
        start = time.monotonic_ns()
        if bit:
            passes_for(one_pass, bit_s)
        else:
            time.sleep(bit_s)
        stretches.append([start, time.monotonic_ns(), bit])
    return stretches


def offset_ns(time_ns: np.ndarray, watts: np.ndarray, launches: Sequence[Stretches]) -> int:
    """What to add to the log's times so that its power follows the load of these launches, given on this device's clock.

    Raises:
        ValueError: the log shows no such pattern.
    """
    whole = [stretch for stretches in launches for stretch in stretches]
    step = float(np.median([end - start for start, end, _ in whole])) / _GRID
    start = whole[0][0]
    load = _on_grid(start, step, whole)
    grid = np.arange(time_ns[0], time_ns[-1] + step, step)
    power = np.interp(grid, time_ns, watts)
    score = _scores(power - power.mean(), load, float(_GRID * _HALF))
    lag = int(np.argmax(score)) - (len(load) - 1)
    coarse = start - (time_ns[0] + lag * step)
    fine = [coarse + step * part / _FINE for part in range(-_FINE, _FINE + 1)]
    found = [_correlation(time_ns + int(offset), watts, whole) for offset in fine]
    best = int(np.argmax(found))
    if not found[best] >= _LEAST_CORRELATION:
        raise ValueError(f"shows no trace of the marker (best correlation {max(found[best], 0):.2f})")
    ties = [offset for offset, value in zip(fine, found, strict=True) if value >= found[best] - 1e-9]
    return round(sum(ties) / len(ties))


def _on_grid(start: float, step: float, stretches: Stretches) -> np.ndarray:
    """Load at even steps: 1, 0, and NaN outside the markers."""
    load = np.full(int((stretches[-1][1] - start) / step) + 1, np.nan)
    at = start + np.arange(len(load)) * step
    for begin, end, bit in stretches:
        load[(at >= begin) & (at < end)] = bit
    return load


def _scores(power: np.ndarray, load: np.ndarray, fewest: float) -> np.ndarray:
    """For every place of the load along the power: correlation times the root of how many readings there are."""
    known = ~np.isnan(load)
    template = np.where(known, load, 0.0)
    here = np.ones_like(power)
    count = _slide(here, known)
    one, two = _slide(power, known), _slide(here, template)
    spread = (_slide(power**2, known) - one**2 / np.maximum(count, 1)) * (two - two**2 / np.maximum(count, 1))
    shared = _slide(power, template) - one * two / np.maximum(count, 1)
    usable = (count >= fewest) & (spread > 1e-9 * np.abs(spread).max())
    correlation = np.where(usable, shared / np.sqrt(np.where(usable, spread, 1.0)), -1.0)
    return np.where(usable, correlation * np.sqrt(np.maximum(count, 0)), -np.inf)


def _slide(series: np.ndarray, pattern: np.ndarray) -> np.ndarray:
    """Sum of products of a series and a pattern at every place where they touch."""
    size = len(series) + len(pattern) - 1
    size = 1 << (size - 1).bit_length()
    product = np.fft.rfft(series, size) * np.fft.rfft(np.asarray(pattern, dtype=float)[::-1], size)
    return np.fft.irfft(product, size)[: len(series) + len(pattern) - 1]


def _correlation(time_ns: np.ndarray, watts: np.ndarray, stretches: Stretches) -> float:
    """Pearson's correlation of the readings that fall into the stretches with the load there; -1 without any."""
    starts = np.array([start for start, _, _ in stretches])
    place = np.searchsorted(starts, time_ns, "right") - 1
    inside = (place >= 0) & (time_ns < np.array([end for _, end, _ in stretches])[place])
    load = np.array([bit for _, _, bit in stretches])[place[inside]]
    power = watts[inside]
    if len(load) < 2 * _HALF or load.std() == 0 or power.std() == 0:
        return -1.0
    return float(np.corrcoef(load, power)[0, 1])
