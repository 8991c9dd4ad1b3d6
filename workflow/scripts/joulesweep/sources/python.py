"""The user's own models: `python:FILE.py:FUNCTION`, a function without arguments that returns a `torch.nn.Module`."""

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joulesweep.errors import UserError, nearest
from joulesweep.sources import base


class Source(base.Source):
    """Calls the user's function."""

    libraries = ("torch",)
    preload = ("torch",)
    argument_is = "function"
    default_weights = "random"
    count_from = "module"

    def build(self, spec: Mapping[str, Any]) -> Any:
        """The model as a module in eval mode, as the user's function makes it.

        Raises:
            UserError: torch, the file or the function is missing, the file cannot be imported, or no module is returned.
        """
        torch = base.library("torch", spec["name"])
        where = f"models.{spec['name']}.source"
        path, _, function = base.place(spec).rpartition(":")
        file = Path(path)
        if not file.is_file():
            raise UserError(f"{where}: there is no file {path!r} below {Path.cwd()}")
        # The folder stays importable: the function may import its neighbours when it is called.
        folder = str(file.resolve().parent)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        try:
            module = _import(file)
        except Exception as error:
            raise UserError(f"{where}: {path} cannot be imported: {type(error).__name__}: {error}") from error
        if not callable(getattr(module, function, None)):
            hint = nearest(function, [name for name in vars(module) if not name.startswith("_")])
            raise UserError(f"{where}: {path} has no function {function!r}{hint}")
        model = getattr(module, function)()
        if not isinstance(model, torch.nn.Module):
            raise UserError(f"{where}: {function}() returns {type(model).__name__}; expected a torch.nn.Module")
        return model.eval()

    def pretrained(self, spec: Mapping[str, Any]) -> Any:
        """The same: weights that the user's function fills in itself are kept."""
        return self.build(spec)


def _import(file: Path) -> Any:
    """The user's file as a module, under its own name unless something else has that name already."""
    name = file.stem if file.stem not in sys.modules else f"joulesweep_user_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError("not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
