"""Which of several choices are worth having: no other one costs less and gives more. Intervals leave some of them open."""

from collections.abc import Sequence

from joulesweep.uncertainty.interval import Interval
from joulesweep.uncertainty.ratio import difference, ratio

BEST, POSSIBLE, BEATEN = "best", "possible", "beaten"

Choice = tuple[Interval, Interval]  # what it costs (latency, energy; above zero) and what it gives (accuracy)


def standings(choices: Sequence[Choice]) -> list[str]:
    """The standing of each choice.

    `BEST`: every other one costs more or gives less, beyond the intervals. `BEATEN`: another one is better in one of the two
    beyond the intervals, and by the figures not worse in the other. `POSSIBLE`: neither can be told.
    """
    return [_standing(own, [other for other in choices if other is not own]) for own in choices]


def front(choices: Sequence[Choice]) -> list[int]:
    """The places of the choices that no other beats by the figures alone, the cheapest first."""
    order = sorted(range(len(choices)), key=lambda place: (choices[place][0].value, -choices[place][1].value))
    found: list[int] = []
    for place in order:
        if not found or choices[place][1].value > choices[found[-1]][1].value:
            found.append(place)
    return found


def _standing(own: Choice, others: Sequence[Choice]) -> str:
    compared = [(ratio(other[0], own[0]), difference(other[1], own[1])) for other in others]
    if any((cost.high < 1 and gain.value >= 0) or (gain.low > 0 and cost.value <= 1) for cost, gain in compared):
        return BEATEN
    return BEST if all(cost.low > 1 or gain.high < 0 for cost, gain in compared) else POSSIBLE
