"""The Makefile: what it asks for is one line, an environment is whole or not there, and setting up twice does nothing."""

import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import set_up

from tests.digits_model import ROOT
from tests.workflow_copy import Copy, configuration


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the Makefile and what setting up reads."""
    folder = tmp_path / "joulesweep"
    shutil.copytree(
        ROOT / "workflow" / "envs", folder / "workflow" / "envs", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copy(ROOT / "Makefile", folder)
    return folder


@pytest.fixture
def tiny(checkout: Path, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """The same with requirements that one small wheel on the disk satisfies, and pip's settings for that."""
    wheels = tmp_path / "wheels"
    _write_wheel(wheels, "tiny")
    envs = checkout / "workflow" / "envs"
    for name in ("analysis", "no-torch", "constraints/no-torch"):
        (envs / f"{name}.txt").write_text("" if name.startswith("constraints") else "tiny\n")
    return checkout, {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull}


def _write_wheel(folder: Path, name: str) -> Path:
    """A package of one empty module."""
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{name}-1.0.dist-info/RECORD", "")
    return folder / f"{name}-1.0-py3-none-any.whl"


def _make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ | environment)


def _complaint(answer: subprocess.CompletedProcess[str]) -> str:
    """The one line that a failing target prints beside make's own."""
    assert answer.returncode != 0
    (line,) = [line for line in (answer.stdout + answer.stderr).splitlines() if not line.startswith("make: ***")]
    assert len(line) <= 300
    return line


