"""Finds the one file that implements a name: a runtime, meter, source, data set, counter or figure is one file in its folder."""

import ast
import importlib
from functools import cache
from pathlib import Path
from typing import Any

from joulesweep.errors import UserError

# The class that every file of a folder holds.
CLASSES = {
    "sources": "Source",
    "runtimes": "Runtime",
    "meters": "Meter",
    "power_logs": "PowerLog",
    "datasets": "DataSet",
    "counters": "Counter",
    "figures": "Figure",
}


def names(kind: str) -> list[str]:
    """Names that the folder of `kind` (runtimes, meters, sources, datasets, counters, figures) offers, in alphabetical order."""
    return sorted(
        path.stem.replace("_", "-")
        for path in (Path(__file__).parent / kind).glob("*.py")
        if not path.stem.startswith("_") and path.stem != "base"
    )


def file(kind: str, name: str) -> Path:
    """The file of one plug-in; a `UserError` names the choices where there is none."""
    if name not in names(kind):
        raise UserError(f"{kind}: there is no {name!r}; choose one of {', '.join(names(kind))}")
    return Path(__file__).parent / kind / f"{name.replace('-', '_')}.py"


def load(kind: str, name: str) -> Any:
    """The class of one plug-in; its file is imported."""
    return getattr(importlib.import_module(f"joulesweep.{kind}.{file(kind, name).stem}"), CLASSES[kind])


@cache
def declared(kind: str, name: str, attribute: str) -> Any:
    """A literal that a plug-in's file assigns to `attribute`, in its module or in a class, read without importing it.

    So the workflow learns which libraries a runtime uses, and a job what a server must preload, without torch.

    Raises:
        KeyError: the file assigns no literal to `attribute`.
    """
    for node in ast.walk(ast.parse(file(kind, name).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets = [node.target]
        else:
            continue
        if any(isinstance(target, ast.Name) and target.id == attribute for target in targets):
            return ast.literal_eval(node.value)  # type: ignore[arg-type]
    raise KeyError(f"{kind}/{name} declares no {attribute}")
