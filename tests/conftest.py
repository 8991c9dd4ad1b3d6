"""What several tests share."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.digits_model import ROOT, digits_spec, export_job
from tests.workflow_copy import Copy, configuration

# `make test` hands its own flags to every make below it; the tests' makes are not below it.
for variable in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "GNUMAKEFLAGS"):
    os.environ.pop(variable, None)
# Compiled once, as on a user's machine: a test starts hundreds of processes.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

MAKES_COPIES = "tests/test_staleness.py"  # `counted` and `finished`, before other files need them
MANIFEST = "manifest-0123456789ab.json"

# No test depends on how fast the machine is: examples have no deadline, and a slow one is no error.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile and digest the library once, before it is copied for tests; each copy would do it for itself."""
    if not hasattr(session.config, "workerinput"):
        every_file = "from joulesweep.pipeline import code_digest as code; code.of_code(*code.SCRIPTS.rglob('*.py'))"
        environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow" / "scripts")}
        subprocess.run([sys.executable, "-c", every_file], env=environment, check=True)


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths in a specification are relative to the repository's root."""
    monkeypatch.chdir(ROOT)


@pytest.fixture(autouse=True, scope="session")
def _a_lock_of_the_tests_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The tests wait for no measurement that somebody runs on this machine, and keep none waiting."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JOULESWEEP_LOCK", str(tmp_path_factory.mktemp("lock") / "joulesweep.lock"))
        yield


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in this hook too
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests share fixtures, so pytest-xdist gives them to one worker; a file may name a group of its own.

    Slow files come first, so that no worker begins one when the others are done. The first of them makes the copies that
    others need too; those come last of the slow ones, so that no worker waits for a copy.
    """
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    slow = {_group(item) for item in items if item.get_closest_marker("slow")}
    need_a_copy = {_group(item) for item in items if "counted" in getattr(item, "fixturenames", ())}

    def turn(item: pytest.Item) -> tuple[bool, bool, bool]:
        group = _group(item)
        return group not in slow, group in need_a_copy and group != MAKES_COPIES, group != MAKES_COPIES

    items.sort(key=turn)


def _group(item: pytest.Item) -> str:
    return item.get_closest_marker("xdist_group").args[0]


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse to run when pytest-xdist lost the groups: files would share their fixtures and emulated boards."""
    grouped = getattr(session.config.option, "loadgroup", False)
    if grouped and not all("@" in item.nodeid for item in session.items):
        raise pytest.UsageError("pytest-xdist does not keep the groups of tests; install workflow/envs/test.txt")


Once = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Once:
    """A function that makes a named folder once for all workers and returns it; nobody writes there afterwards."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent  # the workers' folders lie in one folder of the run

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        with (shared / f"{name}.lock").open("w") as lock_file:
            fcntl.flock(lock_file, fcntl.LOCK_EX)
            if not (shared / f"{name}.made").exists():
                make(shared / name)
                (shared / f"{name}.made").touch()
        return shared / name

    return folder


@pytest.fixture(scope="session")
def exported(once: Once) -> Path:
    """Path of the manifest of the shipped digits network, exported once in every format."""
    pytest.importorskip("torch")
    from joulesweep.export.job import export

    def make(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(ROOT)
            export(export_job(digits_spec()), folder / "digits_cnn" / MANIFEST)

    return once("exported", make) / "digits_cnn" / MANIFEST


@pytest.fixture(scope="session")
def counted(once: Once) -> Copy:
    """A copy of the workflow with two models, exported and counted."""

    def make(folder: Path) -> None:
        copy = Copy(folder, configuration("tests"))
        copy.run("--cores", "1", "--", *(f"results/models/{model}/counts.csv" for model in copy.config["models"]))

    return Copy.there(once("counted", make))


@pytest.fixture(scope="session")
def finished(once: Once, counted: Copy) -> Copy:
    """The same, in which everything was made."""
    return Copy.there(once("finished", lambda folder: counted.again(folder).run("--cores", "1", "all")))
