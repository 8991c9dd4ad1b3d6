"""What several tests share."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.digits_model import ROOT, digits_spec, export_job

# `make test` hands its own flags to every make below it; the tests' makes are not below it.
for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "GNUMAKEFLAGS"):
    os.environ.pop(name, None)

# No test depends on how fast the machine is: examples have no deadline, and a slow one is no error.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


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
    """A file's tests share fixtures, so pytest-xdist gives them to one worker; a file may name a group of its own."""
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse to run when pytest-xdist lost the groups: files would share their fixtures and emulated boards."""
    grouped = getattr(session.config.option, "loadgroup", False)
    if grouped and not all("@" in item.nodeid for item in session.items):
        raise pytest.UsageError("pytest-xdist does not keep the groups of tests; install workflow/envs/test.txt")


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Path of the manifest of the shipped digits network, exported once in every format; nobody writes there."""
    pytest.importorskip("torch")
    from joulesweep.export.job import export

    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent  # the workers' folders lie in one folder of the run
    path = shared / "exported" / "digits_cnn" / "manifest-0123456789ab.json"
    with (shared / "exported.lock").open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        if not path.exists():
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(ROOT)
                export(export_job(digits_spec()), path)
    return path
