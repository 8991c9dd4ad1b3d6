"""Every stage is a plain command: it explains itself, and what is wrong is one line."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

RULE = r"^rule (\w+):\n(.*?)(?=^\S|\Z)"
SCRIPTS = sorted((Path(__file__).parents[1] / "workflow" / "scripts").glob("*.py"))


def _run(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(script), *arguments], capture_output=True, text=True, env=os.environ | environment
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_explains_itself(script):
    answer = _run(script, "--help")
    assert answer.returncode == 0
    assert answer.stdout.startswith("usage: ")


def test_every_rule_has_a_script_of_its_own_name():
    root = SCRIPTS[0].parents[2]
    files = [root / "Snakefile", *sorted((root / "workflow" / "rules").glob("*.smk"))]
    rules = {
        name: text for file in files for name, text in re.findall(RULE, file.read_text(), re.MULTILINE | re.DOTALL)
    }
    assert len(rules) >= 10
    for name, text in rules.items():
        if name not in ("all", "artefacts", "measured"):  # targets only
            assert re.search(rf"/{name}\.py ", text), f"rule {name} runs no {name}.py"
            assert name in {script.stem for script in SCRIPTS}
            assert re.search(rf"logs/{name}[./]", text), f"the log of rule {name} is called otherwise"


def test_what_is_wrong_is_one_line_and_a_trace_where_it_is_asked_for(tmp_path):
    (latency,) = (script for script in SCRIPTS if script.stem == "latency")
    arguments = ("--job", "{}", "--manifests", str(tmp_path / "none.json"), "--out", str(tmp_path))
    answer = _run(latency, *arguments)
    assert answer.returncode == 1
    (line,) = answer.stderr.splitlines()
    assert line.startswith("joulesweep: ")
    assert "run the export again" in line
    assert "Traceback" in _run(latency, *arguments, JOULESWEEP_DEBUG="1").stderr


def test_a_job_that_is_no_json_is_told_by_the_command_line(tmp_path):
    (merge,) = (script for script in SCRIPTS if script.stem == "merge")
    answer = _run(merge, "--job", "[1]", "--results", str(tmp_path), "--out", str(tmp_path))
    assert answer.returncode == 2
    assert "expected a JSON object or @FILE" in answer.stderr


def test_a_package_that_is_missing_is_one_line_that_names_the_interpreter(tmp_path):
    """As in an environment of a device without torch, before everything is installed."""
    (tmp_path / "threadpoolctl.py").write_text("raise ModuleNotFoundError('no', name='threadpoolctl')")
    (latency,) = (script for script in SCRIPTS if script.stem == "latency")
    answer = _run(latency, "--help", PYTHONPATH=str(tmp_path))
    assert answer.returncode == 1
    (line,) = answer.stderr.splitlines()
    assert (
        line
        == f"joulesweep: threadpoolctl is missing under this interpreter: {sys.executable} -m pip install threadpoolctl"
    )
    assert "Traceback" in _run(latency, "--help", PYTHONPATH=str(tmp_path), JOULESWEEP_DEBUG="1").stderr
