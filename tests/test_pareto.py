"""Which choices are worth having, by the figures and beyond their intervals."""

from hypothesis import given
from hypothesis import strategies as st
from joulesweep.uncertainty.interval import Interval
from joulesweep.uncertainty.pareto import BEATEN, BEST, POSSIBLE, Choice, beaters, front, standings


def _choice(seconds: float, accuracy: float, half: float = 0.01, points: float = 0.005) -> tuple[Interval, Interval]:
    return (
        Interval(seconds, seconds / (1 + half), seconds * (1 + half)),
        Interval(accuracy, accuracy - points, accuracy + points),
    )


def _standings(choices: list[Choice]) -> list[str]:
    return standings(choices, beaters(choices))


def test_a_choice_is_best_beaten_or_neither_by_its_intervals():
    fast, good, worse = _choice(1, 0.80), _choice(3, 0.95), _choice(4, 0.90)
    assert _standings([fast, good, worse]) == [BEST, BEST, BEATEN]
    assert front([fast, good, worse]) == [0, 1]
    near = _choice(3.02, 0.951)
    assert _standings([good, near]) == [POSSIBLE, POSSIBLE]
    assert _standings([good]) == [BEST]
    assert _standings([]) == []


def test_equal_accuracy_leaves_the_faster_one():
    assert _standings([_choice(1, 0.9), _choice(2, 0.9)]) == [BEST, BEATEN]
    assert front([_choice(2, 0.9), _choice(1, 0.9)]) == [1]


def test_those_that_beat_a_choice_are_named():
    fast, good, worse = _choice(1, 0.80), _choice(3, 0.95), _choice(4, 0.79)
    assert beaters([fast, good, worse]) == [[], [], [0, 1]]


def test_what_has_no_interval_is_told_from_nothing():
    nan = float("nan")
    unknown = (Interval(1.0, nan, nan), Interval(0.9, nan, nan))
    assert _standings([unknown, _choice(5, 0.5)]) == [POSSIBLE, POSSIBLE]


CHOICES = st.lists(
    st.tuples(st.floats(0.1, 10), st.floats(0, 1), st.floats(0.001, 0.5), st.floats(0.001, 0.2)),
    min_size=1,
    max_size=8,
)


@given(CHOICES)
def test_a_choice_is_beaten_where_another_one_beats_it_and_never_by_itself(drawn):
    choices = [_choice(*each) for each in drawn]
    beaten = beaters(choices)
    assert [bool(places) for places in beaten] == [standing == BEATEN for standing in _standings(choices)]
    assert not any(place in places for place, places in enumerate(beaten))


@given(CHOICES)
def test_the_front_is_never_empty_and_the_best_are_on_it(drawn):
    choices = [_choice(*each) for each in drawn]
    found, of = front(choices), _standings(choices)
    assert found
    costs = [choices[place][0].value for place in found]
    assert costs == sorted(costs)
    assert {place for place, standing in enumerate(of) if standing == BEST} <= set(found)
    for place in range(len(choices)):
        if place not in found:
            assert any(
                choices[other][0].value <= choices[place][0].value
                and choices[other][1].value >= choices[place][1].value
                for other in found
            )
