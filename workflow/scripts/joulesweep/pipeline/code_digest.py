"""What a stage's code depends on, as one digest that only a change of behaviour changes.

The digest is taken over the static import closure of some entry files inside `joulesweep`. What only words things is left
out of each module, and so are the modules that only word or show things; `columns.py` is represented by the `SCHEMA`
number.
"""

from collections.abc import Collection
from functools import cache
from pathlib import Path

from joulesweep import digest
from joulesweep.pipeline.parsed_module import Parsed, parsed

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


def of_code(*files: Path, scripts: Path = SCRIPTS) -> str:
    """Digest of these files and of all that they import, statically, from the library in the folder `scripts`."""
    return _of_files(closure(*files, scripts=scripts))


def of_user_module(file: Path) -> str:
    """Digest of a user's Python file and of the files beside it that it imports."""
    file = file.resolve()
    return _of_files(_imported_files([file], file.parent))


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
    own = {path.stem for path in root.iterdir()}  # most imports are of libraries, which need no look at the disk
    found: set[Path] = set()
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            if file in leaves:
                continue
            imports = tuple((up, name) for up, name in _parsed(file).imports if up or name.partition(".")[0] in own)
            waiting += [path for path in _candidates(file, root, imports) if path.is_file()]
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


def _of_files(files: set[Path]) -> str:
    return digest.of_text(" ".join(_parsed(file).digest for file in sorted(files)))


def _parsed(file: Path) -> Parsed:
    try:
        return parsed(file.read_text(encoding="utf-8"))
    except SyntaxError as error:
        error.filename = str(file)  # a text is parsed without its place
        raise
