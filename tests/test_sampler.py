"""The sampler: what it records is what the meter showed, and it never outlives the job."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from joulesweep.measure.energy import sampler
from joulesweep.measure.energy.sampler import MeterError, Sampler
from joulesweep.measure.energy.traces.power_trace import PowerTrace
from joulesweep.meters import rapl

from tests.powercap import RANGE_UJ, Counting, lay_out

ZONE = "intel-rapl:0"


def _step(seconds: float) -> float:
    return 5.0 if seconds < 1 else 40.0


def test_joules_of_a_known_curve_are_found_through_a_wrap(tmp_path):
    """5 W, then 40 W: the integral over each part is what was drawn, though the counter wrapped."""
    lay_out(tmp_path, {ZONE: "package-0"})
    with Counting(tmp_path / ZONE, _step, RANGE_UJ - 20_000_000) as drawn:
        running = Sampler("rapl", {"root": str(tmp_path)})
        running.wait_for_first_reading()
        time.sleep(2.2)
        trace = PowerTrace.of_record(running.stop())
    start, end = int(trace.time_ns[1]), int(trace.time_ns[-2])
    middle = (start + end) // 2
    # Between two readings, and while the counter stood still; on a busy machine both are longer.
    gap_s = max(float(np.diff(trace.time_ns).max()) / 1e9 + drawn.longest_s, 0.1)
    for window in ((start, middle), (middle, end), (start, end)):
        assert trace.joules(*window) == pytest.approx(drawn.joules(*window), abs=40 * gap_s)
    assert trace.readings(start, end) >= 10


def test_a_meter_may_be_read_under_an_interpreter_of_its_own_which_needs_no_package(tmp_path):
    """jtop's client must be of its service's version, so it may live in another Python than the one that measures."""
    lay_out(tmp_path / "tree", {ZONE: "package-0"})
    shim = tmp_path / "python"
    shim.write_text(f'#!/bin/sh\ntouch {tmp_path}/asked\nexec {sys.executable} -S "$@"\n')
    shim.chmod(0o755)
    running = Sampler("rapl", {"root": str(tmp_path / "tree"), "python": str(shim)})
    running.wait_for_first_reading()
    assert running.stop()["values"]
    assert (tmp_path / "asked").exists()


def _slow_python(folder: Path, seconds: float) -> str:
    """An interpreter that needs so long to start."""
    python = folder / "slow-python"
    python.write_text(f'#!/bin/sh\nsleep {seconds}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return str(python)


def test_the_time_between_readings_is_uneven_around_a_third_of_the_update_interval(tmp_path, monkeypatch):
    """What the sampler asks for is looked at, since a busy machine would make any waiting uneven."""
    lay_out(tmp_path, {ZONE: "package-0"})
    asked: list[float] = []

    def stop_after_200(seconds: float) -> bool:
        asked.append(seconds)
        return len(asked) == 200

    monkeypatch.setattr(sampler, "_wait", stop_after_200)
    sampler.sample("rapl", {"root": str(tmp_path)}, None)
    mean_s = sampler.interval_s(rapl.Meter({"root": str(tmp_path)}).describe())
    assert len(set(asked)) == 200
    assert sum(asked) / 200 == pytest.approx(mean_s, rel=0.1)
    assert min(asked) < 0.6 * mean_s
    assert max(asked) > 1.4 * mean_s


def test_the_first_reading_is_waited_for_however_slowly_the_interpreter_starts(tmp_path):
    lay_out(tmp_path, {ZONE: "package-0"})
    started = Sampler("rapl", {"root": str(tmp_path), "python": _slow_python(tmp_path, 1.5)})
    started.wait_for_first_reading()
    now_ns = time.monotonic_ns()
    assert started.stop()["time_ns"][0] <= now_ns


def test_a_first_reading_that_does_not_come_is_told_with_what_the_meter_said(tmp_path):
    """The file of the counter is there and unreadable as a number, so every reading fails."""
    lay_out(tmp_path, {ZONE: "package-0"})
    (tmp_path / ZONE / "energy_uj").write_text("\n")
    failing = Sampler("rapl", {"root": str(tmp_path)})
    with pytest.raises(MeterError, match=r"gave no reading within 3 s: invalid literal"):
        failing.wait_for_first_reading(3)


def test_a_first_reading_of_a_sampler_that_ends_is_told_with_its_reason():
    with pytest.raises(MeterError, match="watts_per_core"):
        Sampler("cpu-time", {}).wait_for_first_reading()


def test_a_meter_that_dies_leaves_missing_readings_with_the_reason(tmp_path):
    lay_out(tmp_path, {ZONE: "package-0"})
    running = Sampler("rapl", {"root": str(tmp_path)})
    running.wait_for_first_reading()
    shutil.rmtree(tmp_path / ZONE)
    record = running.stop()  # which asks for one more reading
    assert record["values"]
    assert record["missing"]
    assert "energy_uj" in record["missing"][0][1]
    assert all(value[0] > 0 for value in record["values"])


def test_a_meter_that_cannot_start_is_told_with_its_reason(tmp_path):
    failing = Sampler("cpu-time", {})
    with pytest.raises(MeterError, match="watts_per_core"):
        failing.stop()


def test_the_record_is_plain_json(tmp_path):
    running = Sampler("cpu-time", {"watts_per_core": 5}, os.getpid())
    running.wait_for_first_reading()
    assert json.loads(json.dumps(running.stop()))["kind"] == "modelled"


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
        child = psutil.Process(int(job.stdout.readline()))
        job.kill()
    child.wait(60)


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
