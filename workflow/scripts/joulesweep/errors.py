"""The errors that Joulesweep itself raises, and the words in which it reports any error: one line, of bounded length."""

import difflib
import re
from collections.abc import Iterable, Iterator

LINE = 300  # characters of a message

# Distributions that are named otherwise than the module that they bring.
_DISTRIBUTIONS = {"cv2": "opencv-python", "PIL": "pillow", "sklearn": "scikit-learn", "yaml": "pyyaml"}
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class UserError(Exception):
    """Something the user can put right; its text is one line: what is wrong, where, and what to do."""


class Unsupported(Exception):
    """A model cannot be run so: a row with status `unsupported` and this text as its message."""


def one_line(error: BaseException, limit: int = LINE) -> str:
    """An exception as one line of at most `limit` characters.

    Joulesweep's own errors speak for themselves. A missing module is named with the command that installs it. Any other
    exception is preceded by its type. An exception that a library wrapped into another is reported instead of its wrapper.
    """
    while error.__cause__ is not None and not isinstance(error, UserError | Unsupported):
        error = error.__cause__
    text = str(error)
    if isinstance(error, UserError | Unsupported):
        return shortened(text, limit)
    if isinstance(error, ModuleNotFoundError) and error.name:
        module = error.name.partition(".")[0]
        return shortened(f"{module} is missing; pip install {_distribution(module)}", limit)
    return shortened(f"{type(error).__name__}: {text}" if text else type(error).__name__, limit)


def causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and those of which it arose, the last first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def missing_distribution(error: BaseException) -> str:
    """The distribution whose absence is the cause of an exception; empty where there is another cause."""
    names = [cause.name for cause in causes(error) if isinstance(cause, ModuleNotFoundError) and cause.name]
    return _distribution(names[0]) if names else ""


def shortened(text: str, limit: int = LINE) -> str:
    """A text in one line, without colour codes, cut to `limit` characters; an ellipsis shows that it was cut."""
    line = " ".join(_COLOUR.sub("", text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _distribution(module: str) -> str:
    """The distribution that brings a module."""
    top = module.partition(".")[0]
    return _DISTRIBUTIONS.get(top, top)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known name most like a word, as an insertion into a sentence; empty where none is near."""
    match = difflib.get_close_matches(word, list(known), 1)
    return f" (did you mean {match[0]!r}?)" if match else ""
