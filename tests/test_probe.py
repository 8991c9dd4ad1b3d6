"""The probe: one line of JSON about the measuring interpreter, quickly."""

import json
import subprocess
import sys
from pathlib import Path

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
