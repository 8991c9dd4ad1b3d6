"""How long a pass takes on real inputs beside random ones, and with decoding and preprocessing. Runs in the forked child."""

import time
from typing import Any

import numpy as np

from joulesweep.datasets.base import Examples
from joulesweep.measure.accuracy.loaded_model import LoadedModel
from joulesweep.uncertainty import interval

_EXAMPLES = 50
_FEWEST = 6  # pairs, so that their ratio has an interval
_ENOUGH_S = 10.0  # for each of both parts; a slow model gets fewer passes


def measure(model: LoadedModel, examples: Examples) -> dict[str, float]:
    """Time the first 50 examples (fewer of a slow model), one per pass; all in seconds, medians.

    Returns `real_s` and `synthetic_s`, a pass on a real and on the random input of latency, in turn; `real_ratio` with its
    95 % interval `real_ratio_low` and `real_ratio_high`, of the pairs; and `end_to_end_s`, from the file (which the system has
    in memory, since it was read before) to the output.
    """
    count = min(_EXAMPLES, len(examples))
    real = [model.prepared(examples.read(place)) for place in range(count)]
    random = model.prepared_random()
    for prepared in (random, real[0]):
        model.pass_s(prepared)
    real_s, random_s = _pairs(model, real, random)
    end_to_end_s = []
    begin = time.perf_counter()
    for place in range(count):
        start = time.perf_counter()
        model.pass_s(model.prepared(examples.read(place)))
        end_to_end_s.append(time.perf_counter() - start)
        if place + 1 >= _FEWEST and time.perf_counter() - begin > _ENOUGH_S:
            break
    ratio = interval.of_median([a / b for a, b in zip(real_s, random_s, strict=True)])
    return {
        "end_to_end_s": float(np.median(end_to_end_s)),
        "real_s": float(np.median(real_s)),
        "synthetic_s": float(np.median(random_s)),
        "real_ratio": ratio.value,
        "real_ratio_low": ratio.low,
        "real_ratio_high": ratio.high,
    }


def _pairs(model: LoadedModel, real: list[Any], random: Any) -> tuple[list[float], list[float]]:
    """Seconds of a pass on a real and on the random input, pair by pair; which comes first changes from pair to pair."""
    real_s: list[float] = []
    random_s: list[float] = []
    begin = time.perf_counter()
    for number in range(_EXAMPLES):
        pair = [(real[number % len(real)], real_s), (random, random_s)]
        for prepared, times in pair if number % 2 else reversed(pair):
            times.append(model.pass_s(prepared))
        if number + 1 >= _FEWEST and time.perf_counter() - begin > _ENOUGH_S:
            break
    return real_s, random_s
