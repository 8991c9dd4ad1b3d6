"""How long a pass takes on real inputs beside random ones, and with decoding and preprocessing. Runs in the forked child."""

import time
from collections.abc import Iterator

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
    real_s, random_s = _pairs(model, examples)
    ratio = interval.of_median([a / b for a, b in zip(real_s, random_s, strict=True)])
    return {
        "end_to_end_s": float(np.median(_end_to_end(model, examples))),
        "real_s": float(np.median(real_s)),
        "synthetic_s": float(np.median(random_s)),
        "real_ratio": ratio.value,
        "real_ratio_low": ratio.low,
        "real_ratio_high": ratio.high,
    }


def _pairs(model: LoadedModel, examples: Examples) -> tuple[list[float], list[float]]:
    """Seconds of a pass on a real and on the random input, pair by pair.

    Both inputs are made anew for each pair, and each does an untimed pass before, so that neither is nearer to the processor.
    Which comes first changes.
    """
    real_s: list[float] = []
    random_s: list[float] = []
    count = min(_EXAMPLES, len(examples))
    for number in _until_enough(_EXAMPLES):
        pair = [(model.prepared(examples.read(number % count)), real_s), (model.prepared_random(), random_s)]
        order = pair if number % 2 else pair[::-1]
        for prepared, _ in order:
            model.pass_s(prepared)
        for prepared, times in order:
            times.append(model.pass_s(prepared))
    return real_s, random_s


def _end_to_end(model: LoadedModel, examples: Examples) -> list[float]:
    """Seconds of reading an example, making it ready and doing one pass."""
    times: list[float] = []
    for place in _until_enough(min(_EXAMPLES, len(examples))):
        start = time.perf_counter()
        model.pass_s(model.prepared(examples.read(place)))
        times.append(time.perf_counter() - start)
    return times


def _until_enough(most: int) -> Iterator[int]:
    """The numbers below `most`; fewer where they take long."""
    begin = time.perf_counter()
    for number in range(most):
        if number >= _FEWEST and time.perf_counter() - begin > _ENOUGH_S:
            return
        yield number
