"""Stopping the real Snakemake: Ctrl-C and SIGTERM are one line, a kill leaves no process, two runs in a folder both end."""

import os
import shutil
import signal
import time
from multiprocessing.process import BaseProcess

import psutil
import pytest
from joulesweep.cli import STOPPED

from tests.workflow_copy import MLP, Copy, configuration

pytestmark = pytest.mark.slow

COUNTS = "results/models/mlp/counts.csv"
LATENCY = "results/devices/tests/latency/mlp.csv"
PATIENCE_S = 300
ONE_MODEL = configuration("tests", models={"mlp": MLP}, hypotheses=[])


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy in which nothing was made."""
    return Copy(tmp_path_factory.mktemp("fresh") / "joulesweep", ONE_MODEL)


def _start(copy: Copy, *targets: str) -> BaseProcess:
    return copy.start("--cores", "1", "--", *targets)


def _wait_for(process: BaseProcess, script: str) -> list[psutil.Process]:
    """All processes below Snakemake, as soon as one of them runs a script."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        below = psutil.Process(process.pid).children(recursive=True)
        for child in below:
            try:
                if any(part.endswith(f"/{script}.py") for part in child.cmdline()):
                    return psutil.Process(process.pid).children(recursive=True)
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.02)
    raise AssertionError(f"{script} did not begin")


def _assert_all_end(process: BaseProcess, below: list[psutil.Process]) -> None:
    process.join(PATIENCE_S)
    assert process.exitcode not in (None, 0)
    _, alive = psutil.wait_procs(below, timeout=30)
    assert not alive, "a process outlived the run"


@pytest.mark.parametrize("script", ["probe", "plan", "export", "count", "latency", "count killed", "latency killed"])
def test_a_run_that_is_stopped_says_so_in_its_last_line_and_shows_no_trace(fresh, counted, tmp_path, script):
    """Ctrl-C in a terminal reaches everyone; who kills names a process."""
    script, _, killed = script.partition(" ")
    copy = (fresh if script in ("probe", "export") else counted).again(tmp_path / "joulesweep")
    copy.configure(ONE_MODEL)
    if script == "count":
        (copy.folder / COUNTS).unlink()
    process = _start(copy, LATENCY if script in ("plan", "latency") else COUNTS)
    below = _wait_for(process, script)
    if killed:
        process.terminate()
    else:
        os.killpg(process.pid, signal.SIGINT)
    _assert_all_end(process, below)
    said = copy.printed.read_text()
    assert said.splitlines()[-1] == STOPPED
    assert said.count(STOPPED) == 1
    assert "Traceback" not in said


@pytest.mark.parametrize("script", ["export", "count"])
def test_a_kill_of_snakemake_ends_its_stage_and_the_same_command_goes_on(fresh, counted, tmp_path, script):
    copy = (fresh if script == "export" else counted).again(tmp_path / "joulesweep")
    (copy.folder / COUNTS).unlink(missing_ok=True)
    process = _start(copy, COUNTS)
    below = _wait_for(process, script)
    process.kill()
    _assert_all_end(process, below)
    assert not (copy.folder / COUNTS).exists()
    assert f"{script} mlp" in copy.stale(COUNTS)


def _end_together(copy: Copy, target: str) -> str:
    """Let two runs make the same products at once; returns what they printed."""
    running = [_start(copy, target) for _ in range(2)]
    for process in running:
        process.join(PATIENCE_S)
        assert process.exitcode == 0, copy.printed.read_text()
    assert copy.stale(target) == set()
    return copy.printed.read_text()


def test_two_runs_in_one_folder_both_end_well_and_measure_once(counted, tmp_path):
    copy = counted.again(tmp_path / "joulesweep")
    copy.configure(ONE_MODEL)
    shutil.rmtree(copy.folder / ".snakemake")
    said = _end_together(copy, LATENCY)
    assert len(copy.journal("latency", "mlp")) == copy.config["latency"]["launches"]
    assert "Traceback" not in said


def test_two_runs_of_everything_in_one_folder_both_end_well(finished, tmp_path):
    """Products that both make, none of which takes long, so that one run replaces what the other just saw."""
    copy = finished.again(tmp_path / "joulesweep")
    results = copy.folder / "results"
    shutil.rmtree(results / "merged")
    (results / "devices" / "tests" / "accuracy" / "mlp.csv").unlink()
    _end_together(copy, "all")
