"""The lock of the machine: never two inside, a waiting process says for whom it waits, and no death leaves it locked."""

import os
import platform
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from joulesweep.errors import UserError
from joulesweep.measure import lock

SCRIPTS = Path(__file__).parents[1] / "workflow" / "scripts"
HOLD = """
import logging, subprocess, sys, time
from pathlib import Path
from joulesweep.measure.lock import machine_lock
logging.basicConfig(level=logging.INFO, format="%(message)s")
with machine_lock():
    inside = Path(sys.argv[1])
    assert not inside.exists(), "two are inside"
    inside.touch()
    if sys.argv[2:] == ["with-child"]:
        print(subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).pid, flush=True)
    print("in", flush=True)
    sys.stdin.readline()
    inside.unlink()
"""


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("JOULESWEEP_LOCK", str(tmp_path / "machine.lock"))
    return lock.file()


def _start(inside: Path, *more: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(inside), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
    )


def _who(pid: int) -> str:
    return f"pid {pid} of user {psutil.Process().username()} on {platform.node()} ("


def test_the_second_waits_and_says_once_for_whom(tmp_path):
    first = _start(tmp_path / "inside")
    assert first.stdout.readline() == "in\n"
    assert lock.holder().startswith(_who(first.pid))
    second = _start(tmp_path / "inside")
    said = second.stderr.readline()
    assert f"waiting for {_who(first.pid)}-c " in said
    assert str(tmp_path / "inside") in said, "its command"
    first.communicate("\n", timeout=30)
    assert second.stdout.readline() == "in\n"
    assert lock.holder().startswith(_who(second.pid))
    _, more = second.communicate("\n", timeout=30)
    assert (first.returncode, second.returncode, more) == (0, 0, "")
    assert lock.holder() == ""


def test_many_at_once_are_inside_one_by_one(tmp_path):
    processes = [_start(tmp_path / "inside") for _ in range(4)]
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors


def test_a_killed_holder_frees_the_lock_though_its_child_lives_on(tmp_path):
    first = _start(tmp_path / "inside", "with-child")
    child = int(first.stdout.readline())
    assert first.stdout.readline() == "in\n"
    first.kill()
    first.communicate(timeout=30)
    try:
        assert lock.holder() == ""
        with lock.machine_lock():
            assert lock.holder().startswith(_who(os.getpid()))
    finally:
        os.kill(child, 9)


def test_the_file_is_every_users(file):
    before = os.umask(0o077)
    try:
        with lock.machine_lock():
            assert stat.S_IMODE(file.stat().st_mode) == 0o666
    finally:
        os.umask(before)


def test_every_measurement_on_a_machine_locks_the_same_file_whatever_its_folder_and_user(monkeypatch, tmp_path):
    monkeypatch.delenv("JOULESWEEP_LOCK")
    for name in ("TMPDIR", "HOME", "USER", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    assert lock.file() == Path("/tmp/joulesweep.lock")


def test_a_lock_whose_file_was_removed_meanwhile_is_taken_again(file, tmp_path):
    first = _start(tmp_path / "inside")
    assert first.stdout.readline() == "in\n"
    second = _start(tmp_path / "inside")
    assert "waiting" in second.stderr.readline()
    file.unlink()
    first.communicate("\n", timeout=30)
    assert second.stdout.readline() == "in\n"
    assert lock.holder().startswith(_who(second.pid))
    second.communicate("\n", timeout=30)


def test_a_foreign_thing_in_its_place_is_one_line(file, tmp_path):
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="remove it"), lock.machine_lock():
        pass


def test_a_job_in_the_command_is_not_told():
    assert lock._command(["/a/latency.py", "--job", '{"a": 1}', "--out", "x.csv"]) == "latency.py --out x.csv"
