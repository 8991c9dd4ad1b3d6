"""Measuring with the real Snakemake: one at a time whatever is started, and the plain command goes on after any kill."""

import csv
import json
import re
import time
from collections import Counter
from contextlib import suppress
from itertools import pairwise
from multiprocessing.process import BaseProcess

import psutil
import pytest

from tests.workflow_copy import MLP, Copy, configuration

pytestmark = pytest.mark.slow

LAUNCHES = 3
PATIENCE_S = 300
SWEEP = {"batch": [1, 2]}


@pytest.fixture(scope="module")
def to_measure(counted: Copy, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy in which nothing is left to do but to measure: one model at two points, without torch."""
    copy = counted.again(tmp_path_factory.mktemp("to-measure") / "joulesweep")
    copy.configure(configuration("tests", models={"mlp": {**MLP, "sweeps": SWEEP}}, hypotheses=[]))
    return copy


def _table(copy: Copy, stage: str, model: str) -> str:
    return f"results/devices/{copy.config['device']}/{stage}/{model}.csv"


def _start(copy: Copy, cores: int, *tables: str) -> BaseProcess:
    return copy.start("--cores", str(cores), "--", *tables)


def _rows(copy: Copy, stage: str) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for file in sorted((copy.folder / "results" / "devices" / copy.config["device"] / stage).glob("*.csv")):
        with file.open(newline="") as stream:
            rows += csv.DictReader(stream)
    return rows


def _launches(copy: Copy) -> list[tuple[float, float]]:
    """When each launch of latency began and ended, and when the meter was read for each launch of energy."""
    found = []
    for model in copy.config["models"]:
        for text in copy.journal("latency", model):
            line = json.loads(text)
            found.append((line["started_s"], line["started_s"] + line["wall_s"]))
    offset = time.time() - time.monotonic()
    for file in (copy.folder / "results" / "devices" / copy.config["device"] / "samples" / "energy").glob("*.jsonl"):
        for text in file.read_text().splitlines():
            stamps = json.loads(text)["record"]["time_ns"]
            found.append((stamps[0] * 1e-9 + offset, stamps[-1] * 1e-9 + offset))
    return found


def test_three_runs_at_once_measure_one_at_a_time_with_the_same_threads_whatever_their_devices_are_called(
    to_measure, tmp_path
):
    copies = {cores: to_measure.again(tmp_path / str(cores)) for cores in (1, 2, 8)}
    for cores, copy in copies.items():
        copy.configure({**copy.config, "device": f"tests-{cores}", "threads": "physical"})
    stages = {1: ("latency", "energy"), 2: ("latency",), 8: ("latency",)}
    running = [
        _start(copy, cores, *(_table(copy, stage, "mlp") for stage in stages[cores])) for cores, copy in copies.items()
    ]
    for process in running:
        process.join(PATIENCE_S)
        assert process.exitcode == 0
    launches = sorted(launch for copy in copies.values() for launch in _launches(copy))
    assert len(launches) == 3 * 2 * LAUNCHES + 2 * 2  # each with two points
    overlaps = [(one, other) for one, other in pairwise(launches) if other[0] < one[1]]
    assert not overlaps
    said = "".join(copy.printed.read_text() for copy in copies.values())
    assert re.search(
        r"another measurement runs on this machine: waiting for pid \d+ of user \S+ on \S+ \(\w+\.py ", said
    )
    threads = [
        {row["threads"] for stage in ("latency", "energy") for row in _rows(copy, stage)} for copy in copies.values()
    ]
    assert threads[0] == threads[1] == threads[2]
    assert len(threads[0]) == 1


def _measuring(root: int) -> list[psutil.Process]:
    """The processes of the measuring job below Snakemake, its servers and launches not among them."""
    measuring = []
    for process in psutil.Process(root).children(recursive=True):
        with suppress(psutil.Error):  # it has just ended
            measuring += [process] if any(part.endswith("/latency.py") for part in process.cmdline()) else []
    return measuring


@pytest.mark.parametrize("victim", ["snakemake", "measuring"])
def test_the_plain_command_goes_on_after_a_kill_and_loses_one_launch_at_most(to_measure, tmp_path, victim):
    copy = to_measure.again(tmp_path / "joulesweep")
    table = _table(copy, "latency", "mlp")
    process = _start(copy, 1, table)
    everything = psutil.Process(process.pid)
    end = time.monotonic() + PATIENCE_S
    while not copy.journal("latency", "mlp") and time.monotonic() < end:
        time.sleep(0.02)
    kept = copy.journal("latency", "mlp")
    assert kept
    below = everything.children(recursive=True)
    if victim == "measuring":
        for measuring in _measuring(process.pid):
            measuring.kill()
        process.join(PATIENCE_S)
        assert process.exitcode not in (None, 0)
    else:
        process.kill()
        process.join(PATIENCE_S)
    _, alive = psutil.wait_procs(below, timeout=30)
    assert not alive, "a process outlived the run"

    copy.run("--cores", "1", "--", table)
    lines = copy.journal("latency", "mlp")
    assert lines[: len(kept)] == kept
    done = Counter(json.loads(line)["key"]["batch"] for line in lines)
    assert done == {1: LAUNCHES, 2: LAUNCHES}
    assert [row["status"] for row in _rows(copy, "latency")] == ["ok"] * 2
    leftovers = [path for path in (copy.folder / "results").rglob(".*") if path.is_file()]
    assert not leftovers
    assert copy.stale(table) == set()


def test_dry_runs_lint_and_snakemakes_own_report_need_no_cores(finished, tmp_path):
    copy = finished.again(tmp_path / "joulesweep")
    assert "Nothing to do: everything is up to date." in copy.run("-n")
    copy.run("--lint", fails=None)
    copy.run("--report", "snakemake.html")
    assert (copy.folder / "snakemake.html").stat().st_size > 0
