"""The inputs of a model."""

import numpy as np
from joulesweep import inputs

from tests.digits_model import digits_spec

TOKENS = {"input": {"shape": [16], "dtype": "int64", "low": 3, "high": 9}}


def test_the_batch_comes_first_and_a_size_changes_height_and_width():
    assert inputs.shape(digits_spec(), {"batch": 4, "size": 16, "sequence": None}) == (4, 1, 16, 16)


def test_the_native_size_keeps_an_image_that_is_not_square():
    spec = {"input": {"shape": [3, 48, 64]}}
    assert inputs.shape(spec, {"batch": 1, "size": 64, "sequence": None}) == (1, 3, 48, 64)


def test_a_sequence_changes_the_last_dimension():
    assert inputs.shape(TOKENS, {"batch": 2, "size": None, "sequence": 5}) == (2, 5)


def test_values_have_the_type_and_range_of_the_specification():
    tokens = inputs.make(TOKENS, inputs.base_point(TOKENS))["input"]
    assert tokens.dtype == np.int64
    assert set(tokens.ravel()) <= set(range(3, 9))


def test_the_same_point_gives_the_same_values():
    point = inputs.base_point(digits_spec())
    assert np.array_equal(inputs.make(digits_spec(), point)["input"], inputs.make(digits_spec(), point)["input"])


def test_the_base_point_has_the_axes_of_the_input():
    assert inputs.base_point(digits_spec()) == {"batch": 1, "size": 8, "sequence": None}
    assert inputs.base_point(TOKENS) == {"batch": 1, "size": None, "sequence": 16}
    vector = {"input": {"shape": [64], "dtype": "float32"}}
    assert inputs.base_point(vector) == {"batch": 1, "size": None, "sequence": None}


def test_the_digest_changes_with_the_specification_of_the_input_alone():
    spec = digits_spec()
    assert inputs.digest(spec) == inputs.digest({**spec, "name": "other"})
    assert inputs.digest(spec) != inputs.digest({**spec, "input": {**spec["input"], "high": 2}})
