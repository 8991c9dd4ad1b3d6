"""The interval of a point holds on a drifting device, and comes from this device's launches only."""

import math
from dataclasses import replace

import numpy as np
import pytest
from joulesweep.uncertainty import drift, interval
from joulesweep.uncertainty.drift import Drift, Record
from scipy import stats

APART_S = 30.0


def _device(ratio: float, drift_time_s: float = 60.0, variance: float = 0.0, longest_s: float = 480.0) -> Drift:
    """A device of which the drift time and the ratio of drift to noise are known for sure."""
    weights = (ratio == drift._RATIOS).astype(float)[None]
    return Drift(np.array([drift_time_s]), weights, np.full_like(weights, variance), longest_s)


def _wandering(random: np.random.Generator, times_s: np.ndarray, drift_time_s: float, spread: float) -> np.ndarray:
    """A drift of this standard deviation and drift time at these times."""
    covariance = spread**2 * np.exp(-np.abs(times_s[:, None] - times_s) / drift_time_s)
    return np.linalg.cholesky(covariance + 1e-12 * np.eye(len(times_s))) @ random.standard_normal(len(times_s))


def _job(
    random: np.random.Generator, points: int, launches: int, apart_s: float, wander: float, drift_time_s: float = 60.0
) -> list[Record]:
    """Records of points around 1 s whose launches alternate and share the drift, with 2 % of noise."""
    times_s = np.arange(launches * points) * apart_s / points
    shared = _wandering(random, times_s, drift_time_s, wander) if wander else np.zeros(len(times_s))
    seconds = np.exp(shared + random.normal(0, 0.02, len(times_s)))
    return [(times_s[point::points].tolist(), seconds[point::points].tolist()) for point in range(points)]


def _holds(record: Record, device: Drift) -> bool:
    result = drift.interval(*record, device)
    return result.low <= 1 <= result.high


def test_without_drift_the_interval_is_students_t():
    seconds = [1.0, 1.1, 0.9, 1.05]
    result = drift.interval([0, 30, 60, 90], seconds, _device(0))
    assert result.value == pytest.approx(math.exp(np.log(seconds).mean()))
    assert result.high == pytest.approx(interval.of_launches(seconds).high)
    assert result.low == pytest.approx(interval.of_launches(seconds).low)


def test_two_launches_have_the_interval_that_was_worked_out_by_hand():
    lag_s, drift_time_s, variance = 30.0, 60.0, 0.01
    result = drift.interval([0, lag_s], [1.0, 1.2], _device(1, drift_time_s, variance))
    correlation = math.exp(-lag_s / drift_time_s)
    launch = math.log(1.2) ** 2 / 2 / (1 - correlation / 2)  # drift and noise have half of it each
    mean_correlation = (1 + correlation) / 2
    moments = 1 / mean_correlation - 1
    drifting = (moments * launch / 2 + variance) / (moments + 1)
    error = math.sqrt(launch / 2 / 2 + drifting * mean_correlation)
    assert math.log(result.high / result.value) == pytest.approx(interval.t_975(1) * error)


def test_two_launches_alone_tell_nothing_of_drift():
    weights = drift.estimate([([0, 30], [1.0, 1.3])]).weights
    assert weights == pytest.approx(np.full_like(weights, 1 / weights.size))


def test_the_likelihood_is_that_of_all_differences_between_launches():
    """The density of the n - 1 differences to the first launch, at the variance where it is highest."""
    random = np.random.default_rng(0)
    times_s, logs, drift_times_s = np.sort(random.uniform(0, 300, 7)), random.normal(0, 0.1, 7), np.array([15.0, 135.0])
    likelihood, variances = drift._fit(drift._correlations(times_s, drift_times_s), logs)
    to_first = np.eye(7)[1:] - np.eye(7)[0]
    densities = np.empty_like(likelihood)
    for row, time_s in enumerate(drift_times_s):
        for column, share in enumerate(drift._SHARES):
            correlations = share * np.exp(-np.abs(times_s[:, None] - times_s) / time_s) + (1 - share) * np.eye(7)
            of_differences = to_first @ correlations @ to_first.T
            differences = to_first @ logs
            best = differences @ np.linalg.solve(of_differences, differences) / 6
            assert variances[row, column] == pytest.approx(best)
            densities[row, column] = stats.multivariate_normal(cov=best * of_differences).logpdf(differences)
    assert likelihood - likelihood[0, 0] == pytest.approx(densities - densities[0, 0])


