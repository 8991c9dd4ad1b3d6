"""The user's own models: `python:FILE.py:FUNCTION`, a function that returns a `torch.nn.Module`.

What the function needs is written as `arguments:` in the configuration. The file is code and is run.
"""

import inspect
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from joulesweep.errors import UserError, nearest, one_line, shortened
from joulesweep.model import source
from joulesweep.sources import _user_code, base


class Source(base.Source):
    """Calls the user's function."""

    libraries = ("torch",)
    preload = ("torch",)
    argument_is = "function"
    default_weights = "random"
    count_from = "module"
    random_fills_are_weights = False

    def build(self, spec: Mapping[str, Any]) -> Any:
        """The model as a module in eval mode, as the user's function makes it.

        Raises:
            UserError: torch, the file or the function is missing, the file or the function fails, or it returns no module.
        """
        torch = base.library("torch", spec["name"])
        where = f"models.{spec['name']}.source"
        path, _, name = source.place(spec).rpartition(":")
        file = Path(path)
        if not file.is_file():
            raise UserError(f"{where}: there is no file {path!r} below {Path.cwd()}")
        with _user_code.running(file) as printed:
            try:
                module = _user_code.load(file)
                function = _function(where, path, module, name)
                model = function(
                    **_checked(f"{where}: {_place(path, function)}: {name}()", function, spec.get("arguments", {}))
                )
            except UserError:
                raise
            except (Exception, SystemExit) as error:
                raise UserError(shortened(f"{where}: {_cause(error, file, printed())}")) from error
        if not isinstance(model, torch.nn.Module):
            raise UserError(f"{where}: {_place(path, function)}: {name}() returns {_described(model)}")
        return model.eval()

    def pretrained(self, spec: Mapping[str, Any]) -> Any:
        """The same: weights that the user's function fills in itself are kept."""
        return self.build(spec)


def _function(where: str, path: str, module: Any, name: str) -> Callable[..., Any]:
    function = getattr(module, name, None)
    if not callable(function):
        hint = nearest(name, [known for known in vars(module) if not known.startswith("_")])
        raise UserError(f"{where}: {path} has no function {name!r}{hint}")
    return function


def _checked(called: str, function: Callable[..., Any], arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The configured arguments, where they are those that the function takes; `called` begins a message about it."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some callables do not describe themselves
        return arguments
    named = [one for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    missing = [one.name for one in named if one.default is one.empty and one.name not in arguments]
    missing += [one.name for one in parameters if one.kind is one.POSITIONAL_ONLY and one.default is one.empty]
    known = [one.name for one in named]
    unknown = [name for name in arguments if name not in known]
    if missing:
        raise UserError(
            f"{called} needs {', '.join(missing)}; write arguments: {{{missing[0]}: …}} in the configuration of the model"
        )
    if unknown and not any(one.kind is one.VAR_KEYWORD for one in parameters):
        raise UserError(
            f"{called} takes no {unknown[0]!r}{nearest(unknown[0], known)}; it takes {', '.join(known) or 'none'}"
        )
    return arguments


def _cause(error: BaseException, file: Path, printed: str) -> str:
    """What went wrong in the user's code: file, line and cause."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}, line {error.lineno}: {type(error).__name__}: {error.msg}"
    folder = file.resolve().parent
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if _user_code.belongs(frame.filename, folder)
    ]
    place = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else file.name
    if isinstance(error, SystemExit):
        said = (
            error.code if isinstance(error.code, str) else printed.strip().rpartition("\n")[2] or f"status {error.code}"
        )
        return (
            f"{place}: ends the interpreter ({shortened(str(said), 120)}); "
            "put what is not the model under if __name__ == '__main__':"
        )
    if isinstance(error, ModuleNotFoundError):
        return f"{place}: {error.name} is neither installed nor a file beside it"
    return f"{place}: {one_line(error, 200)}"


def _place(path: str, function: Callable[..., Any]) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{Path(path).name}, line {code.co_firstlineno}" if code else Path(path).name


def _described(model: Any) -> str:
    if isinstance(model, type):
        return f"the class {model.__name__}; return an instance, {model.__name__}()"
    return f"{type(model).__name__}; expected a torch.nn.Module"
