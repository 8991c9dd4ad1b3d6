"""make remeasure, typed as the README names it; and no target at all changes a file of another device."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.digits_model import ROOT
from tests.workflow_copy import CNN, MLP, Copy, configuration

pytestmark = pytest.mark.slow


DEVICE = "tests"


@pytest.fixture
def project(finished: Copy, tmp_path: Path) -> Copy:
    """Measured models, one of them in two runtimes, beside another device's folder with the same models."""
    made = finished.again(tmp_path / "joulesweep")
    made.configure(configuration(DEVICE, meter="none", meters={}))
    shutil.copy(ROOT / "Makefile", made.folder)
    (made.folder / ".venv").symlink_to(sys.prefix)
    devices = made.folder / "results" / "devices"
    shutil.copytree(devices / DEVICE, devices / "other")
    return made


def _make(project: Copy, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", "-o", ".venv/ready", "-o", "check", *arguments]
    return subprocess.run(command, cwd=project.folder, capture_output=True, text=True)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("MODEL=mpl",), "no model 'mpl' (did you mean 'mlp'?); it has mlp, cnn, never"),
        (("MODEL=cnn", "RUNTIME=egaer"), "cnn has no runtime 'egaer' (did you mean 'eager'?)"),
        (("MODEL=never",), f"never was not measured on {DEVICE} yet: make all measures it"),
        (("MODEL=../../other/latency/mlp",), "no model '../../other/latency/mlp'"),
    ],
    ids=["unknown model", "unknown runtime", "not measured", "path"],
)
def test_what_cannot_be_remeasured_is_one_line_and_changes_nothing(project, arguments, words):
    never = {**MLP, "weights": "random"}
    project.configure({**project.config, "models": {"mlp": MLP, "cnn": CNN, "never": never}})
    before = _contents(project.folder / "results" / "devices")
    answer = _make(project, "remeasure", *arguments)
    assert answer.returncode != 0
    (line,) = [line for line in answer.stderr.splitlines() if not line.startswith("make: ")]
    assert words in line
    assert len(line) <= 300
    assert _contents(project.folder / "results" / "devices") == before


def test_one_runtime_of_this_device_is_measured_anew_and_no_other_device_changes(project):
    other = project.folder / "results" / "devices" / "other"
    foreign, before = _contents(other), project.journal("latency", "cnn")
    answer = _make(project, "remeasure", "MODEL=cnn", "RUNTIME=eager")
    assert answer.returncode == 0, answer.stderr
    after = project.journal("latency", "cnn")
    assert after[: len(before)] == before
    added = [json.loads(line) for line in after[len(before) :]]
    assert {line["key"]["runtime"] for line in added if "key" in line} == {"eager"}
    assert any("key" not in line for line in added)
    assert (project.folder / "results" / "devices" / DEVICE / "latency" / "cnn.csv").exists()
    assert _contents(other) == foreign


def test_a_device_of_a_cluster_is_measured_anew_by_its_name(project):
    own, other = (project.folder / "results" / "devices" / name for name in (DEVICE, "other"))
    before, journal = _contents(own), (other / "latency" / "mlp.jsonl").read_text()
    script = project.folder / "workflow" / "scripts" / "remeasure.py"
    subprocess.run([sys.executable, script, "--device", "other", "--model", "mlp"], cwd=project.folder, check=True)
    after = (other / "latency" / "mlp.jsonl").read_text()
    assert after.startswith(journal)
    assert "superseded" in after[len(journal) :]
    assert not (other / "latency" / "mlp.csv").exists()
    assert (other / "latency" / "cnn.csv").exists()
    assert _contents(own) == before


def test_the_command_that_the_report_of_another_folder_names_measures_in_that_folder(project):
    """As in an example: typed in the folder of the project, whose own results stay as they are."""
    folder = project.folder / "examples" / "own"
    for part in ("custom_models", "results", ".snakemake"):
        shutil.copytree(project.folder / part, folder / part)
    for part in ("config.yaml", "mlp.onnx"):
        shutil.copy(project.folder / part, folder)
    (folder / "results" / "report.md").unlink()
    project.run("--cores", "1", "--directory", "examples/own", "report")
    report = (folder / "results" / "report.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^make remeasure .*", report, re.MULTILINE)
    assert command == "make remeasure MODEL=mlp RUNTIME=onnxruntime DIRECTORY=examples/own"
    journal = folder / "results" / "devices" / DEVICE / "latency" / "mlp.jsonl"
    before, of_project = journal.read_text(), _contents(project.folder / "results")
    answer = _make(project, *shlex.split(command)[1:])
    assert answer.returncode == 0, answer.stderr
    assert journal.read_text().startswith(before)
    added = [json.loads(line) for line in journal.read_text()[len(before) :].splitlines()]
    assert [line["status"] for line in added if "status" in line] == ["ok"] * 3
    assert _contents(project.folder / "results") == of_project


def test_no_target_changes_a_file_of_another_device(project):
    """Every target of the Makefile and the Snakefile that works on results, forced; and a foreign table as a target."""
    project.configure(configuration(DEVICE, models={"mlp": MLP}, hypotheses=[], meter="none", meters={}))
    other = project.folder / "results" / "devices" / "other"
    foreign = _contents(other)
    assert foreign
    for target in ("doctor", "report", "pack", f"pull FROM={project.folder}", "unpack FILE=packed.tar.gz"):
        for archive in project.folder.glob("joulesweep-*.tar.gz"):
            archive.rename(project.folder / "packed.tar.gz")
        answer = _make(project, *target.split())
        assert answer.returncode == 0, answer.stderr
        assert _contents(other) == foreign, target
    for arguments in (
        ("all", "--forceall"),
        ("results/devices/other/latency/mlp.csv", "--force"),
        ("all", "--delete-all-output"),
    ):
        project.run("--cores", "1", *arguments, fails=None)
        assert _contents(other) == foreign, arguments
    assert not list((project.folder / "results" / "devices" / DEVICE).rglob("mlp.csv"))
