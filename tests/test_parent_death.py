"""Whoever is killed, nothing that it started goes on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

SCRIPTS = Path(__file__).parents[1] / "workflow" / "scripts"
SNAKEMAKE = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', sys.argv[1]])"
JOB = """
import os, time
from joulesweep.system.parent_death import die_with_parent
from joulesweep.measure.processes.server import Server
import tests.test_server
die_with_parent()
with Server([]) as server:
    server.run(tests.test_server.never_return, {}, 600, lambda pid: print(os.getpid(), server._process.pid, pid, flush=True))
"""


@pytest.mark.parametrize("victim", ["snakemake", "group", "job", "server"])
def test_a_kill_leaves_no_process(victim):
    snakemake = subprocess.Popen(
        [sys.executable, "-c", SNAKEMAKE, JOB],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(SCRIPTS), str(SCRIPTS.parents[1])])},
    )
    assert snakemake.stdout is not None
    pids = [int(pid) for pid in snakemake.stdout.readline().split()]
    job, server, _launch = processes = [psutil.Process(pid) for pid in pids]
    if victim == "snakemake":
        snakemake.kill()
    elif victim == "group":
        os.killpg(snakemake.pid, signal.SIGKILL)
    else:
        {"job": job, "server": server}[victim].kill()
    _, alive = psutil.wait_procs(processes, timeout=30)
    assert not alive
    snakemake.wait(30)
    snakemake.stdout.close()


def test_a_parent_that_ended_before_the_kernel_was_asked_is_noticed():
    code = "from joulesweep.system.parent_death import die_with_parent\ndie_with_parent(parent=1 << 22)\nprint('alive')"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(SCRIPTS)}
    )
    assert (answer.returncode, answer.stdout) == (-signal.SIGKILL, "")
