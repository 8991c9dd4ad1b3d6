"""The Makefile: what it asks for is told in one line, setting up twice does nothing, and results travel whole."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.digits_model import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the Makefile and what setting up reads."""
    folder = tmp_path / "joulesweep"
    shutil.copytree(ROOT / "workflow" / "envs", folder / "workflow" / "envs")
    shutil.copy(ROOT / "Makefile", folder)
    return folder


def _make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ | environment)


def test_without_a_fitting_python_it_says_what_to_install(checkout, tmp_path):
    """A PATH with a shell's tools, and neither a Python of 3.11 or newer nor uv on it."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "make", "hostname"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    old = tools / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    answer = _make(checkout, "all", PATH=str(tools))
    assert answer.returncode != 0
    (line,) = answer.stdout.splitlines()
    for words in ("Python 3.11 or newer", "sudo apt install python3", "brew install python", "uv"):
        assert words in line
    assert not (checkout / ".venv").exists()


def test_a_half_made_environment_is_removed(checkout, tmp_path):
    """As on a Debian without python3-venv: the folder is begun, then pip is missing."""
    python = tmp_path / "python3.12"
    python.write_text("#!/bin/sh\nmkdir -p .venv/bin; touch .venv/bin/python; exit 1\n")
    python.chmod(0o755)
    answer = _make(checkout, ".venv/ready", f"PYTHON={python}")
    assert answer.returncode != 0
    assert "python3-venv" in answer.stdout
    assert not (checkout / ".venv").exists()


def test_setting_up_twice_does_nothing_the_second_time(checkout):
    python, ready = checkout / ".venv" / "bin" / "python", checkout / ".venv" / "ready"
    requirements = list((checkout / "workflow" / "envs").glob("*.txt"))
    python.parent.mkdir(parents=True)
    python.touch()
    assert _make(checkout, "-q", ".venv/ready").returncode == 1
    ready.touch()
    for file in (python, *requirements):  # two files made at once may have one time stamp
        os.utime(file, (1e9, 1e9))
    assert _make(checkout, "-q", ".venv/ready").returncode == 0
    os.utime(requirements[0], (4e9, 4e9))
    assert _make(checkout, "-q", ".venv/ready").returncode == 1


def test_one_setting_takes_the_small_wheels_of_torch(checkout):
    assert "whl/cpu" in _make(checkout, "-n", ".venv/ready", "TORCH=cpu").stdout
    assert "whl/cpu" not in _make(checkout, "-n", ".venv/ready").stdout


@pytest.mark.parametrize(("target", "lacks"), [("again", "MODEL="), ("pull", "FROM="), ("unpack", "FILE=")])
def test_what_a_target_needs_is_told_with_an_example(checkout, target, lacks):
    answer = _make(checkout, target, "-o", ".venv/ready")
    assert answer.returncode != 0
    (line,) = answer.stdout.splitlines()
    assert f"make {target} {lacks}" in line


def test_packed_results_arrive_whole_and_overwrite_no_model_that_is_there(checkout, tmp_path):
    theirs, ours = checkout / "results", tmp_path / "ours"
    shutil.copytree(checkout, ours)
    for path, text in (
        ("devices/pi/latency/net.csv", "theirs"),
        ("models/net/counts.csv", "theirs"),
        ("report.md", "r"),
    ):
        (theirs / path).parent.mkdir(parents=True, exist_ok=True)
        (theirs / path).write_text(text)
    (ours / "results" / "models" / "net").mkdir(parents=True)
    (ours / "results" / "models" / "net" / "counts.csv").write_text("ours")
    assert _make(checkout, "pack").returncode == 0
    (packed,) = checkout.glob("joulesweep-*-results.tar.gz")
    assert _make(ours, "unpack", f"FILE={packed}").returncode == 0
    assert (ours / "results" / "devices" / "pi" / "latency" / "net.csv").read_text() == "theirs"
    assert (ours / "results" / "models" / "net" / "counts.csv").read_text() == "ours"
    assert not (ours / "results" / "report.md").exists()
