"""What every source offers, and what several of them need."""

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from joulesweep.errors import UserError, one_line
from joulesweep.model import source


class Source(ABC):
    """Where models come from. The attributes are literals, which the workflow reads without importing the file.

    Attributes:
        libraries: distributions whose versions decide what it builds.
        preload: modules that a server of measuring processes imports beforehand; they start no thread.
        argument_is: what follows the scheme in `source:`: a name, a file, a folder, a function of a Python file, or a graph
            (an ONNX file and the files beside it).
        default_weights: weights of a model whose configuration names none: random, or pretrained.
        count_from: module, or graph where no torch module can be made.
        random_fills_are_weights: whether the constructor uses the random numbers of torch.nn.init for nothing but
            parameters and buffers, so that they need not be drawn where weights are loaded afterwards.
    """

    libraries: ClassVar[tuple[str, ...]]
    preload: ClassVar[tuple[str, ...]]
    argument_is: ClassVar[str]
    default_weights: ClassVar[str]
    count_from: ClassVar[str]
    random_fills_are_weights: ClassVar[bool]

    @abstractmethod
    def build(self, spec: Mapping[str, Any]) -> Any:
        """The model as a `torch.nn.Module` in eval mode, its weights not yet filled in.

        It may be called where tensors are made on the meta device: what is built then has shapes and no numbers.
        """

    @abstractmethod
    def pretrained(self, spec: Mapping[str, Any]) -> Any:
        """The same with the weights that the source itself has."""


def file(spec: Mapping[str, Any]) -> Path:
    """The file that a source names.

    Raises:
        UserError: there is none.
    """
    path = Path(source.place(spec))
    if not path.is_file():
        raise UserError(f"models.{spec['name']}.source: there is no file {str(path)!r} below {Path.cwd()}")
    return path


def library(name: str, model: str) -> ModuleType:
    """Import an optional library.

    Raises:
        UserError: it is not installed; the text says how to install it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UserError(f"models.{model}: needs {name}, which is missing here ({error}); pip install {name}") from error


def downloaded(library: str, spec: Mapping[str, Any], fetch: Callable[[], Any]) -> Any:
    """What a library's own download gives.

    Raises:
        UserError: it gives nothing, because there is no network or no such weights; in one line.
    """
    try:
        return fetch()
    except UserError:
        raise
    except Exception as error:  # every library and its network stack has errors of its own
        raise UserError(
            f"models.{spec['name']}.weights: {library} has no pretrained weights here ({one_line(error, 150)}); "
            "run once where there is a network, or use random or a file"
        ) from error
