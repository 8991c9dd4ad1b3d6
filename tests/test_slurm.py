"""A real cluster of three nodes, by the page about it: each device on its node, and a node that is killed in the middle."""

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from joulesweep.system.machine import machine_id

from tests import slurm_cluster
from tests.digits_model import ROOT
from tests.workflow_copy import Copy, configuration

slurm_cluster.require()
pytestmark = [pytest.mark.slow, pytest.mark.cluster]

PAGE = (ROOT / "docs" / "slurm.md").read_text(encoding="utf-8")
DEVICES: dict[str, dict[str, Any]] = yaml.safe_load(re.findall(r"```yaml\n(devices:.*?)```", PAGE, re.DOTALL)[0])[
    "devices"
]
FEATURES = {name: own.get("constraint", name) for name, own in DEVICES.items()}
COMMAND = re.findall(r"^snakemake (--profile .*)$", PAGE, re.MULTILINE)[0]
GRAPH = {"source": "onnx:mlp.onnx", "runtimes": ["onnxruntime"]}
MODELS = {"first": GRAPH, "second": GRAPH, "third": {**GRAPH, "sweeps": {"batch": [1, 2]}}}
LAUNCHES = 3 * 4  # of every device: three of each point
PATIENCE_S = 300


class Job(NamedTuple):
    """A job as Slurm remembers it."""

    device: str
    node: str
    state: str
    start: float
    end: float


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[slurm_cluster.Cluster]:
    with slurm_cluster.Cluster(tmp_path_factory.mktemp("slurm") / "cluster", FEATURES) as up:
        yield up


@pytest.fixture
def project(tmp_path: Path) -> Copy:
    copy = Copy(
        tmp_path / "joulesweep", configuration("head", models=MODELS, devices=DEVICES, meter="none", hypotheses=[])
    )
    copy.edit("profiles/slurm/config.yaml", "status-checks: 10", "status-checks: 2")
    return copy


@contextmanager
def _running(project: Copy, cluster: slurm_cluster.Cluster) -> Iterator["subprocess.Popen[str]"]:
    """The command of the page; it does not outlive a test that fails."""
    process = subprocess.Popen(
        project.command(*shlex.split(COMMAND)),
        cwd=project.folder,
        env=os.environ | cluster.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _jobs(cluster: slurm_cluster.Cluster) -> list[Job]:
    found = []
    for line in cluster.client("squeue", "--states=all", "--noheader", "--format=%k|%N|%T|%S|%e").splitlines():
        comment, node, state, start, end = line.split("|")
        times = [datetime.fromisoformat(text).timestamp() for text in (start, end)]
        found.append(Job(comment.removeprefix("rule_measure_wildcards_"), node, state, *times))
    return found


def _launches(project: Copy, device: str, stage: str = "latency") -> list[dict[str, Any]]:
    """The launches in a device's journals, in their order; a line that is being written is none yet."""
    folder = project.folder / "results" / "devices" / device / stage
    lines = [line for file in folder.glob("*.jsonl") for line in file.read_text().splitlines(keepends=True)]
    launches = [json.loads(line) for line in lines if line.endswith("\n") and '"started_s"' in line]
    return sorted(launches, key=lambda launch: launch["started_s"])


def test_each_device_is_measured_on_its_node_and_one_that_was_killed_is_resumed_by_the_same_command(
    cluster, project, tmp_path
):
    with _running(project, cluster) as run:
        end = time.monotonic() + PATIENCE_S
        while not _launches(project, "nano") and run.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        cluster.switch_off("nano")
        saved = _launches(project, "nano")
        assert saved
        said, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 1, said
    (failure,) = re.findall(r"^joulesweep: measure nano failed .*", said, re.MULTILINE)
    assert "NODE_FAIL" in failure
    assert "results/logs/measure/nano.log" in failure
    assert "the same command goes on" in said
    others = {device: _launches(project, device) for device in ("orin", "pi")}
    assert {device: len(lines) for device, lines in others.items()} == {"orin": LAUNCHES, "pi": LAUNCHES}

    cluster.switch_on("nano")
    with _running(project, cluster) as run:
        said, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 0, said
    assert {device: _launches(project, device) for device in others} == others, "measured again"
    resumed = _launches(project, "nano")
    assert resumed[: len(saved)] == saved
    assert len(resumed) == LAUNCHES

    jobs = _jobs(cluster)
    assert Counter((job.device, job.state) for job in jobs) == {
        ("orin", "COMPLETED"): 2, ("pi", "COMPLETED"): 2, ("nano", "COMPLETED"): 1, ("nano", "NODE_FAIL"): 1
    }  # fmt: skip
    assert all(job.node == job.device for job in jobs)
    for device in DEVICES:
        _check_where_and_when(project, device, [job for job in jobs if job.node == device])
        about = json.loads((project.folder / "results" / "devices" / device / "device.json").read_text())
        (tmp_path / device / "etc").mkdir(parents=True)
        (tmp_path / device / "etc" / "machine-id").write_text(f"{device}\n")
        assert about["machine_id"] == machine_id(tmp_path / device)
    with (project.folder / "results" / "merged" / "latency.csv").open(newline="") as file:
        rows = Counter(row["device"] for row in csv.DictReader(file))
    assert rows == dict.fromkeys(DEVICES, 4)
    report = (project.folder / "results" / "report.md").read_text(encoding="utf-8")
    assert all(f"### Latency on {device}" in report for device in DEVICES)
    assert "has no results yet" not in report


def _check_where_and_when(project: Copy, device: str, jobs: list[Job]) -> None:
    """Every launch of a device lies within a job on its node, and no two of them overlap."""
    launches = [*_launches(project, device), *_launches(project, device, "time_shares")]
    times = sorted((line["started_s"], line["started_s"] + line["wall_s"]) for line in launches)
    assert all(before[1] <= after[0] for before, after in pairwise(times))
    for start, end in times:
        assert any(job.start <= start and end <= job.end + 1 for job in jobs), "Slurm tells whole seconds"


def test_a_configuration_without_devices_is_one_line(project):
    project.configure({key: value for key, value in project.config.items() if key != "devices"})
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *shlex.split(COMMAND)], cwd=project.folder, capture_output=True, text=True
    )
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("joulesweep: ")]
    assert "names no devices" in line


def test_a_feature_that_no_node_has_is_one_line_before_the_first_job(cluster, project):
    before = _jobs(cluster)
    project.configure({**project.config, "devices": {"orin": {"constraint": "jetson-oren"}}})
    with _running(project, cluster) as run:
        said, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 1
    (line,) = [line for line in said.splitlines() if line.startswith("joulesweep: ")]
    assert "devices.orin: no node has the feature 'jetson-oren'" in line
    assert _jobs(cluster) == before
