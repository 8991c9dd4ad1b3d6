"""The inputs of a model."""

import numpy as np
import pytest
from joulesweep.axes import INPUT_AXES
from joulesweep.model import inputs

from tests.digits_model import digits_spec


def declared(name: str, shape: list, **more: object) -> dict:
    """One input of a completed specification."""
    return {"name": name, "shape": shape, "dtype": "float32", "low": 0, "high": 1, **more}


TOKENS = {
    "inputs": [
        declared("input_ids", ["sequence"], dtype="int64", low=3, high=9),
        declared("attention_mask", ["sequence"], dtype="bool", low=1, high=2),
        declared("state", [2, "batch", 5]),
        declared("rate", [], dtype="int64", low=8, high=9, batched=False),
    ],
    "axes": {"sequence": 16},
}


def test_the_batch_comes_first_and_a_size_changes_height_and_width():
    assert inputs.shapes(digits_spec(), {"batch": 4, "size": 16, "sequence": None}) == {"input": (4, 1, 16, 16)}


def test_an_axis_that_a_point_leaves_open_has_its_native_length():
    assert inputs.shapes(digits_spec(), {"batch": 2, "size": None}) == {"input": (2, 1, 8, 8)}


def test_a_sequence_changes_every_input_that_has_it_and_the_batch_stands_where_it_is_named():
    shapes = inputs.shapes(TOKENS, {"batch": 2, "size": None, "sequence": 7})
    assert shapes == {"input_ids": (2, 7), "attention_mask": (2, 7), "state": (2, 2, 5), "rate": ()}


def test_values_have_the_type_and_range_of_the_specification():
    made = inputs.make(TOKENS, inputs.base_point(TOKENS))
    assert made["input_ids"].dtype == np.int64
    assert set(made["input_ids"].ravel()) <= set(range(3, 9))
    assert made["attention_mask"].dtype == np.bool_
    assert made["attention_mask"].all()
    assert made["rate"] == 8


def test_inputs_that_differ_in_name_have_different_values():
    spec = {"inputs": [declared("one", [9]), declared("two", [9])], "axes": {}}
    made = inputs.make(spec, {"batch": 1})
    assert list(made) == ["one", "two"]
    assert not np.array_equal(made["one"], made["two"])


def test_the_same_point_gives_the_same_values():
    point = inputs.base_point(digits_spec())
    assert np.array_equal(inputs.make(digits_spec(), point)["input"], inputs.make(digits_spec(), point)["input"])


def test_the_base_point_has_the_axes_of_the_inputs():
    others = dict.fromkeys(INPUT_AXES)
    assert inputs.base_point(digits_spec()) == {"batch": 1, **others, "size": 8}
    assert inputs.base_point(TOKENS) == {"batch": 1, **others, "sequence": 16}


@pytest.mark.parametrize(("size", "shape"), [(None, (3, 48, 64)), (24, (3, 24, 32)), (32, (3, 32, 43)), (1, (3, 1, 1))])
def test_a_scaled_length_keeps_its_ratio_rounded_to_a_whole_number(size, shape):
    spec = {"inputs": [declared("image", [3, "size", {"size": 64}])], "axes": {"size": 48}}
    assert inputs.shapes(spec, {"batch": 2, "size": size}) == {"image": (2, *shape)}
    assert inputs.dimensions(spec["inputs"][0]) == ["batch", 3, "size", "size"]


def test_a_graph_is_fed_by_name_where_all_its_inputs_are_declared_and_else_in_order():
    spec = {"inputs": [declared("a", []), declared("b", [])], "axes": {}}
    assert inputs.match_inputs(spec, ["b", "a"]) == {"b": "b", "a": "a"}
    assert inputs.match_inputs(spec, ["a"]) == {"a": "a"}
    assert inputs.match_inputs(spec, ["x", "a"]) == {"x": "a", "a": "b"}
    with pytest.raises(ValueError, match="takes the inputs x; declared are a, b"):
        inputs.match_inputs(spec, ["x"])


def test_the_digest_changes_with_the_specification_of_the_inputs_alone():
    spec = digits_spec()
    assert inputs.digest(spec) == inputs.digest({**spec, "name": "other"})
    assert inputs.digest(spec) != inputs.digest({**spec, "axes": {"size": 9}})
    assert inputs.digest(spec) != inputs.digest({**spec, "inputs": [{**spec["inputs"][0], "high": 2}]})
