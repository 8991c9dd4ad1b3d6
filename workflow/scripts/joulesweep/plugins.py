"""Finds the one file that implements a name: a runtime, meter, source, data set, counter, figure … is one file in its folder."""

import ast
import importlib
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from joulesweep.errors import UserError

# The class that every file of a folder holds.
CLASSES = {
    "sources": "Source",
    "runtimes": "Runtime",
    "formats": "Format",
    "meters": "Meter",
    "power_logs": "PowerLog",
    "datasets": "DataSet",
    "metrics": "Metric",
    "counters": "Counter",
    "profilers": "Profiler",
    "figures": "Figure",
    "hypotheses": "Hypothesis",
}


PACKAGE = Path(__file__).parent


def names(kind: str, package: Path = PACKAGE) -> list[str]:
    """Names that the folder of `kind` (a key of `CLASSES`) offers, in alphabetical order.

    `package` is the library's folder, here and in the next functions: this one, or a copy of it.
    """
    return sorted(
        path.stem.replace("_", "-")
        for path in (package / kind).glob("*.py")
        if not path.stem.startswith("_") and path.stem != "base"
    )


def file(kind: str, name: str, package: Path = PACKAGE) -> Path:
    """The file of one plug-in; a `UserError` names the choices where there is none."""
    if name not in names(kind, package):
        raise UserError(f"{kind}: there is no {name!r}; choose one of {', '.join(names(kind, package))}")
    return package / kind / f"{name.replace('-', '_')}.py"


def module(kind: str, name: str) -> str:
    """The dotted name of one plug-in's module."""
    return f"joulesweep.{kind}.{file(kind, name).stem}"


def load(kind: str, name: str) -> Any:
    """The class of one plug-in; its file is imported."""
    return getattr(importlib.import_module(module(kind, name)), CLASSES[kind])


def declared(kind: str, name: str, attribute: str, package: Path = PACKAGE) -> Any:
    """A literal that a plug-in's file assigns to `attribute`, in its module or in a class, read without importing it.

    So the workflow learns which libraries a runtime uses, and a job what a server must preload, without torch.

    Raises:
        UserError: the file assigns no literal to `attribute`.
    """
    literals = _literals(file(kind, name, package).read_text(encoding="utf-8"))
    if attribute not in literals:
        raise UserError(f"{kind}/{name}: the file declares no {attribute}; docs/adding.md says what it is")
    return literals[attribute]


@cache
def _literals(text: str) -> dict[str, Any]:
    """Every literal that a module's text assigns to a name; of several to one name, the first."""
    literals: dict[str, Any] = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets = [node.target]
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Name):
                with suppress(ValueError):
                    literals.setdefault(target.id, ast.literal_eval(node.value))  # type: ignore[arg-type]
    return literals