def test_without_a_fitting_python_it_says_what_to_install(checkout, tmp_path):
    """A PATH with a shell's tools, and neither a Python of 3.11 or newer nor uv on it."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "make"):
        program = shutil.which(name)
        assert program
        (tools / name).symlink_to(program)
    old = tools / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    line = _complaint(_make(checkout, "all", PATH=str(tools)))
    for words in ("Python 3.11 or newer", "sudo apt install python3", "brew install python", "uv"):
        assert words in line
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize("target", ["all", "test", "report", "doctor", ".venv/ready"])
def test_a_python_that_is_too_old_is_refused_before_anything_is_made(checkout, tmp_path, target):
    old = tmp_path / "python3.10"
    old.write_text('#!/bin/sh\ncase "$1" in -c) echo False;; *) echo Python 3.10.13;; esac\n')
    old.chmod(0o755)
    before = sorted(checkout.rglob("*"))
    assert "needs Python 3.11 or newer, and this is Python 3.10.13" in _complaint(
        _make(checkout, target, f"PYTHON={old}")
    )
    assert sorted(checkout.rglob("*")) == before


@pytest.mark.parametrize("python", ["/bin/true", "/nowhere/python3"])
def test_what_is_no_python_is_refused(checkout, python):
    assert f"PYTHON={python}: Joulesweep needs Python 3.11 or newer" in _complaint(
        _make(checkout, "all", f"PYTHON={python}")
    )
    assert not (checkout / ".venv").exists()


def test_an_unknown_choice_of_torch_is_one_line(checkout):
    assert (
        _complaint(_make(checkout, "all", "TORCH=gpu")) == "TORCH=gpu: expected cpu, or nothing for the wheels on PyPI"
    )


def test_where_there_is_no_python_uv_brings_one(checkout, tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "make"):
        program = shutil.which(name)
        assert program
        (tools / name).symlink_to(program)
    (tools / "uv").write_text('#!/bin/sh\necho "uv $*"\nexit 1\n')
    (tools / "uv").chmod(0o755)
    line = _complaint(_make(checkout, "all", PATH=str(tools)))
    assert line.rstrip() == "uv run --no-project --python 3.12 workflow/envs/set_up.py .venv --check"


def test_an_unknown_device_is_one_line(checkout):
    assert _complaint(_make(checkout, "all", "DEVICE=phone")) == (
        "DEVICE=phone: expected one of laptop, pi, jetson, no-torch"
    )
    assert not (checkout / ".venv").exists()


def test_a_python_that_cannot_make_environments_is_one_line(tmp_path, monkeypatch):
    """As on a Debian without python3-venv: the folder is begun, then pip is missing."""
    python = tmp_path / "python3.12"
    python.write_text("#!/bin/sh\nmkdir -p .venv/bin; touch .venv/bin/python; exit 1\n")
    python.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(SystemExit, match="sudo apt install python3-venv"):
        set_up._set_up(Path(".venv"), "no-torch", False, [])
    assert not (tmp_path / ".venv").exists()


@pytest.mark.slow
def test_an_environment_is_made_once_remembers_its_device_and_works_in_a_read_only_home(tiny):
    checkout, settings = tiny
    settings |= {"HOME": "/proc", "XDG_CACHE_HOME": ""}
    first = _make(checkout, ".venv/ready", "DEVICE=no-torch", **settings)
    assert first.returncode == 0, first.stderr
    assert "DEVICE=no-torch: 175 MB to download, 800 MB" in first.stdout
    assert "installing 1 packages" in first.stdout
    again = _make(checkout, ".venv/ready", **settings)
    assert (again.returncode, again.stdout.count("Setting up")) == (0, 0)
    assert "set up for DEVICE=no-torch, not laptop" in _complaint(_make(checkout, "all", "DEVICE=laptop"))
    assert "the tests need torch" in _complaint(_make(checkout, "test", **settings))
    shell = ". .venv/bin/activate && python -c 'import os, tiny; print(os.environ[\"XDG_CACHE_HOME\"])'"
    answer = subprocess.run(
        shell, shell=True, cwd=checkout, capture_output=True, text=True, env=os.environ | settings | {"HOME": "/proc"}
    )
    assert answer.stdout.strip() == str(checkout / ".venv" / "cache")
    # A set that changed and cannot be installed: what is there stays, and is not ready.
    (checkout / "workflow" / "envs" / "no-torch.txt").write_text("tiny\nno-such-distribution\n")
    line = _complaint(_make(checkout, "all", **settings))
    assert "no-such-distribution" in line
    assert ".cache/set-up.log has all of it" in line
    assert (checkout / ".venv" / "bin" / "python").exists()
    assert not (checkout / ".venv" / "ready").exists()


@pytest.mark.slow
def test_an_environment_that_failed_half_way_is_removed(tiny):
    checkout, settings = tiny
    (checkout / "workflow" / "envs" / "no-torch.txt").write_text("tiny\nno-such-distribution\n")
    answer = _make(checkout, "all", "DEVICE=no-torch", **settings)
    assert answer.returncode != 0
    assert "the set-up failed: " in answer.stderr
    assert not (checkout / ".venv").exists()
    assert not (checkout / ".cache" / "tmp").exists()


@pytest.mark.slow
def test_the_optional_runtimes_and_ansible_stay_when_the_environment_is_completed_later(tiny):
    checkout, settings = tiny
    _write_wheel(Path(settings["PIP_FIND_LINKS"]), "small")
    _write_wheel(Path(settings["PIP_FIND_LINKS"]), "other")
    for part, package in ("runtimes", "small"), ("fleet", "other"):
        (checkout / "workflow" / "envs" / f"{part}.txt").write_text(f"{package}==1.0\n")
        installed = _make(checkout, f".venv/with-{part}", "DEVICE=no-torch", **settings)
        assert installed.returncode == 0, installed.stderr
    assert subprocess.run([checkout / ".venv" / "bin" / "python", "-c", "import small, other"]).returncode == 0
    (checkout / "workflow" / "envs" / "analysis.txt").touch()
    assert _make(checkout, ".venv/ready", **settings).returncode == 0
    assert (checkout / ".venv" / "with-runtimes").exists()
    assert (checkout / ".venv" / "with-fleet").exists()


@pytest.mark.parametrize("name", ["", "NAME=clothes", "NAME=sounds words", "NAME=%"])
def test_without_the_name_of_an_example_the_names_are_listed(checkout, name):
    for example in ("sounds", "words"):
        (checkout / "examples" / example).mkdir(parents=True)
        (checkout / "examples" / example / "prepare.py").touch()
    line = _complaint(_make(checkout, "example", *filter(None, [name])))
    assert line == "make example: name one of sounds words: make example NAME=sounds"
    assert not (checkout / ".venv").exists()


def test_a_directory_without_a_configuration_is_one_line(checkout):
    assert _complaint(_make(checkout, "all", "DIRECTORY=nowhere")) == "DIRECTORY=nowhere: holds no config.yaml"
    assert not (checkout / ".venv").exists()


def test_one_setting_takes_the_small_wheels_of_torch(checkout):
    assert "--cpu" in _make(checkout, "-n", ".venv/ready", "TORCH=cpu").stdout
    assert "--cpu" not in _make(checkout, "-n", ".venv/ready").stdout


@pytest.mark.parametrize(
    ("target", "needs"), [("remeasure", "MODEL="), ("pull", "FROM="), ("unpack", "FILE="), ("fleet", "INVENTORY=")]
)
def test_what_a_target_needs_is_asked_for_with_an_example_before_anything_is_set_up(checkout, target, needs):
    assert f"make {target} {needs}" in _complaint(_make(checkout, target))
    assert not (checkout / ".venv").exists()


def test_an_inventory_that_is_not_there_is_named_before_anything_is_set_up(checkout):
    assert _complaint(_make(checkout, "fleet", "INVENTORY=hosts.yml")) == (
        "make fleet: there is no file hosts.yml; docs/fleet.md shows one"
    )
    assert not (checkout / ".venv").exists()


def test_git_ignores_what_make_makes(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    shutil.copy(ROOT / ".gitignore", tmp_path)
    for path in (
        ".venv/ready",
        ".cache/set-up.log",
        "joulesweep-pi.tar.gz",
        "results/report.md",
        "examples/minilm/data/test.csv",
        "examples/minilm/results/report.md",
        "examples/minilm/.snakemake/log",
        ".incoming-x/devices",
    ):
        assert subprocess.run(["git", "check-ignore", "-q", path], cwd=tmp_path).returncode == 0, path


@pytest.mark.slow
def test_snakemake_runs_where_the_home_cannot_be_written_to(tmp_path):
    copy = Copy(tmp_path / "joulesweep", configuration("read-only-home"))
    activate = copy.folder / ".venv" / "bin" / "activate"
    activate.parent.mkdir(parents=True)
    activate.write_text(f"export VIRTUAL_ENV={copy.folder}/.venv\n")
    set_up._use_own_cache_where_home_is_read_only(copy.folder / ".venv")
    command = f". .venv/bin/activate && {shlex.join(copy.command('-n', '--cores', '1', 'all'))}"
    settings = {"HOME": "/proc", "XDG_CACHE_HOME": ""}
    answer = subprocess.run(
        ["sh", "-c", command], cwd=copy.folder, capture_output=True, text=True, env=os.environ | settings
    )
    assert answer.returncode == 0, answer.stderr
    assert (copy.folder / ".venv" / "cache" / "snakemake").is_dir()
