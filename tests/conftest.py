"""What several tests share."""

import fcntl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from joulesweep.measure import lock

from tests.digits_model import ROOT, digits_spec, export_job


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths in a specification are relative to the repository's root."""
    monkeypatch.chdir(ROOT)


@pytest.fixture(autouse=True, scope="session")
def _no_lock_file_left() -> Iterator[None]:
    """The workflow leaves its locks' files where they are; those of the tests go, unless somebody holds one."""
    before = set(lock._FOLDER.glob("joulesweep-*.lock"))
    yield
    for file in set(lock._FOLDER.glob("joulesweep-*.lock")) - before:
        with suppress(OSError), file.open() as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.unlink()


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of the manifest of the shipped digits network, exported once in every format; nobody writes there."""
    pytest.importorskip("torch")
    from joulesweep.export.job import export

    path = tmp_path_factory.mktemp("models") / "digits_cnn" / "manifest-0123456789ab.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        export(export_job(digits_spec()), path)
    return path
