"""What is said of an error: one line of bounded length that names the cause."""

import pytest
from joulesweep.errors import Unsupported, UserError, nearest, one_line


def _wrapped() -> Exception:
    try:
        try:
            raise ValueError("the cause")
        except ValueError as cause:
            raise RuntimeError("the wrapper") from cause
    except RuntimeError as error:
        return error


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("two\n  lines"), "ValueError: two lines"),
        (RuntimeError("\x1b[31mred\x1b[0m"), "RuntimeError: red"),
        (KeyError(), "KeyError"),
        (_wrapped(), "ValueError: the cause"),
        (UserError("models.a: wrong"), "models.a: wrong"),
        (Unsupported("not here"), "not here"),
        (ModuleNotFoundError("No module named 'a.b'", name="a.b"), "a is missing; pip install a"),
        (ModuleNotFoundError("…", name="sklearn"), "sklearn is missing; pip install scikit-learn"),
        (ImportError("cannot import name 'x' from 'y'", name="y"), "ImportError: cannot import name 'x' from 'y'"),
    ],
)
def test_an_error_is_one_line_that_names_its_cause(error, line):
    assert one_line(error) == line


@pytest.mark.parametrize("kind", [ValueError, UserError])
def test_a_long_error_is_cut_and_shows_it(kind):
    assert len(one_line(kind("x" * 1000))) == 300
    assert one_line(kind("x" * 1000), 50).endswith("x…")
    assert len(one_line(kind("x" * 1000), 50)) == 50


def test_the_nearest_known_name_is_an_insertion_or_nothing():
    assert nearest("resnet_18", ["resnet18", "vgg11"]) == " (did you mean 'resnet18'?)"
    assert nearest("zzz", ["resnet18"]) == ""
