"""The digest of code changes with behaviour and with nothing else."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from joulesweep.pipeline import code_digest

from tests.installed import pythons

SCRIPTS = Path(__file__).parents[1] / "workflow" / "scripts"
CODE = '''"""A module."""

import logging

log = logging.getLogger("joulesweep")


def double(value: float) -> float:
    """Twice the value, in seconds."""
    log.info("doubling %s", value)
    if value < 0:
        raise ValueError("negative")
    return 2 * value  # exact
'''


def _of(tmp_path: Path, code: str) -> str:
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    folder.mkdir()
    file = folder / "module.py"
    file.write_text(code)
    return code_digest.of_user_module(file)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# exact", "# another comment"),
        ("Twice the value", "Two times the value"),
        ("doubling", "now doubling"),
        ('"negative"', '"below zero"'),
        ("\n\n\ndef", "\n\n\n\n\ndef"),
        ("2 * value", "(2 * value)"),
    ],
)
def test_wording_and_layout_do_not_count(tmp_path, old, new):
    assert old in CODE
    assert _of(tmp_path, CODE) == _of(tmp_path, CODE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2 * value", "3 * value"),
        ("2 * value", "value * 2"),
        ("value < 0", "value <= 0"),
        ("ValueError", "TypeError"),
        ("double", "twice"),
        ("2 *", "2.0 *"),
        ("2 *", "True *"),
    ],
)
def test_behaviour_counts(tmp_path, old, new):
    assert old in CODE
    assert _of(tmp_path, CODE) != _of(tmp_path, CODE.replace(old, new))


def test_what_a_module_imports_counts_and_what_lies_beside_it_does_not(tmp_path):
    file = tmp_path / "model.py"
    file.write_text("from layers import block\n")
    (tmp_path / "layers.py").write_text("def block(): return 1\n")
    (tmp_path / "other.py").write_text("x = 1\n")
    command = "import sys; from pathlib import Path; from joulesweep.pipeline import code_digest; print(code_digest.of_user_module(Path(sys.argv[1])))"

    def now() -> str:
        return _python(sys.executable, command, str(file))

    before = now()
    (tmp_path / "other.py").write_text("x = 2\n")
    assert now() == before
    (tmp_path / "layers.py").write_text("def block(): return 2\n")
    assert now() != before


def test_every_python_that_snakemake_runs_under_gives_the_same_digest():
    """A plain dump of the syntax tree differs between 3.11, 3.12 and 3.13."""
    command = (
        "import sys; from pathlib import Path; from joulesweep.pipeline import code_digest;"
        "print([code_digest.of_code(path) for path in sorted(Path(sys.argv[1]).glob('*.py'))])"
    )
    mine = _python(sys.executable, command, str(SCRIPTS))
    others = pythons(*(f"3.{minor}" for minor in (11, 12, 13) if minor != sys.version_info.minor))
    if not others:
        pytest.skip("needs another Python of 3.11 or newer, on the PATH or of pyenv")
    assert {_python(path, command, str(SCRIPTS)) for path in others} == {mine}


def test_what_only_words_or_shows_things_is_left_out():
    closure = code_digest.closure(SCRIPTS / "latency.py")
    kept = {path.name for path in closure}
    assert {"latency.py", "launch.py", "reference.py", "server_process.py", "interval.py", "schema.py"} <= kept
    assert not {"columns.py", "errors.py", "cli.py", "progress.py", "preflight.py"} & kept
    assert not any(
        "analysis" in path.parts or ("runtimes" in path.parts[:-1] and path.name != "base.py") for path in closure
    )


def test_a_copy_of_the_library_has_the_same_digest_and_its_own_changes(tmp_path):
    scripts = tmp_path / "scripts"
    shutil.copytree(SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    before = code_digest.of_code(SCRIPTS / "latency.py")
    assert code_digest.of_code(scripts / "latency.py", scripts=scripts) == before
    schema = scripts / "joulesweep" / "schema.py"
    schema.write_text(schema.read_text().replace("SCHEMA = ", "SCHEMA = 1000 + "))
    assert code_digest.of_code(scripts / "latency.py", scripts=scripts) != before


def test_what_was_read_is_kept_beside_the_compiled_code_and_is_never_trusted_blindly(tmp_path):
    scripts = tmp_path / "scripts"
    shutil.copytree(SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    kept = scripts / "joulesweep" / "pipeline" / "__pycache__" / f"parsed_modules.{sys.implementation.cache_tag}.json"
    command = (
        "import sys; sys.path.insert(0, sys.argv[1]); from joulesweep.pipeline import code_digest as code;"
        "print(code.of_code(code.SCRIPTS / 'latency.py'))"
    )

    def now() -> str:
        return _python(sys.executable, command, str(scripts))

    first = now()
    assert len(json.loads(kept.read_text()).popitem()[1]) > 20
    assert now() == first
    for damage in ("", "[]", '{"other rules": {}}'):
        kept.write_text(damage)
        assert now() == first
    kept.unlink()
    kept.mkdir()  # nothing can be written here
    assert now() == first
    kept.rmdir()
    now()
    schema = scripts / "joulesweep" / "schema.py"
    schema.write_text(schema.read_text().replace("SCHEMA = ", "SCHEMA = 1000 + "))
    assert now() != first


def _python(python: str, command: str, argument: str) -> str:
    done = subprocess.run(
        [python, "-c", command, argument], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(SCRIPTS)}
    )
    return done.stdout
