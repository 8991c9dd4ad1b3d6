"""The probe: one line of JSON about the measuring interpreter, quickly."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from joulesweep.errors import UserError
from joulesweep.pipeline import probe
from joulesweep.pipeline.configuration import config

PROBE = Path(__file__).parents[1] / "workflow" / "scripts" / "probe.py"


def _probe(**job: object) -> dict:
    job = {"device": "here", "distributions": [], "meter": "none", "meters": {}, **job}
    answer = subprocess.run(
        [sys.executable, str(PROBE), "--job", json.dumps(job)], capture_output=True, text=True, check=True
    )
    (line,) = answer.stdout.splitlines()
    return json.loads(line)


def test_versions_are_those_of_the_interpreter_and_missing_ones_are_absent():
    import numpy

    answer = _probe(distributions=["numpy", "no-such-distribution"])
    assert answer["versions"] == {"numpy": numpy.__version__}
    assert answer["python"] == ".".join(map(str, sys.version_info[:3]))


def test_the_meter_is_chosen_with_its_settings():
    answer = _probe(meter="cpu-time", meters={"cpu-time": {"watts_per_core": 4}})
    assert answer["meter"]["name"] == "cpu-time"
    assert answer["meter"]["settings"] == {"watts_per_core": 4}
    assert answer["meter"]["reason"]


def test_the_same_question_has_the_same_answer():
    """The answer is part of the energy job: what wavers would make rows stale."""
    assert _probe(meter="auto") == _probe(meter="auto")


def test_an_unknown_meter_is_one_line():
    job = json.dumps({"device": "here", "distributions": [], "meter": "nonsense", "meters": {}})
    answer = subprocess.run([sys.executable, str(PROBE), "--job", job], capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert answer.stderr.startswith("joulesweep: meters: there is no 'nonsense'")
    assert len(answer.stderr.splitlines()) == 1


def test_nothing_heavy_is_imported():
    code = "import sys, probe\nprint({'numpy', 'torch'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROBE.parent)
    assert answer.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (
            "echo 'Traceback' >&2; echo '  Illegal instruction' >&2; exit 132",
            "Illegal instruction; name the interpreter",
        ),
        ("exit 1", "it ends with status 1; name the interpreter"),
        ("echo hello", r"is no Python: it printed 'hello\\n'; name the interpreter"),
        ("echo 'joulesweep: this is Python 3.8' >&2; exit 1", "'[^']*': this is Python 3.8$"),
    ],
)
def test_an_interpreter_that_cannot_answer_is_one_line_with_what_to_do(script, words, tmp_path):
    python = tmp_path / "python3"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    (tmp_path / "config.yaml").write_text(
        "models: {mlp: {source: 'torchvision:resnet18', input: {shape: [3, 64, 64]}, runtimes: [eager]}}\n"
    )
    settings = config.load(tmp_path / "config.yaml", {"python": str(python)}, tmp_path)
    with pytest.raises(UserError, match=words) as error:
        probe.ask(settings, PROBE.parent, tmp_path)
    assert "\n" not in str(error.value)


def test_a_python_that_is_too_old_says_so_before_anything_else_is_imported():
    """JetPack 5 has Python 3.8, which cannot even read the modules of the measuring side."""
    code = "import sys; sys.version_info = (3, 8, 10); import joulesweep.cli"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROBE.parent)
    assert done.returncode == 1
    assert re.fullmatch(
        r"joulesweep: this is Python 3\.8, .* needs Python 3\.10 or newer: name another .*\n", done.stderr
    )
