"""A long job proceeds in blocks of models."""

from hypothesis import given
from hypothesis import strategies as st
from joulesweep.measure import blocks


def test_a_job_of_minutes_is_one_block_and_a_job_of_an_hour_is_several_of_about_equal_length():
    assert blocks.of_models({"a": 100.0, "b": 200.0}) == [["a", "b"]]
    assert blocks.of_models(dict.fromkeys("abcdef", 600.0)) == [["a", "b"], ["c", "d"], ["e", "f"]]


def test_a_model_that_takes_long_is_a_block_of_its_own():
    assert blocks.of_models({"a": 60.0, "slow": 5000.0, "b": 60.0})[:2] == [["a"], ["slow"]]


@given(st.dictionaries(st.text(max_size=3), st.floats(0.1, 5000), min_size=1, max_size=20))
def test_every_model_is_in_one_block_in_its_order(seconds):
    found = blocks.of_models(seconds)
    assert [model for block in found for model in block] == list(seconds)
    assert all(found)
