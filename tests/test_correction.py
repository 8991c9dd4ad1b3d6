"""The correction takes off what the reference explains, does no harm where it explains nothing, and its interval is honest."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joulesweep.analysis.statistics import correction
from joulesweep.analysis.statistics.correction import Rounds
from joulesweep.analysis.statistics.slopes import LARGEST, of_each_launch, within_bounds
from joulesweep.analysis.statistics.typical_speed import TypicalSpeed, typical_speed
from joulesweep.launches.latency_launch import LatencyLaunch
from joulesweep.launches.latency_row import Corrected
from joulesweep.launches.reference_baseline import MIXTURE
from joulesweep.uncertainty import drift, interval

from tests import synthetic

LAUNCHES, ROUNDS = 8, 2
PINNED = [1.0189779455470163, 0.009832535607870192, 0.37082102500298103, 0.0024426251124619216]
TIMES_S = [40.0 * launch for launch in range(LAUNCHES)]


def _points(draw: np.random.Generator, slopes: list[float], noise: float, drift: float) -> dict[int, list[Rounds]]:
    """Launches of points of one second on a device that drifts, which each point shares by its slope."""
    made = {}
    for point, slope in enumerate(slopes):
        launches = []
        for _ in range(LAUNCHES):
            speed = draw.normal(0, drift)
            reference = speed + draw.normal(0, 0.005, ROUNDS)
            passes = slope * speed + draw.normal(0, noise) + draw.normal(0, 0.005, ROUNDS)
            launches.append(Rounds(passes, reference[:, None]))
        made[point] = launches
    return made


def _corrected(points: Mapping[int, Sequence[Rounds]]) -> dict[int, Corrected]:
    """The points with intervals from their own drift."""
    adjusted = correction.adjusted(points)
    records = [(TIMES_S[: len(one.seconds)], one.seconds) for one in adjusted.values()]
    _, intervals = drift.with_intervals(records)
    return {
        point: correction.with_interval(one, own) for (point, one), own in zip(adjusted.items(), intervals, strict=True)
    }


def _spread(values: list[float]) -> float:
    return float(np.log(values).std(ddof=1))


def _raw(launches: Sequence[Rounds]) -> list[float]:
    return [math.exp(float(np.median(one.passes))) for one in launches]


def test_points_that_share_the_slowdowns_unlike_are_each_freed_from_their_own_share():
    slopes = [1.0, 1.0, 0.3, 0.3]
    found: dict[int, list[float]] = {point: [] for point in range(len(slopes))}
    raw, left = [], []
    draw = np.random.default_rng(0)
    for _ in range(40):
        points = _points(draw, slopes, noise=0.01, drift=0.1)
        for point, one in _corrected(points).items():
            found[point].append(one.slope)
            raw.append(_spread(_raw(points[point])))
            left.append(_spread(one.seconds))
    for point, slope in enumerate(slopes):
        assert np.mean(found[point]) == pytest.approx(slope, abs=0.15)
    assert np.mean(left) < 0.35 * np.mean(raw)


def test_a_reference_that_explains_nothing_does_no_harm():
    draw = np.random.default_rng(1)
    raw, figures = [], []
    for _ in range(100):
        points = _points(draw, [0.0, 0.0, 0.0], noise=0.05, drift=0.05)
        for point, one in _corrected(points).items():
            raw.append(math.log(interval.of_launches(_raw(points[point])).value))
            figures.append(math.log(one.interval.value))
    assert np.std(figures) < 1.1 * np.std(raw)


@pytest.mark.parametrize("slopes", [[1.0, 1.0, 1.0], [0.3, 0.6, 1.0], [0.0, 0.0, 0.0]])
def test_the_interval_holds_the_truth_as_often_as_it_says(slopes):
    """Also on a device that is slower all along than when its level was found."""
    draw = np.random.default_rng(2)
    held = []
    for _ in range(100):
        away = draw.normal(0, 0.05)
        points = {
            point: [Rounds(one.passes + slopes[point] * away, one.controls + away) for one in launches]
            for point, launches in _points(draw, slopes, noise=0.02, drift=0.05).items()
        }
        held += [one.interval.low <= 1 <= one.interval.high for one in _corrected(points).values()]
    assert np.mean(held) >= 0.94


def test_the_slopes_of_fixed_launches_are_what_the_trial_chose():
    """Figures of the form that docs/decisions/0011 tried, before its parts had functions of their own."""
    points = _points(np.random.default_rng(7), [1.0, 0.4], noise=0.02, drift=0.1)
    found = [value for one in correction.adjusted(points).values() for value in (one.slope, one.unknown)]
    assert found == pytest.approx(PINNED, rel=1e-6)


@given(
    st.lists(st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=3, max_size=6), min_size=1, max_size=3)
)
@settings(max_examples=60, deadline=None)
def test_whatever_the_launches_are_there_is_a_figure_and_a_slope_within_its_bounds(points):
    """Launches that are all alike, or that lie on a line, among them."""
    launched = {
        number: [Rounds(np.full(2, one), np.full((2, 1), other)) for one, other in launches]
        for number, launches in enumerate(points)
    }
    for number, one in _corrected(launched).items():
        assert 0 <= one.slope <= LARGEST
        assert 0 < one.interval.low <= one.interval.value <= one.interval.high < math.inf
        assert len(one.seconds) == len(points[number])


def test_one_point_with_the_fewest_launches_is_corrected_too():
    points = _points(np.random.default_rng(3), [1.0], noise=0.01, drift=0.1)
    (one,) = _corrected({0: points[0][:3]}).values()
    assert 0 <= one.slope <= LARGEST
    assert one.interval.low < one.interval.value < one.interval.high
    assert _corrected({}) == {}


def test_the_distance_of_the_cores_is_a_second_control_that_each_point_follows_by_its_own_share():
    """Two points feel whether the cores are near or far, one does not; all share the slowdowns of the reference."""
    draw = np.random.default_rng(8)
    feels = [0.6, 0.6, 0.0]
    kept: list[float] = []
    found: dict[int, list[float]] = {point: [] for point in range(len(feels))}
    for _ in range(40):
        points = {}
        for point, share in enumerate(feels):
            launches = []
            for _ in range(2 * LAUNCHES):
                speed, distance = draw.normal(0, 0.1), draw.choice([-0.15, 0.6], p=[0.8, 0.2])
                passes = speed + share * distance + draw.normal(0, 0.02) + np.zeros(ROUNDS)
                launches.append(Rounds(passes, np.tile([speed, distance], (ROUNDS, 1))))
            points[point] = launches
        for point, one in correction.adjusted(points).items():
            assert one.core_slope is not None
            found[point].append(one.core_slope)
            kept.append(_spread(list(one.seconds)))
    assert [np.mean(found[point]) for point in found] == pytest.approx(feels, abs=0.1)
    assert np.mean(kept) < 0.03


def test_a_slope_that_is_held_at_its_bound_leaves_the_rest_to_the_other():
    """The likeliest pair within bounds, found by trying all of a grid."""
    slopes, precision = np.array([0.6, -0.4]), np.array([[2.0, 1.5], [1.5, 2.0]])
    grid = np.stack(np.meshgrid(np.linspace(0, 2, 401), np.linspace(0, 2, 401)), axis=-1) - slopes
    best = np.argmin(np.einsum("xyi,ij,xyj->xy", grid, precision, grid))
    expected = grid.reshape(-1, 2)[best] + slopes
    assert within_bounds(slopes, precision) == pytest.approx(expected, abs=0.01)


def _plain_slopes(
    points: Sequence[tuple[np.ndarray, np.ndarray]], own: int, left_out: int
) -> tuple[np.ndarray, np.ndarray]:
    """The slopes of a point without one of its launches and their precision, by the formulas, one matrix after the other."""
    tiny, worth = 1e-12 * np.eye(points[0][1].shape[1]), 4
    kept = [
        (y, x) if place != own else (np.delete(y, left_out), np.delete(x, left_out, 0))
        for place, (y, x) in enumerate(points)
    ]
    centred = [(y - y.mean(), x - x.mean(axis=0)) for y, x in kept]
    all_y, all_x = np.concatenate([y for y, _ in centred]), np.concatenate([x for _, x in centred])
    pooled = np.clip(np.linalg.solve(all_x.T @ all_x + tiny, all_x.T @ all_y), 0, LARGEST)
    residual, freedom = ((all_y - all_x @ pooled) ** 2).sum(), len(all_y) - len(points)
    spread = (residual + worth * 0.01**2) / (freedom + worth)
    found = []
    for y, x in centred:
        squares = x.T @ x + tiny
        value = np.linalg.solve(squares, x.T @ y)
        variance = (((y - x @ value) ** 2).sum() + worth * spread) / (max(len(y) - 1 - len(value), 0) + worth)
        found.append((value, squares / variance))
    between, expected = 0.4**2 * np.eye(len(tiny)), np.diag(1 / np.array([0.3, 0.5])[: len(tiny)] ** 2)
    weights = [np.linalg.inv(np.linalg.inv(precision) + between) for _, precision in found]
    known = sum(weights) + expected
    weighted = sum(weight @ value for weight, (value, _) in zip(weights, found, strict=True))
    mean = np.linalg.solve(known, weighted + expected @ np.array([0.75, 0.0])[: len(tiny)])
    mean_weight, (value, precision) = np.linalg.inv(between + np.linalg.inv(known)), found[own]
    both = precision + mean_weight
    return within_bounds(np.linalg.solve(both, precision @ value + mean_weight @ mean), both), both


@pytest.mark.parametrize("controls", [1, 2])
def test_the_slopes_of_every_launch_are_those_of_the_formulas_without_it(controls):
    """Points of different numbers of launches, one with controls that hardly move."""
    draw = np.random.default_rng(9)
    points = []
    for place, count in enumerate([3, 5, 8, 8]):
        beside = draw.normal(0, 1e-9 if place == 1 else 0.1, (count, controls))
        points.append((beside @ draw.uniform(0, 1, controls) + draw.normal(0, 0.02, count), beside))
    values, precisions = of_each_launch(points)
    places = [(own, left_out) for own, (passes, _) in enumerate(points) for left_out in range(len(passes))]
    for value, precision, place in zip(values, precisions, places, strict=True):
        expected, expected_precision = _plain_slopes(points, *place)
        assert value == pytest.approx(expected, rel=1e-7, abs=1e-9)
        assert precision == pytest.approx(expected_precision, rel=1e-7)


def _launched(core_s: tuple[tuple[float, ...], ...] = (), slower: float = 1.0) -> LatencyLaunch:
    return synthetic.launch(rounds=2, slower=dict.fromkeys(MIXTURE, slower), core_s=core_s)


def test_the_typical_speed_is_the_mean_over_launches_and_the_controls_are_deviations_from_it():
    baseline_s = dict.fromkeys(MIXTURE, 1e-3)
    near, far = ((4e-7,),) * 3, ((8e-7,),) * 3
    launches = [_launched(near), *[_launched(near, slower=1.21)] * 11, *[_launched(far)] * 6]
    found = typical_speed(launches, baseline_s)
    assert found.reference == pytest.approx(11 / 18 * math.log(1.21))
    assert found.core_distance == pytest.approx(math.log(4e-7) + math.log(2) / 3)
    rounds = Rounds.of(launches[-1], baseline_s, found)
    assert rounds.controls == pytest.approx(np.tile([-found.reference, math.log(2) * 2 / 3], (2, 1)))


def test_a_launch_whose_cores_did_not_answer_is_taken_to_have_had_the_typical_distance():
    typical = TypicalSpeed(0.0, math.log(5e-7))
    baseline_s = dict.fromkeys(MIXTURE, 1e-3)
    assert Rounds.of(_launched(), baseline_s, typical).controls[:, 1] == pytest.approx([0, 0])
    some = _launched(((), (1e-6,), ()))
    assert Rounds.of(some, baseline_s, typical).controls[:, 1] == pytest.approx([math.log(2)] * 2)


def test_where_all_launches_found_one_distance_it_is_no_control():
    steady = [_launched(((4e-7 * (1 + place / 100),),) * 3) for place in range(20)]
    found = typical_speed(steady, dict.fromkeys(MIXTURE, 1e-3))
    assert found.core_distance is None
    assert Rounds.of(steady[0], dict.fromkeys(MIXTURE, 1e-3), found).controls.shape == (2, 1)
