"""Intervals of points with few values, from the spread of all points together."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joulesweep.uncertainty import moderated
from joulesweep.uncertainty.interval import t_975
from scipy import special, stats

POINTS, WINDOWS = 21, 3
ANY_VALUES = st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 6)), min_size=1, max_size=5)


@pytest.mark.parametrize("x", [0.01, 0.5, 1, 1.5, 7.9, 8, 40])
def test_its_special_functions_are_those_of_scipy(x):
    assert moderated._digamma(x) == pytest.approx(special.digamma(x), rel=1e-7, abs=1e-9)
    assert moderated._trigamma(x) == pytest.approx(special.polygamma(1, x), rel=1e-7)
    assert moderated._inverse_trigamma(moderated._trigamma(x)) == pytest.approx(x, rel=1e-6)


def _job(random: np.random.Generator, spreads: np.ndarray) -> np.ndarray:
    """Values around 1 of each point and window."""
    return 1 + spreads[:, None] * random.normal(0, 1, (len(spreads), WINDOWS))


def test_of_points_that_spread_alike_each_has_the_spread_of_all():
    random, found = np.random.default_rng(0), []
    for _ in range(60):
        values = _job(random, np.full(POINTS, 0.02))
        prior = moderated.prior((own, 1.0) for own in values)
        found.append(prior.freedom)
        assert math.sqrt(prior.variance) == pytest.approx(0.02, rel=0.5)
    assert np.median(found) > 20


def test_a_point_among_points_that_spread_each_in_its_own_way_keeps_its_own_spread():
    random = np.random.default_rng(0)
    values = _job(random, np.geomspace(1e-6, 0.1, POINTS))
    prior = moderated.prior((own, 1.0) for own in values)
    assert prior.freedom < 1
    for place, own in enumerate(values):
        plain = t_975(WINDOWS - 1) * own.std(ddof=1) / math.sqrt(WINDOWS)
        found = prior.interval(own, 1.0)
        half = (found.high - found.low) / 2
        assert half > plain / 2
        assert place < POINTS / 2 or half == pytest.approx(plain, rel=0.5)


@pytest.mark.parametrize(
    "spreads",
    [
        lambda random: np.full(POINTS, 0.02),
        lambda random: 0.02 * np.exp(random.normal(0, 0.5, POINTS)),
        lambda random: np.where(np.arange(POINTS) % 2, 0.01, 0.03),
    ],
    ids=["alike", "different", "two kinds"],
)
def test_the_interval_holds_the_truth_as_often_as_it_says_and_is_narrower_than_one_from_its_own_values(spreads):
    random, held, widths = np.random.default_rng(1), [], []
    for _ in range(60):
        true = spreads(random)
        values = _job(random, true)
        prior = moderated.prior((own, 1.0) for own in values)
        intervals = [prior.interval(own, 1.0) for own in values]
        held += [each.low <= 1 <= each.high for each in intervals]
        widths += [(each.high - each.low) / 2 / one for each, one in zip(intervals, true, strict=True)]
    assert 0.925 < np.mean(held) < 0.975
    assert (
        np.mean(widths) < 0.75 * np.mean(stats.chi.rvs(2, size=9999, random_state=0)) / math.sqrt(2) * t_975(2) / 3**0.5
    )


def test_one_point_alone_has_students_interval_of_its_own_values():
    values = [1.0, 1.1, 1.3]
    prior = moderated.prior([(values, 1.0), ([5.0], 5.0), ([2.0, 2.0], 2.0)])
    assert prior == moderated.NO_PRIOR
    found = prior.interval(values, 7.0)
    low, high = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_energy_below_zero_has_an_interval_too():
    found = moderated.NO_PRIOR.interval([-1.0, 0.0, 1.0], 10.0)
    assert (found.value, found.low) == (0.0, -found.high)


def test_one_value_has_no_interval():
    found = moderated.Prior(1.0, 5.0, 40).interval([3.0], 3.0)
    assert found.value == 3.0
    assert math.isnan(found.low)
    assert math.isnan(found.high)


@given(st.lists(ANY_VALUES, max_size=6), st.floats(1e-3, 1e3))
def test_the_unit_changes_nothing_and_any_values_have_an_interval(points, unit):
    one = moderated.prior((values, 1.0) for values in points)
    other = moderated.prior(([unit * value for value in values], unit) for values in points)
    for values in points:
        first, second = one.interval(values, 1.0), other.interval([unit * value for value in values], unit)
        assert math.isnan(first.low) == (len(values) < 2)
        assert second.low == pytest.approx(unit * first.low, rel=1e-3, abs=1e-6 * unit, nan_ok=True)
