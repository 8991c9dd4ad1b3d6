"""Imports obey the rule of the layout: rooms depend on each other in one direction, and no files in a circle."""

import ast
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[1] / "workflow" / "scripts" / "joulesweep"
PLUGINS = {"sources", "runtimes", "meters", "datasets", "counters", "profilers", "formats"}

# What each room may import besides itself and the ground: the files in the library's root, `system/` and `uncertainty/`.
RULE: dict[str, set[str]] = {
    "ground": set(),
    "launches": set(),
    "metrics": set(),  # for both sides: outputs are scored while measuring, two variants compared in the analysis
    "model": set(),
    "merged": {"launches"},
    **{room: {"launches", "model"} for room in PLUGINS},
    "power_logs": {"meters"},  # a log describes itself as a meter does
    "figures": {"launches", "merged"},
    "hypotheses": {"launches", "merged"},
    "pipeline": {"launches", "model"},  # whether artefacts are there is said by their manifest
    "export": {*PLUGINS, "launches", "model"},
    "counting": {*PLUGINS, "launches", "model"},
    "measure": {*PLUGINS, "launches", "model"},  # metrics by name only
    "analysis": {"figures", "hypotheses", "merged", "launches"},
}
FILES = sorted(LIBRARY.rglob("*.py"))


def _module(path: Path) -> str:
    parts = path.relative_to(LIBRARY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_module(path): path for path in FILES}


def _room(module: str) -> str:
    room, dot, _ = module.partition(".")
    return room if room not in {"system", "uncertainty"} and (dot or (LIBRARY / room).is_dir()) else "ground"


def _imports(path: Path) -> set[str]:
    """Modules of the library that a file imports, at its top or inside a function."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in (name.removeprefix("joulesweep.") for name in names if name.startswith("joulesweep.")):
            modules.add(name if name in MODULES else name.rpartition(".")[0])
    return modules - {""}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(LIBRARY).as_posix())
def test_a_file_imports_only_what_its_room_may(path):
    room = _room(_module(path)) if path.parent != LIBRARY else "ground"
    assert room in RULE, f"{room} is a new room: say in RULE what it may import"
    foreign = {module for module in _imports(path) if _room(module) not in {room, "ground", *RULE[room]}}
    assert not foreign


def test_no_files_import_each_other_in_a_circle():
    graph = {module: _imports(path) & MODULES.keys() for module, path in MODULES.items()}
    finished: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail[trail.index(module) :], module))
        if module not in finished:
            for imported in graph[module] - {module}:
                visit(imported, (*trail, module))
            finished.add(module)

    for module in graph:
        visit(module, ())


def test_no_room_is_crowded():
    """The root keeps the ground only, and a folder holds about ten files; plug-ins are as many as there are."""
    crowded = {
        folder.relative_to(LIBRARY).as_posix(): count
        for folder in {path.parent for path in FILES}
        if folder.name not in {*PLUGINS, "figures", "hypotheses", "metrics", "power_logs"}
        and (count := sum(path.parent == folder and path.name != "__init__.py" for path in FILES)) > 13
    }
    assert not crowded
