"""How named inputs reach a module."""

import inspect

import pytest
from joulesweep.model import call_arguments

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402


class Several(nn.Module):
    def forward(self, first, second=None, *, third=None, **others):
        return first, second, third, others


@pytest.mark.parametrize(
    ("names", "outputs"),
    [
        (["second", "first"], (2, 1, None, {})),
        (["third", "first"], (2, None, 1, {})),
        (["first", "fourth"], (1, None, None, {"fourth": 2})),
        (["x", "y"], (1, 2, None, {})),
    ],
)
def test_inputs_go_by_name_where_forward_knows_one_and_else_in_order(names, outputs):
    assert call_arguments.call(Several(), names, [1, 2]) == outputs


def test_what_can_be_given_by_position_is():
    """Hooks, and libraries that count with them, look at positional inputs alone."""
    assert call_arguments.bind_inputs(Several(), ["second", "first", "third"]) == (["first", "second"], ["third"])


def test_an_input_that_forward_does_not_know_beside_one_that_it_knows_is_an_error():
    class Narrow(nn.Module):
        def forward(self, first):
            return first

    with pytest.raises(TypeError, match="unexpected keyword argument 'frist'"):
        call_arguments.call(Narrow(), ["first", "frist"], [1, 2])


def test_a_module_may_know_better_than_its_forward_how_it_is_called():
    class Loose(nn.Module):
        __signature__ = inspect.Signature([inspect.Parameter("a", inspect.Parameter.KEYWORD_ONLY)])

        def forward(self, *given, **named):
            return named

    assert call_arguments.call(Loose(), ["a"], [1]) == {"a": 1}
