"""The correction takes off what the reference explains, does no harm where it explains nothing, and its interval is honest."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joulesweep import interval
from joulesweep.analysis.statistics import correction
from joulesweep.analysis.statistics.correction import Launched, Rounds
from joulesweep.interval import Interval

LAUNCHES, ROUNDS = 5, 5
PINNED = [
    *(0.5751414268876727, 0.9283372451735484, 0.9741310126290063, 1.0221837319348472),
    *(0.48359001592037065, 0.9606999835696522, 1.0130631448970595, 1.0682803717091063),
]


def _points(draw: np.random.Generator, slopes: list[float], noise: float, drift: float) -> dict[int, Launched]:
    """Launches of points of one second on a device that drifts, which each point shares by its slope."""
    made = {}
    for point, slope in enumerate(slopes):
        launches = []
        for _ in range(LAUNCHES):
            speed = draw.normal(0, drift)
            reference = speed + draw.normal(0, 0.005, ROUNDS)
            passes = slope * speed + draw.normal(0, noise) + draw.normal(0, 0.005, ROUNDS)
            launches.append(Rounds(passes, reference))
        made[point] = Launched(tuple(launches), LAUNCHES)
    return made


def _spread(values: list[float]) -> float:
    return float(np.log(values).std(ddof=1))


def _raw(launched: Launched) -> list[float]:
    return [math.exp(float(np.median(one.passes))) for one in launched.launches]


def test_points_that_share_the_slowdowns_unlike_are_each_freed_from_their_own_share():
    slopes = [1.0, 1.0, 0.3, 0.3]
    found: dict[int, list[float]] = {point: [] for point in range(len(slopes))}
    raw, left = [], []
    draw = np.random.default_rng(0)
    for _ in range(40):
        points = _points(draw, slopes, noise=0.01, drift=0.1)
        for point, one in correction.corrected(points).items():
            found[point].append(one.slope)
            raw.append(_spread(_raw(points[point])))
            left.append(_spread(one.seconds))
    for point, slope in enumerate(slopes):
        assert np.mean(found[point]) == pytest.approx(slope, abs=0.15)
    assert np.mean(left) < 0.35 * np.mean(raw)


def test_a_reference_that_explains_nothing_does_no_harm():
    draw = np.random.default_rng(1)
    raw, figures = [], []
    for _ in range(200):
        points = _points(draw, [0.0, 0.0, 0.0], noise=0.05, drift=0.05)
        for point, one in correction.corrected(points).items():
            raw.append(math.log(interval.of_launches(_raw(points[point])).value))
            figures.append(math.log(one.interval.value))
    assert np.std(figures) < 1.1 * np.std(raw)


@pytest.mark.parametrize("slopes", [[1.0, 1.0, 1.0], [0.3, 0.6, 1.0], [0.0, 0.0, 0.0]])
@pytest.mark.parametrize(("shared", "least", "most"), [(0.0, 0.95, 1.0), (correction._SHARED, 0.92, 0.99)])
def test_the_interval_holds_the_truth_as_often_as_it_says(slopes, shared, least, most):
    """Where launches of a job share a moment, and on a device that is slower all along than when its level was found."""
    draw, noise = np.random.default_rng(2), 0.02
    held = []
    for _ in range(300):
        away = draw.normal(0, 0.05)
        points = _points(draw, slopes, noise=noise, drift=0.05)
        for point, launched in points.items():
            moved = slopes[point] * away + draw.normal(0, math.sqrt(shared) * noise)
            launches = tuple(Rounds(one.passes + moved, one.reference + away) for one in launched.launches)
            points[point] = Launched(launches, LAUNCHES)
        held += [one.interval.low <= 1 <= one.interval.high for one in correction.corrected(points).values()]
    assert least <= np.mean(held) <= most


def test_without_launches_the_figure_is_raw_and_its_interval_holds_what_a_job_shares():
    found = correction.uncorrected(Interval(1.0, 1 / 1.1, 1.1), 5)
    assert (found.slope, found.interval.value) == (None, 1.0)
    assert math.log(found.interval.high) == pytest.approx(math.log(1.1) * math.sqrt(1 + 5 * correction._SHARED))


def test_the_correction_of_fixed_launches_is_what_the_trial_chose():
    """Figures of the form that docs/decisions/0011 tried, before its parts had functions of their own."""
    points = _points(np.random.default_rng(7), [1.0, 0.4], noise=0.02, drift=0.1)
    made = correction.corrected(points)
    found = [
        value for one in made.values() for value in (one.slope, one.interval.low, one.interval.value, one.interval.high)
    ]
    assert found == pytest.approx(PINNED, rel=1e-6)


@given(
    st.lists(st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=3, max_size=6), min_size=1, max_size=3)
)
@settings(max_examples=60, deadline=None)
def test_whatever_the_launches_are_there_is_a_figure_and_a_slope_within_its_bounds(points):
    """Launches that are all alike, or that lie on a line, among them."""
    launched = {
        number: Launched(tuple(Rounds(np.full(2, one), np.full(2, other)) for one, other in launches), len(launches))
        for number, launches in enumerate(points)
    }
    for number, one in correction.corrected(launched).items():
        assert 0 <= one.slope <= correction._LARGEST
        assert 0 < one.interval.low <= one.interval.value <= one.interval.high < math.inf
        assert len(one.seconds) == len(points[number])


def test_one_point_with_the_fewest_launches_is_corrected_too():
    points = _points(np.random.default_rng(3), [1.0], noise=0.01, drift=0.1)
    few = {0: Launched(points[0].launches[:3], 3)}
    (one,) = correction.corrected(few).values()
    assert 0 <= one.slope <= correction._LARGEST
    assert one.interval.low < one.interval.value < one.interval.high
    assert correction.corrected({}) == {}