def test_the_drift_time_and_the_size_of_the_drift_are_recovered():
    random = np.random.default_rng(1)
    records = [record for _ in range(30) for record in _job(random, 1, 60, 10, wander=0.1, drift_time_s=45)]
    device = drift.estimate(records)
    best = np.unravel_index(device.weights.argmax(), device.weights.shape)
    assert device.drift_times_s[best[0]] == 45
    assert drift._RATIOS[best[1]] == 30
    assert math.sqrt((device.weights * device.variances).sum()) == pytest.approx(0.1, rel=0.15)


@pytest.mark.parametrize(("wander", "least", "most"), [(0.0, 0.95, 1.0), (0.05, 0.91, 0.99)])
def test_the_interval_of_a_spread_job_holds_the_truth_as_often_as_it_says(wander, least, most):
    random, holds = np.random.default_rng(2), []
    for _ in range(60):
        records = _job(random, 6, 14, APART_S, wander)
        device = drift.estimate(records)
        holds += [_holds(record, device) for record in records]
    assert least <= np.mean(holds) <= most


def test_a_short_job_takes_its_drift_from_what_the_device_showed_before():
    random, with_drift, independent = np.random.default_rng(3), [], []
    for _ in range(80):
        before = _job(random, 6, 14, APART_S, wander=0.05)
        (record,) = _job(random, 1, 10, 5, wander=0.05)
        with_drift.append(_holds(record, drift.estimate([*before, record])))
        plain = interval.of_launches(record[1])
        independent.append(plain.low <= 1 <= plain.high)
    assert np.mean(with_drift) >= 0.88
    assert np.mean(independent) < 0.7


def test_a_steady_device_does_not_pay_for_drift_that_it_does_not_have():
    random, ratios = np.random.default_rng(4), []
    for _ in range(20):
        records = _job(random, 10, 14, APART_S, wander=0.0)
        device = drift.estimate(records)
        ratios += [
            math.log(drift.interval(*record, device).high / interval.of_launches(record[1]).high)
            / math.log(interval.of_launches(record[1]).high / interval.of_launches(record[1]).value)
            for record in records
        ]
    assert np.median(ratios) < 0.6


def test_a_difference_between_days_is_drift_too():
    """Points of two jobs that differ by 5 % show to a third point, seen once, that its day may differ as well."""
    random = np.random.default_rng(5)
    job, next_day = _job(random, 3, 14, APART_S, 0.0), _job(random, 2, 14, APART_S, 0.0)
    both_days = [
        ([*times, *(time_s + 86400 for time_s in later)], [*seconds, *(1.05 * each for each in slower)])
        for (times, seconds), (later, slower) in zip(job[:2], next_day, strict=True)
    ]
    one_day = drift.interval(*job[2], drift.estimate(job))
    result = drift.interval(*job[2], drift.estimate([*both_days, job[2]]))
    assert math.log(result.high / result.value) > 2 * math.log(one_day.high / one_day.value)
    assert result.high > 1.025


def test_a_device_that_was_seen_for_a_minute_says_that_its_drift_is_not_known():
    times_s, seconds = [0, 20, 40, 60], [1.0, 1.02, 0.99, 1.01]
    short = drift.estimate([(times_s, seconds)])
    assert (short.longest_s, short.is_seen) == (60, False)
    assert drift.estimate([(times_s, seconds), ([0, 200, 400], [1.0, 1.1, 1.2])]).is_seen
    assert not drift.estimate([]).is_seen


