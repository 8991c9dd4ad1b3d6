"""Intervals hold what they promise."""

import math

import numpy as np
import pytest
from joulesweep.uncertainty import interval
from joulesweep.uncertainty.interval import Interval
from joulesweep.uncertainty.intervals import Intervals
from joulesweep.uncertainty.ratio import difference, ratio
from scipy import stats


@pytest.mark.parametrize("degrees", range(1, 21))
def test_the_table_of_students_t_is_that_of_scipy(degrees):
    assert interval.t_975(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), abs=1e-6)


def test_beyond_the_table_an_interval_is_too_wide_and_never_too_narrow():
    assert interval.t_975(500) > stats.t.ppf(0.975, 500)
    with pytest.raises(ValueError, match="at least two"):
        interval.t_975(0)


def test_the_figure_is_the_geometric_mean_and_its_interval_is_symmetric_on_a_log_scale():
    found = interval.of_launches([1.0, 2.0, 4.0])
    assert found.value == pytest.approx(2.0)
    assert found.high / found.value == pytest.approx(found.value / found.low)


def test_one_launch_has_a_figure_and_no_interval():
    found = interval.of_launches([0.5])
    assert found.value == 0.5
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_no_further_launch_is_asked_for_where_the_first_agree():
    assert interval.further_launches([1.0, 1.0001, 0.9999, 1.0, 1.0], 0.05, 15) == 0
    assert interval.further_launches([1.0, 2.0, 0.5, 1.5, 0.7], 0.05, 15) == 15


def test_the_half_width_that_was_aimed_at_is_reached_where_the_number_of_launches_allows_it():
    random = np.random.default_rng(3)
    for _ in range(200):
        draws = random.normal(0.0, 0.04, 5)
        more = interval.further_launches(np.exp(draws).tolist(), 0.05, 195)
        half = interval.t_975(4) * draws[:5].std(ddof=1) / math.sqrt(5 + more)
        assert more == 195 or half <= math.log1p(0.05)


def test_many_intervals_are_compared_by_the_rules_for_two():
    """Also where one has no interval, or reaches below zero."""
    some = [
        Interval(2.0, 1.8, 2.2),
        Interval(3.0, math.nan, math.nan),
        Interval(0.5, -0.1, 1.1),
        Interval(1e-6, 1e-6, 1e-6),
    ]
    many = Intervals.of(some)
    for place, other in enumerate(some):
        for rule, found in ((ratio, many.ratio(many[place])), (difference, many.difference(many[place]))):
            expected = Intervals.of(rule(each, other) for each in some)
            for end in ("value", "low", "high"):
                assert getattr(found, end) == pytest.approx(getattr(expected, end), rel=1e-12, nan_ok=True), (
                    rule,
                    other,
                )
    assert Intervals.of([]).value.shape == (0,)
