"""What every source offers, and what several of them need.

A source is a module with two literals that can be read without importing it, and two functions:

    libraries = (...)   distributions whose versions decide what it builds
    preload = (...)     modules that a server of measuring processes imports beforehand; they start no thread
    build(spec)         the model as a `torch.nn.Module` in eval mode, its weights not yet filled in
    pretrained(spec)    the same with the weights that the source itself has
"""

import difflib
import importlib
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from joulesweep.errors import UserError


def place(spec: Mapping[str, Any]) -> str:
    """What follows the scheme in a model's `source:`."""
    return spec["source"].partition(":")[2]


def library(name: str, model: str) -> ModuleType:
    """Import an optional library.

    Raises:
        UserError: it is not installed; the text says how to install it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UserError(f"models.{model}: needs {name}, which is missing here ({error}); pip install {name}") from error


def nearest(word: str, known: Iterable[str]) -> str:
    """The known name most like a word, as the end of a sentence; empty where none is near."""
    match = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean {match[0]!r}?" if match else ""
