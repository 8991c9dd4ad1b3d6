"""The sampler: what it records is what the meter showed, and it never outlives the job."""

import json
import os
import shutil
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from joulesweep.measure.energy.power_trace import PowerTrace
from joulesweep.measure.energy.sampler import MeterError, Sampler

from tests.powercap import RANGE_UJ, Counting, lay_out

ZONE = "intel-rapl:0"


def _step(seconds: float) -> float:
    return 5.0 if seconds < 1 else 40.0


def test_joules_of_a_known_curve_are_found_through_a_wrap(tmp_path):
    """5 W, then 40 W: the integral over each part is what was drawn, though the counter wrapped."""
    lay_out(tmp_path, {ZONE: "package-0"})
    with Counting(tmp_path / ZONE, _step, RANGE_UJ - 20_000_000) as drawn:
        sampler = Sampler("rapl", {"root": str(tmp_path)})
        time.sleep(2.2)
        trace = PowerTrace.of_record(sampler.stop())
    start, end = int(trace.time_ns[1]), int(trace.time_ns[-2])
    middle = (start + end) // 2
    for window in ((start, middle), (middle, end), (start, end)):
        assert trace.joules(*window) == pytest.approx(drawn.joules(*window), abs=40 * 0.1)
    assert trace.readings(start, end) >= 10


def test_a_meter_may_be_read_under_an_interpreter_of_its_own_which_needs_no_package(tmp_path):
    """jtop's client must be of its service's version, so it may live in another Python than the one that measures."""
    lay_out(tmp_path / "tree", {ZONE: "package-0"})
    shim = tmp_path / "python"
    shim.write_text(f'#!/bin/sh\ntouch {tmp_path}/asked\nexec {sys.executable} -S "$@"\n')
    shim.chmod(0o755)
    sampler = Sampler("rapl", {"root": str(tmp_path / "tree"), "python": str(shim)})
    time.sleep(0.5)
    assert sampler.stop()["values"]
    assert (tmp_path / "asked").exists()


def test_looks_are_uneven(tmp_path):
    lay_out(tmp_path, {ZONE: "package-0"})
    sampler = Sampler("rapl", {"root": str(tmp_path)})
    time.sleep(0.6)
    times = sampler.stop()["time_ns"]
    gaps = {round((after - before) / 1e6) for before, after in pairwise(times)}
    assert len(gaps) > 3


def test_a_meter_that_dies_leaves_missing_readings_with_the_reason(tmp_path):
    lay_out(tmp_path, {ZONE: "package-0"})
    sampler = Sampler("rapl", {"root": str(tmp_path)})
    time.sleep(0.5)
    shutil.rmtree(tmp_path / ZONE)
    time.sleep(0.3)
    record = sampler.stop()
    assert record["values"]
    assert record["missing"]
    assert "energy_uj" in record["missing"][0][1]
    assert all(value[0] > 0 for value in record["values"])


def test_a_meter_that_cannot_start_is_told_with_its_reason(tmp_path):
    sampler = Sampler("cpu-time", {})
    with pytest.raises(MeterError, match="watts_per_core"):
        sampler.stop()


def test_the_record_is_plain_json(tmp_path):
    sampler = Sampler("cpu-time", {"watts_per_core": 5}, os.getpid())
    time.sleep(0.3)
    assert json.loads(json.dumps(sampler.stop()))["kind"] == "modelled"


def test_the_sampler_dies_with_a_job_that_is_killed(tmp_path):
    lay_out(tmp_path, {ZONE: "package-0"})
    code = (
        "import sys, time\nfrom joulesweep.measure.energy.sampler import Sampler\n"
        f"sampler = Sampler('rapl', {{'root': {str(tmp_path)!r}}})\n"
        "print(sampler._process.pid, flush=True)\ntime.sleep(60)"
    )
    scripts = Path(__file__).parents[1] / "workflow" / "scripts"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(scripts)}
    ) as job:
        assert job.stdout is not None
        sampler = psutil.Process(int(job.stdout.readline()))
        job.kill()
    sampler.wait(10)


def test_the_sampler_imports_nothing_heavy():
    code = "import sys, joulesweep.measure.energy.sampler\nprint({'numpy', 'torch', 'onnxruntime'} & set(sys.modules))"
    scripts = Path(__file__).parents[1] / "workflow" / "scripts"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(scripts)},
    )
    assert answer.stdout.strip() == "set()"
