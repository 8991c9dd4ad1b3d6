"""One Python module as digests of code see it: the digest of what it does, and what it imports.

The digest is of a canonical walk over the syntax tree; a plain `ast.dump` would differ between Python versions. Comments,
docstrings, positions, log lines, the texts of errors and of `--help` are left out.

Reading the whole library takes longer than all else that Joulesweep does before a run begins. So what was read is kept
beside the compiled code, and like it for one Python version.
"""

import ast
import atexit
import contextlib
import json
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

from joulesweep import digest
from joulesweep.system.files import replace_text

_KEPT = Path(__file__).parent / "__pycache__" / f"parsed_modules.{sys.implementation.cache_tag}.json"
_MOST_KEPT = 2000  # of old versions too; then it begins anew
_WORDING = {"help", "description", "metavar", "epilog"}


class Parsed(NamedTuple):
    """What a module does, as a digest, and what it imports: how many folders up, and the dotted name."""

    digest: str
    imports: tuple[tuple[int, str], ...]


@cache
def parsed(text: str) -> Parsed:
    """The module with this text.

    Raises:
        SyntaxError: it is not Python.
    """
    known, name = _kept(), digest.of_text(text)
    if name not in known:
        tree = ast.parse(text)
        words: list[str] = []
        _walk(tree, words)
        known[name] = [digest.of_text(" ".join(words)), _imports(tree)]
    own, imports = known[name]
    return Parsed(own, tuple((level, module) for level, module in imports))


@cache
def _kept() -> dict[str, list]:
    """What was read before, by the digest of a module's text. When this process ends, what is new is kept too."""
    rules = digest.of_file(Path(__file__))  # other rules, other digests
    known: dict[str, list] = {}
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(_KEPT.read_text(encoding="utf-8"))[rules]
    if len(known) > _MOST_KEPT:
        known = {}
    before = len(known)

    def keep() -> None:
        if len(known) > before and not sys.dont_write_bytecode:
            with contextlib.suppress(OSError):  # a library that nobody may write to is read each time
                replace_text(_KEPT, json.dumps({rules: known}))

    atexit.register(keep)
    return known


def _imports(tree: ast.Module) -> list[tuple[int, str]]:
    """What a module imports, at its top or anywhere inside."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            found += [(node.level, base), *((node.level, f"{base}.{alias.name}") for alias in node.names)]
    return found


def _walk(node: object, words: list[str]) -> None:
    """Append the tree as words: node types, then their fields that are not empty."""
    if isinstance(node, list):
        for item in node:
            if not _is_wording(item):
                _walk(item, words)
    elif isinstance(node, ast.AST):
        words.append(f"({type(node).__name__}")
        for name, value in ast.iter_fields(node):
            if name in ("ctx", "kind", "type_comment") or value is None or value == []:
                continue
            if isinstance(node, ast.Raise) and name == "exc" and isinstance(value, ast.Call):
                value = value.func  # which error, not what it says
            words.append(name)
            _walk(value, words)
        words.append(")")
    else:
        words.append(f"{type(node).__name__}:{node!r}")


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
