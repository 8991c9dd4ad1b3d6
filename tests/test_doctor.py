"""The doctor: what works is told with a live reading, what does not with its cure, and nothing makes it fail."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from joulesweep import plugins
from joulesweep.measure.device import doctor

from tests.powercap import Counting, lay_out

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[1] / "workflow" / "scripts" / "doctor.py"


def _doctor(**job: object) -> str:
    job = {"device": "doctor-test", "distributions": ["numpy"], "optional": [], "meter": "auto", "meters": {}, **job}
    answer = subprocess.run(
        [sys.executable, str(SCRIPT), "--job", json.dumps(job)], capture_output=True, text=True, check=True
    )
    return answer.stdout


def test_every_meter_is_named_usable_or_with_what_to_do(tmp_path):
    told = _doctor(meters={"rapl": {"root": str(tmp_path)}})
    for name in plugins.names("meters"):
        line = re.search(rf"^  {re.escape(name)} +(.*)$", told, re.MULTILINE)
        assert line is not None, name
        assert re.fullmatch(r"usable, (measured|modelled): .+; .+; .+|not usable: .*\w.*", line[1]), line[0]
    assert "watts_per_core" in told
    assert "modprobe" in told


def test_a_working_meter_shows_what_it_reads_now(tmp_path):
    zone = "intel-rapl:0"
    lay_out(tmp_path, {zone: "package-0"})
    with Counting(tmp_path / zone, lambda _: 20.0):
        told = _doctor(meter="rapl", meters={"rapl": {"root": str(tmp_path)}})
    shown = re.search(r"rapl +usable, measured: .*; ([0-9.]+) W with one core busy", told)
    assert shown is not None
    assert 5 < float(shown[1]) < 40
    assert re.search(r"^energy +rapl: ", told, re.MULTILINE)


def test_the_model_shows_its_watts_and_that_it_is_modelled():
    told = _doctor(meters={"cpu-time": {"watts_per_core": 6}})
    assert re.search(r"cpu-time +usable, modelled: .*; [0-9.]+ W", told)


def test_libraries_have_their_version_or_the_way_to_install_them():
    told = _doctor(distributions=["numpy", "no-such-distribution"])
    assert re.search(r"^libraries +numpy [0-9.]+", told, re.MULTILINE)
    assert re.search(r"^missing +no-such-distribution; .* -m pip install no-such-distribution", told, re.MULTILINE)
    assert "optional" not in told


def test_the_library_of_a_cross_check_is_optional():
    told = _doctor(optional=["no-such-check", "psutil"])
    assert re.search(r"^optional +no-such-check: only a cross-check .* pip install no-such-check$", told, re.MULTILINE)
    assert re.search(r"^libraries +numpy [0-9.]+, psutil [0-9.]+$", told, re.MULTILINE)
    assert not re.search("^missing", told, re.MULTILINE)


def test_a_missing_torch_is_never_cured_by_plain_pip():
    """On a Pi it would bring 3 GB of CUDA libraries, on a Jetson it would replace NVIDIA's torch."""
    lines = list(doctor._libraries(["torch", "torchvision", "timm"], [], {}))
    assert "docs/install.md" in lines[1]
    assert "pip install" not in lines[1]


def test_machine_clock_and_state_are_told():
    told = _doctor()
    for title in (
        "device",
        "cores",
        "memory",
        "interpreter",
        "clock",
        "governor",
        "frequency",
        "temperature",
        "throttling",
        "measuring",
    ):
        assert re.search(rf"^{title} +\S", told, re.MULTILINE), title
