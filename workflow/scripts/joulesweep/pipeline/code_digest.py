"""What a stage's code depends on, as one digest that only a change of behaviour changes.

The digest is taken over the static import closure of some entry files inside `joulesweep`, as a canonical walk over the
syntax trees. Comments, docstrings, positions, log lines, the texts of errors and of `--help` are left out, and so are the
modules that only word or show things; `columns.py` is represented by the `SCHEMA` number. A plain `ast.dump` would differ
between Python versions.
"""

import ast
from collections.abc import Collection
from functools import cache
from pathlib import Path

from joulesweep import digest

SCRIPTS = Path(__file__).parents[2]

_LEFT_OUT = (
    "__init__.py",
    "axes.py",
    "launches/columns.py",
    "errors.py",
    "cli.py",
    "measure/progress.py",
    "measure/preflight.py",
)
_WORDING = {"help", "description", "metavar", "epilog"}


def of_code(*files: Path, scripts: Path = SCRIPTS) -> str:
    """Digest of these files and of all that they import, statically, from the library in the folder `scripts`."""
    return digest.of_text(" ".join(_of_module(_text(file)) for file in sorted(closure(*files, scripts=scripts))))


def of_user_module(file: Path) -> str:
    """Digest of a user's Python file and of the files beside it that it imports."""
    file = file.resolve()
    return digest.of_text(" ".join(_of_module(_text(part)) for part in sorted(_imported_files([file], file.parent))))


def closure(*files: Path, scripts: Path = SCRIPTS) -> set[Path]:
    """The files that a digest of these files covers."""
    scripts = scripts.resolve()
    package = scripts / "joulesweep"
    left_out = {package / name for name in _LEFT_OUT}
    found = _imported_files([file.resolve() for file in files], scripts, left_out)
    if package / "launches" / "columns.py" in found:
        found.add(package / "schema.py")
    return found - left_out


def _imported_files(waiting: list[Path], root: Path, leaves: Collection[Path] = ()) -> set[Path]:
    """The files themselves and all below `root` that they import; what `leaves` import is not followed."""
    found: set[Path] = set()
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            if file in leaves:
                continue
            waiting += [path for path in _candidates(file, root, _imports_of(file)) if path.is_file()]
    return found


@cache
def _candidates(file: Path, root: Path, imports: tuple[tuple[int, str], ...]) -> list[Path]:
    """Where what a file imports lies, if it lies below `root`."""
    found = []
    for level, name in imports:
        folder = file.parents[level - 1].relative_to(root).parts if level else ()
        stem = root.joinpath(*folder, *filter(None, name.split(".")))
        found += [stem.with_suffix(".py"), stem / "__init__.py"]
    return found


def _imports_of(file: Path) -> tuple[tuple[int, str], ...]:
    try:
        return _imports(_text(file))
    except SyntaxError as error:
        error.filename = str(file)  # texts are parsed, and kept, without their place
        raise


@cache
def _imports(text: str) -> tuple[tuple[int, str], ...]:
    """What a module imports, at its top or anywhere inside: how many folders up, and the dotted name."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(_tree(text)):
        if isinstance(node, ast.Import):
            found += [(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            found += [(node.level, base), *((node.level, f"{base}.{alias.name}") for alias in node.names)]
    return tuple(found)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@cache
def _tree(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def _of_module(text: str) -> str:
    words: list[str] = []
    _walk(_tree(text), words)
    return digest.of_text(" ".join(words))


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
