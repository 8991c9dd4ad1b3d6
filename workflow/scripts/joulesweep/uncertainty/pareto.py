"""Which of several choices are worth having: no other one costs less and gives more. Intervals leave some of them open."""

from collections.abc import Sequence

from joulesweep.uncertainty.interval import Interval
from joulesweep.uncertainty.ratio import difference, ratio

BEST, POSSIBLE, BEATEN = "best", "possible", "beaten"

Choice = tuple[Interval, Interval]  # what it costs (latency, energy; above zero) and what it gives (accuracy)


def standings(choices: Sequence[Choice], beaten_by: Sequence[Sequence[int]]) -> list[str]:
    """The standing of each choice; `beaten_by` is what `beaters` returns for them.

    `BEST`: every other one costs more or gives less, beyond the intervals. `BEATEN`: another one beats it.
    `POSSIBLE`: the intervals do not decide.
    """
    return [
        BEATEN if places else BEST if _is_best(place, choices) else POSSIBLE for place, places in enumerate(beaten_by)
    ]


def beaters(choices: Sequence[Choice]) -> list[list[int]]:
    """For each choice, the places of those that beat it.

    They are better in one of the two beyond the intervals, and by the figures not worse in the other.
    """
    return [[place for place, other in enumerate(choices) if _beats(other, own)] for own in choices]


def front(choices: Sequence[Choice]) -> list[int]:
    """The places of the choices that no other beats by the figures alone, the cheapest first."""
    order = sorted(range(len(choices)), key=lambda place: (choices[place][0].value, -choices[place][1].value))
    found: list[int] = []
    for place in order:
        if not found or choices[place][1].value > choices[found[-1]][1].value:
            found.append(place)
    return found


def _beats(own: Choice, other: Choice) -> bool:
    cost, gain = ratio(own[0], other[0]), difference(own[1], other[1])
    return bool((cost.high < 1 and gain.value >= 0) or (gain.low > 0 and cost.value <= 1))


def _is_best(place: int, choices: Sequence[Choice]) -> bool:
    cost, gain = choices[place]
    others = [choice for other, choice in enumerate(choices) if other != place]
    return all(ratio(other[0], cost).low > 1 or difference(other[1], gain).high < 0 for other in others)
