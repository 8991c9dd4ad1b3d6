"""Which of several choices are worth having: no other one costs less and gives more. Intervals leave some of them open."""

from collections.abc import Sequence

import numpy as np

from joulesweep.uncertainty.interval import Interval
from joulesweep.uncertainty.intervals import Intervals

BEST, POSSIBLE, BEATEN = "best", "possible", "beaten"

Choice = tuple[Interval, Interval]  # what it costs (latency, energy; above zero) and what it gives (accuracy)


def standings(choices: Sequence[Choice], beaten_by: Sequence[Sequence[int]]) -> list[str]:
    """The standing of each choice; `beaten_by` is what `beaters` returns for them.

    `BEST`: every other one costs more or gives less, beyond the intervals. `BEATEN`: another one beats it.
    `POSSIBLE`: the intervals do not decide.
    """
    costs, gains = _as_arrays(choices)
    return [
        BEATEN if places else BEST if _is_best(place, costs, gains) else POSSIBLE
        for place, places in enumerate(beaten_by)
    ]


def beaters(choices: Sequence[Choice]) -> list[list[int]]:
    """For each choice, the places of those that beat it.

    They are better in one of the two beyond the intervals, and by the figures not worse in the other.
    """
    costs, gains = _as_arrays(choices)
    return [_beaters(place, costs, gains) for place in range(len(choices))]


def front(choices: Sequence[Choice]) -> list[int]:
    """The places of the choices that no other beats by the figures alone, the cheapest first."""
    order = sorted(range(len(choices)), key=lambda place: (choices[place][0].value, -choices[place][1].value))
    found: list[int] = []
    for place in order:
        if not found or choices[place][1].value > choices[found[-1]][1].value:
            found.append(place)
    return found


def _as_arrays(choices: Sequence[Choice]) -> tuple[Intervals, Intervals]:
    """What all cost, and what all give."""
    return Intervals.of(cost for cost, _ in choices), Intervals.of(gain for _, gain in choices)


def _beaters(place: int, costs: Intervals, gains: Intervals) -> list[int]:
    cost, gain = costs.ratio(costs[place]), gains.difference(gains[place])
    beats = ((cost.high < 1) & (gain.value >= 0)) | ((gain.low > 0) & (cost.value <= 1))
    return np.flatnonzero(beats).tolist()


def _is_best(place: int, costs: Intervals, gains: Intervals) -> bool:
    costs_more, gives_less = costs.ratio(costs[place]).low > 1, gains.difference(gains[place]).high < 0
    return bool(np.delete(costs_more | gives_less, place).all())
