"""A disk that is full, with the real Snakemake: what could not be written is said once, in one line, and without a trace."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 32 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a disk can only be mounted by root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_one_line(finished, small_disk):
    copy = finished.again(small_disk / "joulesweep")
    (copy.folder / "results" / "report.md").unlink()
    subprocess.run(["dd", "if=/dev/zero", f"of={small_disk / 'filler'}", "bs=4096"], stderr=subprocess.DEVNULL)
    assert shutil.disk_usage(small_disk).free == 0
    said = copy.run("--cores", "1", "report", fails=True)
    assert said.count("the disk is full; make room, then run the same command again") == 1
    assert "Logging error" not in said
    assert "Traceback" not in said
