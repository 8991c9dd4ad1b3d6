"""The device lock: never two inside, a waiting process says for whom it waits, and no death leaves it locked."""

import os
import stat
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from joulesweep.errors import UserError
from joulesweep.measure import lock

SCRIPTS = Path(__file__).parents[1] / "workflow" / "scripts"
HOLD = """
import logging, subprocess, sys, time
from pathlib import Path
from joulesweep.measure.lock import device_lock
logging.basicConfig(level=logging.INFO, format="%(message)s")
with device_lock(sys.argv[1]):
    inside = Path(sys.argv[2])
    assert not inside.exists(), "two are inside"
    inside.touch()
    if sys.argv[3:] == ["with-child"]:
        print(subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).pid, flush=True)
    print("in", flush=True)
    sys.stdin.readline()
    inside.unlink()
"""


@pytest.fixture
def device() -> str:
    return f"test {uuid.uuid4().hex}/1"


def _start(device: str, inside: Path, *more: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, device, str(inside), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SCRIPTS), "TMPDIR": str(inside.parent)},
    )


def test_the_second_waits_and_says_once_for_whom(device, tmp_path):
    first = _start(device, tmp_path / "inside")
    assert first.stdout.readline() == "in\n"
    assert lock.holder(device).startswith(f"pid {first.pid} (")
    second = _start(device, tmp_path / "inside")
    said = second.stderr.readline()
    assert f"waiting for pid {first.pid} (-c " in said
    assert device in said.partition("waiting for")[2]
    first.communicate("\n", timeout=30)
    assert second.stdout.readline() == "in\n"
    assert lock.holder(device).startswith(f"pid {second.pid} (")
    _, more = second.communicate("\n", timeout=30)
    assert (first.returncode, second.returncode, more) == (0, 0, "")
    assert lock.holder(device) == ""


def test_many_at_once_are_inside_one_by_one(device, tmp_path):
    processes = [_start(device, tmp_path / "inside") for _ in range(4)]
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors


def test_a_killed_holder_frees_the_lock_though_its_child_lives_on(device, tmp_path):
    first = _start(device, tmp_path / "inside", "with-child")
    child = int(first.stdout.readline())
    assert first.stdout.readline() == "in\n"
    first.kill()
    first.communicate(timeout=30)
    try:
        assert lock.holder(device) == ""
        with lock.device_lock(device):
            assert lock.holder(device).startswith(f"pid {os.getpid()} (")
    finally:
        os.kill(child, 9)


def test_the_file_is_every_users_and_in_the_machines_own_folder(device, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = os.umask(0o077)
    try:
        with lock.device_lock(device):
            file = lock._file(device)
            assert file.parent == Path("/tmp")
            assert stat.S_IMODE(file.stat().st_mode) == 0o666
    finally:
        os.umask(before)


def test_a_lock_whose_file_was_removed_meanwhile_is_taken_again(device, tmp_path):
    first = _start(device, tmp_path / "inside")
    assert first.stdout.readline() == "in\n"
    second = _start(device, tmp_path / "inside")
    assert "waiting" in second.stderr.readline()
    lock._file(device).unlink()
    first.communicate("\n", timeout=30)
    assert second.stdout.readline() == "in\n"
    assert lock.holder(device).startswith(f"pid {second.pid} (")
    second.communicate("\n", timeout=30)


def test_a_foreign_thing_in_its_place_is_one_line(device, tmp_path):
    lock._file(device).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="remove it"), lock.device_lock(device):
        pass
    lock._file(device).unlink()


def test_a_job_in_the_command_is_not_told():
    assert lock._command(["/a/latency.py", "--job", '{"a": 1}', "--out", "x.csv"]) == "latency.py --out x.csv"