def test_the_half_width_to_expect_is_that_which_comes():
    random = np.random.default_rng(6)
    device = replace(_device(3), variances=np.full((1, len(drift._RATIOS)), 0.03**2))
    times_s = np.arange(14) * APART_S
    halves, spreads = [], []
    for _ in range(400):
        seconds = np.exp(_wandering(random, times_s, 60, 0.03) + random.normal(0, 0.03 / math.sqrt(3), 14))
        result = drift.interval(times_s.tolist(), seconds.tolist(), device)
        halves.append(result.high / result.value - 1)
        spreads.append(float(np.log(seconds).var(ddof=1)))
    expected = drift.expected_half_width(times_s.tolist(), math.sqrt(np.mean(spreads)), device)
    assert expected == pytest.approx(np.mean(halves), rel=0.05)


def test_more_launches_in_the_same_minutes_do_not_narrow_the_interval_without_end():
    few, many = (
        drift.expected_half_width(np.linspace(0, 60, launches).tolist(), 0.02, _device(10)) for launches in (10, 200)
    )
    assert many > 0.7 * few


@pytest.mark.parametrize("records", [[], [([], [])], [([5.0], [1.0])], [([0, 9], [1.0, 1.0])]])
def test_records_that_tell_nothing_leave_every_drift_as_likely(records):
    device = drift.estimate(records)
    assert device.weights == pytest.approx(np.full_like(device.weights, 1 / device.weights.size))
    assert not device.variances.any()


def test_one_launch_has_a_figure_and_no_interval():
    result = drift.interval([3.0], [0.5], drift.estimate([([3.0], [0.5])]))
    assert result.value == pytest.approx(0.5)
    assert math.isnan(result.low)
    assert math.isnan(result.high)


@pytest.mark.parametrize(
    ("times_s", "seconds"),
    [
        ([0, 30], [1.0, 1.1]),
        ([0, 30, 60], [1.0, 1.1, 0.9]),
        ([7, 7, 7, 7], [1.0, 1.1, 0.9, 1.0]),
        ([60, 0, 30], [1e-6, 2e-6, 1.5e-6]),
        ([0, 1e-6, 1e7], [1.0, 1.1, 3.0]),
    ],
)
def test_few_launches_at_any_times_have_an_interval(times_s, seconds):
    result = drift.interval(times_s, seconds, drift.estimate([(times_s, seconds)]))
    assert 0 < result.low < result.value < result.high
    assert math.isfinite(math.log(result.high))


def test_equal_launches_have_no_width_unless_the_device_drifts():
    times_s, equal = [0, 10, 20], [1.0, 1.0, 1.0]
    result = drift.interval(times_s, equal, drift.estimate([(times_s, equal)]))
    assert result.low == result.value == result.high == 1
    records = _job(np.random.default_rng(7), 6, 14, APART_S, wander=0.05)
    result = drift.interval(times_s, equal, drift.estimate([*records, (times_s, equal)]))
    assert result.high > 1.02


def test_the_intervals_of_many_points_are_those_of_each_by_itself(monkeypatch):
    """Points of different numbers of launches, equal ones, one launch and none; also where not all fit into memory at once."""
    random = np.random.default_rng(10)
    records = [*_job(random, 3, 14, APART_S, 0.05), *_job(random, 4, 8, APART_S, 0.05)]
    records += [([0, 40, 80], [1.0, 1.0, 1.0]), ([5.0], [0.5]), ([], [])]
    device, found = drift.with_intervals(records)
    assert np.array_equal(device.weights, drift.estimate(records).weights)
    for record, own in zip(records[:-1], found, strict=False):
        single = drift.interval(*record, device)
        assert (own.value, own.low, own.high) == pytest.approx((single.value, single.low, single.high), nan_ok=True)
    assert math.isnan(found[-1].value)
    monkeypatch.setattr(drift, "_AT_ONCE", 1)
    _, one_by_one = drift.with_intervals(records)
    assert [each.high for each in one_by_one] == pytest.approx([each.high for each in found], nan_ok=True)
