"""How a script ends: in one line, whatever ended it, and never after its parent."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.digits_model import ROOT

SCRIPT = """
import argparse, errno, os, signal, sys, time
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets its background jobs ignore it
sys.path.insert(0, sys.argv.pop(1))
from joulesweep import cli
from joulesweep.errors import UserError
from joulesweep.system.files import replace_text

def main(arguments):
    if arguments.end == "user":
        raise UserError("{x} 100 % `b`: not this; do that")
    if arguments.end == "full":
        os.fsync = lambda descriptor: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device"))
        replace_text(Path("table.csv"), "text")
    if arguments.end == "bug":
        {}["key"]
    if arguments.end == "exit":
        os._exit(0)
    print("ready", flush=True)
    time.sleep(60)

parser = argparse.ArgumentParser()
parser.add_argument("end")
own_process = "OWN_PROCESS" in os.environ
if "AT_FORK" in os.environ:
    os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGINT))
cli.run(main, parser, (lambda arguments, ending: print(ending.reason)) if own_process else None)
"""
SAME_PROCESS, OWN_PROCESS = {}, {"OWN_PROCESS": "1"}


def _start(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    (folder / "script.py").write_text(SCRIPT)
    command = [sys.executable, "script.py", str(ROOT / "workflow" / "scripts"), *arguments]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | environment
    )


@pytest.mark.parametrize("how", [SAME_PROCESS, OWN_PROCESS])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_script_that_is_stopped_says_that_nothing_is_lost(tmp_path, name, how):
    process = _start(tmp_path, "wait", **how)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(getattr(signal, name))
    _, said = process.communicate(timeout=60)
    assert said.splitlines() == ["joulesweep: stopped; what was measured is kept; the same command goes on"]
    assert process.returncode == 130


def test_a_signal_while_the_own_process_is_forked_is_not_lost(tmp_path):
    """Python ignores what is raised in the functions that it calls around a fork."""
    process = _start(tmp_path, "wait", **OWN_PROCESS, AT_FORK="1")
    _, said = process.communicate(timeout=60)
    assert said.splitlines() == ["joulesweep: stopped; what was measured is kept; the same command goes on"]
    assert process.returncode == 130


def test_in_the_workflow_snakemake_says_it(tmp_path):
    process = _start(tmp_path, "wait", JOULESWEEP_IN_WORKFLOW="1")
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1] == ""


def test_ctrl_c_in_a_terminal_reaches_both_processes_and_is_one_line(tmp_path):
    process = _start(tmp_path, "wait", **OWN_PROCESS)
    assert process.stdout is not None
    process.stdout.readline()
    for each in [psutil.Process(process.pid), *psutil.Process(process.pid).children()]:
        with suppress(psutil.NoSuchProcess):  # the script was faster, and has ended its child already
            each.send_signal(signal.SIGINT)
    assert len(process.communicate(timeout=60)[1].splitlines()) == 1


@pytest.mark.parametrize("end", ["wait", "exit"])
def test_what_is_killed_in_a_process_of_its_own_is_told_to_the_script(tmp_path, end):
    process = _start(tmp_path, end, **OWN_PROCESS)
    reason = "ended with status 0 before it was done"
    if end == "wait":
        assert process.stdout is not None
        process.stdout.readline()
        (child,) = psutil.Process(process.pid).children()
        child.send_signal(signal.SIGSEGV)
        reason = "killed by SIGSEGV (it touched memory that is not its own: a fault in the native code of the model or of a library)"
    assert process.communicate(timeout=60)[0] == f"{reason}\n"
    assert process.returncode == 0


@pytest.mark.parametrize("how", [SAME_PROCESS, OWN_PROCESS])
def test_an_error_of_the_users_is_its_own_line_whatever_it_holds(tmp_path, how):
    process = _start(tmp_path, "user", **how)
    assert process.communicate(timeout=60)[1] == "joulesweep: {x} 100 % `b`: not this; do that\n"
    assert process.returncode == 1


def test_a_full_disk_is_one_line_and_leaves_no_litter(tmp_path):
    (tmp_path / "table.csv").write_text("old")
    process = _start(tmp_path, "full")
    assert process.communicate(timeout=60)[1].splitlines() == [
        "joulesweep: table.csv: the disk is full; make room, then run the same command again"
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["script.py", "table.csv"]
    assert (tmp_path / "table.csv").read_text() == "old"


def test_the_trace_of_any_other_error_is_in_the_log_and_its_line_on_the_console(tmp_path):
    process = _start(tmp_path, "bug", "--log", "logs/stage.log")
    (line,) = process.communicate(timeout=60)[1].splitlines()
    assert line == "joulesweep: KeyError: 'key'; its trace is in the log"
    assert "Traceback" in (tmp_path / "logs" / "stage.log").read_text()
    assert "Traceback" in _start(tmp_path, "bug").communicate(timeout=60)[1]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread looks twice a second, see test_parent_death")
def test_every_script_dies_with_the_process_that_started_it(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    scripts = str(ROOT / "workflow" / "scripts")
    starter = f"import subprocess, sys; subprocess.run([sys.executable, 'script.py', {scripts!r}, 'wait'])"
    parent = subprocess.Popen([sys.executable, "-c", starter], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    (child,) = psutil.Process(parent.pid).children()
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs([child], timeout=60)
    assert not alive


def test_a_script_whose_snakemake_ended_before_it_could_ask_does_nothing(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    process = _start(tmp_path, "wait", JOULESWEEP_IN_WORKFLOW=str(ended.pid))
    assert process.communicate(timeout=60)[0] == ""
    assert process.returncode == -signal.SIGKILL


def test_progress_where_there_is_no_terminal_is_lines_with_n_of_m_and_the_time_left(monkeypatch, caplog):
    from joulesweep.measure import progress

    now = iter(range(0, 1000, 6))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(now)))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    caplog.set_level("INFO", "joulesweep")
    with progress.progress("net", 4) as (begin, done):
        for _ in range(4):
            begin("eager batch=1")
            done()
    assert [record.getMessage() for record in caplog.records] == ["net: 2 of 4, 12 s left; eager batch=1"]
