"""What a stage's code depends on, as one digest that only a change of behaviour changes.

The digest is taken over the static import closure of the stage's script inside `joulesweep` and of the plug-ins it uses,
as a canonical walk over the syntax trees. Comments, docstrings, positions, log lines, the texts of errors and of `--help`
are left out, and so are the modules that only word or show things; `columns.py` and
`axes.py` are represented by the `SCHEMA` number. A
plain `ast.dump` would differ between Python versions.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from joulesweep.schema import SCHEMA

PACKAGE = Path(__file__).parent
_LEFT_OUT = {
    PACKAGE / name
    for name in (
        "__init__.py",
        "axes.py",
        "launches/columns.py",
        "errors.py",
        "cli.py",
        "measure/progress.py",
        "measure/preflight.py",
    )
}
_WORDING = {"help", "description", "metavar", "epilog"}


def of_code(*files: Path) -> str:
    """Digest of these files of Joulesweep and of all that they import, statically, from Joulesweep."""
    closure: set[Path] = set()
    for file in files:
        closure |= _closure(file.resolve(), PACKAGE.parent)
    parts = [_of_module(file) for file in sorted(closure - _LEFT_OUT)]
    return _short(f"{SCHEMA} {' '.join(parts)}")


def of_user_module(file: Path) -> str:
    """Digest of a user's Python file and of the files beside it that it imports."""
    file = file.resolve()
    return _short(" ".join(_of_module(part) for part in sorted(_closure(file, file.parent))))


def of_file(file: Path) -> str:
    """Digest of a file's bytes."""
    found = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):  # hashlib.file_digest needs Python 3.11
            found.update(block)
    return found.hexdigest()[:16]


def of_text(text: str) -> str:
    """Digest of a text, such as the canonical JSON of a configuration."""
    return _short(text)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def _closure(file: Path, root: Path) -> frozenset[Path]:
    found, waiting = set(), [file]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting.extend(_imported(current, root))
    return frozenset(found)


def _imported(file: Path, root: Path) -> Iterator[Path]:
    """Files below `root` that one file imports, at its top or anywhere inside."""
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Import):
            modules: Iterable[str] = (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            folder = file.parents[node.level - 1].relative_to(root).parts if node.level else ()
            base = ".".join((*folder, node.module or "")).strip(".")
            modules = (base, *(f"{base}.{alias.name}" for alias in node.names))
        else:
            continue
        for module in modules:
            stem = root.joinpath(*module.split("."))
            yield from (path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file())


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


@cache
def _of_module(file: Path) -> str:
    return _short(" ".join(_walk(_tree(file))))


def _walk(node: object) -> Iterator[str]:
    """The tree as a stream of words: node types, then their fields that are not empty."""
    if isinstance(node, list):
        for item in node:
            if not _is_wording(item):
                yield from _walk(item)
    elif isinstance(node, ast.AST):
        yield f"({type(node).__name__}"
        for name, value in ast.iter_fields(node):
            if name in ("ctx", "kind", "type_comment") or value is None or value == []:
                continue
            if isinstance(node, ast.Raise) and name == "exc" and isinstance(value, ast.Call):
                value = value.func  # which error, not what it says
            yield name
            yield from _walk(value)
        yield ")"
    else:
        yield f"{type(node).__name__}:{node!r}"


def _is_wording(node: object) -> bool:
    """Whether a statement or a keyword argument only words something: docstring, log line, help text."""
    if isinstance(node, ast.Expr):
        value = node.value
        if isinstance(value, ast.Constant):
            return True
        return (
            isinstance(value, ast.Call)
            and isinstance(value.func, ast.Attribute)
            and isinstance(value.func.value, ast.Name)
            and value.func.value.id == "log"
        )
    return isinstance(node, ast.keyword) and node.arg in _WORDING
