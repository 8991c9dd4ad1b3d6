"""Two levels are found where there are two, whatever tells them apart, and not where there is one."""

import numpy as np
import pytest
from joulesweep.uncertainty import levels as module
from joulesweep.uncertainty.levels import levels

NEAR_S, FAR_S = 390e-9, 750e-9


def _launches(random: np.random.Generator, far: np.ndarray, ratio: float, spread: float = 0.04) -> list[float]:
    return list(1e-3 * ratio**far * np.exp(random.normal(0, spread, len(far))))


def _distances(random: np.random.Generator, far: np.ndarray) -> list[float]:
    return list(np.where(far, FAR_S, NEAR_S) * np.exp(random.normal(0, 0.05, len(far))))


def test_launches_with_near_and_far_cores_are_two_levels_with_their_shares():
    random = np.random.default_rng(1)
    far = np.arange(20) % 5 < 2
    found = levels(_launches(random, far, 1.8), _distances(random, far))
    assert found is not None
    assert found.of_the_cores
    assert found.low_s == pytest.approx(1e-3, rel=0.05)
    assert found.high_s == pytest.approx(1.8e-3, rel=0.05)
    assert found.high_share == 0.4


def test_levels_that_latency_alone_would_not_show_are_told_apart_by_the_cores():
    """Launches vary by 12 % and the levels by 30 %: without the distance of the cores that is one wide level."""
    random = np.random.default_rng(2)
    far = np.arange(24) % 2 == 0
    seconds = _launches(random, far, 1.3, spread=0.12)
    assert levels(seconds, [None] * 24) is None
    found = levels(seconds, _distances(random, far))
    assert found is not None
    assert found.high_s / found.low_s == pytest.approx(1.3, rel=0.15)


def test_a_model_that_does_not_feel_the_distance_has_one_level():
    random = np.random.default_rng(3)
    far = np.arange(20) % 2 == 0
    assert levels(_launches(random, far, 1.0), _distances(random, far)) is None


def test_two_levels_without_a_known_cause_are_found_in_the_launches():
    random = np.random.default_rng(4)
    slow = np.arange(20) % 4 == 0
    found = levels(_launches(random, slow, 1.6), _distances(random, np.zeros(20, bool)))
    assert found is not None
    assert not found.of_the_cores
    assert found.high_share == 0.25


@pytest.mark.parametrize("count", [8, 14, 30, 60])
@pytest.mark.parametrize("shape", ["normal", "uniform"])
def test_one_level_is_seldom_taken_for_two(shape, count):
    """Once in a hundred times by design; the levels must also differ by a tenth, which these do not miss."""
    random = np.random.default_rng(5)
    draws = random.normal(0, 0.3, (600, count)) if shape == "normal" else random.uniform(-0.5, 0.5, (600, count))
    found = sum(levels(list(np.exp(draw)), [None] * count) is not None for draw in draws)
    assert found / len(draws) <= 0.025


def test_a_few_slow_launches_are_no_level():
    random = np.random.default_rng(6)
    slow = np.arange(20) < 2
    assert levels(_launches(random, slow, 3.0), [None] * 20) is None


def test_too_few_launches_tell_nothing():
    assert levels([1e-3] * 4 + [2e-3] * 3, [None] * 7) is None
    assert module.standing_out(np.zeros(5))[0] == 0


def test_equal_launches_are_one_level():
    assert levels([1e-3] * 20, [NEAR_S] * 20) is None
    assert levels([1e-3] * 10 + [1.02e-3] * 10, [None] * 20) is None
