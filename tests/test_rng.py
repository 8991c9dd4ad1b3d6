"""Random numbers that are the same everywhere."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from joulesweep.model import rng


def test_known_values():
    """A release that draws other numbers would change every model: these were drawn when the format was fixed."""
    assert rng.uniform("conv1.weight", (3,), -1, 1).tolist() == [
        -0.3131380081176758,
        -0.40879595279693604,
        0.5698777437210083,
    ]
    assert rng.integers("input", (4,), 0, 1000).tolist() == [10, 74, 72, 335]


@given(st.text(max_size=20), st.floats(-100, 100, width=32), st.floats(0.125, 100, width=32))
def test_uniform_values_lie_in_the_half_open_interval(name, low, width):
    high = np.float32(low) + np.float32(width)
    values = rng.uniform(name, (2, 50), low, high)
    assert values.dtype == np.float32
    assert values.shape == (2, 50)
    assert (values >= np.float32(low)).all()
    assert (values < high).all()


@given(st.integers(-1000, 1000), st.integers(1, 100_000))
def test_integers_lie_in_the_half_open_interval(low, width):
    values = rng.integers("x", (100,), low, low + width)
    assert values.min() >= low
    assert values.max() < low + width


def test_names_give_different_values():
    assert not np.array_equal(rng.uniform("a", (8,), 0, 1), rng.uniform("b", (8,), 0, 1))


def test_a_permutation_holds_every_number_once():
    assert sorted(rng.permutation("x", 101)) == list(range(101))
