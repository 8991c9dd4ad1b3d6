"""Power traces: energy between two moments, whatever the meter's unit and its counters' wraps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joulesweep.measure.energy.traces.power_trace import PowerTrace, UncoveredError

SECOND = 1_000_000_000
STEPS = st.lists(st.integers(1_000_000, 2 * SECOND), min_size=3, max_size=40)


def _times(steps: list[int]) -> list[int]:
    return [int(time) for time in 10**15 + np.cumsum([0, *steps])]


def _between(times: list[int], *fractions: float) -> list[int]:
    span = times[-1] - times[0]
    return sorted(times[0] + int(fraction * span) for fraction in fractions)


FRACTION = st.floats(0, 1)


@given(STEPS, st.data(), FRACTION, FRACTION, FRACTION)
def test_energy_of_adjacent_windows_adds_up(steps, data, a, b, c):
    times = _times(steps)
    watts = data.draw(st.lists(st.floats(-1, 500), min_size=len(times), max_size=len(times)))
    trace = PowerTrace("W", times, [[value] for value in watts])
    start, middle, end = _between(times, a, b, c)
    assert trace.joules(start, middle) + trace.joules(middle, end) == pytest.approx(trace.joules(start, end), abs=1e-6)


@given(STEPS, st.floats(0, 1000), FRACTION, FRACTION)
def test_constant_power_gives_power_times_time(steps, watts, a, b):
    times = _times(steps)
    start, end = _between(times, a, b)
    trace = PowerTrace("W", times, [[watts]] * len(times), update_s=1.0)
    try:
        energy = trace.joules(start, end)
    except UncoveredError:  # the last of the equal readings was too young to be a new one
        assert end > trace.time_ns[-1] or len(trace.time_ns) < 2
    else:
        assert energy == pytest.approx(watts * (end - start) * 1e-9, rel=1e-9, abs=1e-9)


@given(STEPS, st.data(), st.floats(0, 1), st.floats(1000, 70_000))
def test_counters_that_wrap_are_exact(steps, data, begin, scale):
    """Two rails that wrap at different ranges give the joules that were really drawn."""
    times = _times(steps)
    watts = data.draw(
        st.lists(st.tuples(st.floats(0, 400), st.floats(0, 400)), min_size=len(steps), max_size=len(steps))
    )
    drawn = np.concatenate([[[0.0, 0.0]], np.cumsum(np.array(watts) * np.array(steps)[:, None] * 1e-9, axis=0)])
    wrap = np.array([scale * 4, scale * 7])
    counters = (drawn + begin * wrap) % wrap
    trace = PowerTrace("J", times, [tuple(row) for row in counters.tolist()], wrap.tolist())
    assert trace.joules(int(trace.time_ns[0]), int(trace.time_ns[-1])) == pytest.approx(
        drawn[-1].sum(), rel=1e-6, abs=1e-5
    )


def test_edges_are_interpolated():
    trace = PowerTrace("W", [0, 2 * SECOND], [[0.0], [20.0]])
    assert trace.joules(SECOND, 2 * SECOND) == pytest.approx(15.0)
    counter = PowerTrace("J", [0, 2 * SECOND], [[0.0], [20.0]], [np.inf])
    assert counter.joules(SECOND // 2, SECOND) == pytest.approx(5.0)


def test_rails_are_added():
    trace = PowerTrace("W", [0, SECOND], [[1.0, 2.0], [1.5, 2.5]])
    assert trace.joules(0, SECOND) == pytest.approx(3.5)


def test_a_window_beyond_the_readings_is_refused():
    trace = PowerTrace("W", [0, SECOND], [[1.0], [2.0]])
    for window in ((-1, SECOND), (0, SECOND + 1)):
        with pytest.raises(UncoveredError):
            trace.joules(*window)


def test_no_reading_at_all_is_refused():
    with pytest.raises(UncoveredError):
        PowerTrace("J", [], [], [1.0]).joules(0, 1)


def test_a_gap_that_may_hide_two_wraps_is_refused():
    """A counter of 65 kJ can fill in 65 s at more watts than any processor draws."""
    trace = PowerTrace("J", [0, 70 * SECOND], [[1.0], [2.0]], [65_532.0])
    with pytest.raises(UncoveredError, match="more than once"):
        trace.joules(0, 70 * SECOND)


def test_a_counter_that_was_reset_is_refused_not_read_as_a_wrap():
    trace = PowerTrace("J", [0, SECOND], [[50_000.0], [1.0]], [262_143.0])
    with pytest.raises(UncoveredError, match="reset"):
        trace.joules(0, SECOND)


def test_a_repeated_value_is_no_new_reading():
    """A meter that updates every 0.1 s and is looked at every 0.02 s has a reading every 0.1 s."""
    looks = [index * SECOND // 50 for index in range(101)]
    trace = PowerTrace("W", looks, [[float(look // (SECOND // 10))] for look in looks], update_s=0.1)
    assert trace.interval_s(0, 2 * SECOND) == pytest.approx(0.1)
    assert trace.readings(0, 2 * SECOND) == 21


def test_a_value_that_stays_for_long_is_a_new_reading_again():
    """A process asleep uses no processor time: the repeats are its zero power, and the later work must not leak in."""
    looks = [index * SECOND // 50 for index in range(101)]
    trace = PowerTrace("J", looks, [[max(0.0, look * 1e-9 - 1.0)] for look in looks], [np.inf], update_s=0.01)
    assert trace.joules(0, SECOND) == pytest.approx(0.0)
    assert trace.joules(SECOND, 2 * SECOND) == pytest.approx(1.0)


def test_the_longest_gap_is_told():
    trace = PowerTrace("W", [0, SECOND, 5 * SECOND, 6 * SECOND], [[1.0], [2.0], [3.0], [4.0]])
    assert trace.longest_gap_s(0, 6 * SECOND) == pytest.approx(4.0)
    assert trace.longest_gap_s(0, SECOND) == pytest.approx(1.0)
