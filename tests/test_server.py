"""The server: however a measuring process ends, the job gets an outcome that says so, and the next one is not harmed."""

import os
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from joulesweep.errors import Unsupported, UserError
from joulesweep.measure.processes.server import Server

LONG = 60.0


def double(argument: dict[str, Any]) -> dict[str, Any]:
    return {"twice": 2 * argument["number"], "pid": os.getpid()}


def environment(_: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in os.environ.items() if name.endswith("_NUM_THREADS")}


def modules(_: dict[str, Any]) -> dict[str, Any]:
    return {"modules": [name for name in ("torch", "onnxruntime", "numpy") if name in sys.modules]}


def server_threads(_: dict[str, Any]) -> dict[str, Any]:
    return {"threads": psutil.Process(os.getppid()).num_threads()}


def segfault(_: dict[str, Any]) -> dict[str, Any]:
    os.kill(os.getpid(), signal.SIGSEGV)
    return {}


def be_killed(_: dict[str, Any]) -> dict[str, Any]:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def leave(_: dict[str, Any]) -> dict[str, Any]:
    os._exit(3)


def exit_politely(_: dict[str, Any]) -> dict[str, Any]:
    sys.exit(3)


def never_return(_: dict[str, Any]) -> dict[str, Any]:
    time.sleep(10 * LONG)
    return {}


def fail(_: dict[str, Any]) -> dict[str, Any]:
    raise ValueError("two\nlines")


def ask_too_much(_: dict[str, Any]) -> dict[str, Any]:
    raise UserError("the file is missing")


def refuse(_: dict[str, Any]) -> dict[str, Any]:
    raise Unsupported("this model has no such size")


def want_a_library(_: dict[str, Any]) -> dict[str, Any]:
    import no_such_library.part

    return {"library": no_such_library}


def allocate(_: dict[str, Any]) -> dict[str, Any]:
    return {"size": len(bytearray(1 << 62))}


def allocate_without_end(_: dict[str, Any]) -> dict[str, Any]:
    held = []
    while True:
        held.append(b"x" * (1 << 24))
        time.sleep(0.02)


def allocate_in_torch(_: dict[str, Any]) -> dict[str, Any]:
    raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes")


def return_what_cannot_be_sent(_: dict[str, Any]) -> dict[str, Any]:
    return {"function": lambda: None}


def return_much(_: dict[str, Any]) -> dict[str, Any]:
    return {"data": "x" * (1 << 22)}


def kill_the_server(_: dict[str, Any]) -> dict[str, Any]:
    os.kill(os.getppid(), signal.SIGABRT)
    time.sleep(LONG)
    return {}


@pytest.fixture(scope="module")
def server():
    with Server([]) as started:
        yield started


def test_a_result_comes_back_from_a_process_of_its_own(server):
    first, second = (server.run(double, {"number": 21}, LONG) for _ in range(2))
    assert (first.status, first.message, first.value["twice"]) == ("ok", "", 42)
    assert len({first.value["pid"], second.value["pid"], os.getpid()}) == 3


def compute(argument: dict[str, Any]) -> dict[str, Any]:
    end = time.process_time() + argument["seconds"]
    while time.process_time() < end:
        pass
    raise ValueError("done")


def test_the_processor_time_of_a_process_and_of_starting_it_comes_back_however_it_ended(server):
    outcome = server.run(compute, {"seconds": 0.3}, LONG)
    assert outcome.status == "error"
    assert outcome.cpu_s >= 0.29  # the kernel counts in steps of 10 ms
    assert server.run(double, {"number": 1}, LONG).cpu_s < outcome.cpu_s


def test_the_pid_is_told_when_the_process_starts(server):
    pids: list[int] = []
    assert server.run(double, {"number": 1}, LONG, pids.append).value["pid"] == pids[0]


LIMIT_S = 5.0  # long enough to begin on a machine where much else runs


def began(_: dict[str, Any]) -> dict[str, int]:
    return {"time_ns": time.monotonic_ns()}


def test_the_work_and_its_time_limit_begin_when_the_callback_has_returned(server):
    """The callback takes longer than the work may, as a meter's slow start can."""
    returned: list[int] = []

    def start_slowly(_: int) -> None:
        time.sleep(LIMIT_S + 0.5)
        returned.append(time.monotonic_ns())

    outcome = server.run(began, {}, LIMIT_S, on_start=start_slowly)
    assert outcome.status == "ok", outcome.message
    assert outcome.value["time_ns"] >= returned[0]


@pytest.mark.parametrize(
    ("function", "status", "message"),
    [
        (segfault, "crashed", "SIGSEGV"),
        (be_killed, "oom", "killed by SIGKILL (usually by the kernel, because memory ran out)"),
        (leave, "crashed", "status 3"),
        (exit_politely, "crashed", "status 3"),
        (fail, "error", "ValueError: two lines"),
        (ask_too_much, "error", "the file is missing"),
        (refuse, "unsupported", "this model has no such size"),
        (want_a_library, "error", "-m pip install no_such_library"),
        (allocate, "oom", "MemoryError"),
        (allocate_in_torch, "oom", "RuntimeError: [enforce fail] DefaultCPUAllocator: can't allocate memory"),
        (return_what_cannot_be_sent, "error", "lambda"),
    ],
)
def test_a_death_is_an_outcome_with_its_reason_and_the_server_goes_on(server, function, status, message):
    outcome = server.run(function, {}, LONG)
    assert (outcome.status, outcome.value) == (status, {})
    assert message in outcome.message
    assert "\n" not in outcome.message
    assert server.run(double, {"number": 1}, LONG).status == "ok"


def test_what_never_returns_is_killed_when_its_time_is_over(server):
    pids: list[int] = []
    outcome = server.run(never_return, {}, 0.3, pids.append)
    assert (outcome.status, outcome.message) == ("timeout", "not done after 0.3 s")
    assert not psutil.pid_exists(pids[0])
    assert server.run(double, {"number": 1}, LONG).status == "ok"


def test_what_allocates_without_end_is_stopped_before_the_machine_runs_out(server):
    outcome = server.run(allocate_without_end, {}, LONG, memory_bytes=300 << 20)
    assert outcome.status == "oom"
    assert re.match(r"held 0\.\d GiB and was stopped; it may hold 0\.3 GiB", outcome.message)
    assert server.run(double, {"number": 1}, LONG).status == "ok"


def test_a_large_result_arrives_whole(server):
    assert len(server.run(return_much, {}, LONG).value["data"]) == 1 << 22


def test_thread_settings_of_the_job_do_not_reach_the_process(monkeypatch):
    """Snakemake sets OMP_NUM_THREADS for its jobs; the job's own environment stays as it is."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    with Server([]) as server:
        assert server.run(environment, {}, LONG).value == {}
    assert os.environ["OMP_NUM_THREADS"] == os.environ["OPENBLAS_NUM_THREADS"] == "1"


def test_the_server_imports_what_it_is_told_and_no_other_runtime_and_starts_no_thread():
    with Server(["wave"]) as server:
        assert server.run(modules, {}, LONG).value["modules"] == ["numpy"]
        assert server.run(server_threads, {}, LONG).value["threads"] == 1


def _module(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    (folder / "preloaded_for_a_test.py").write_text(text)
    monkeypatch.syspath_prepend(folder)
    return "preloaded_for_a_test"


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        ("import os, signal\nos.kill(os.getpid(), signal.SIGILL)", "crashed", "SIGILL"),
        ("import no_such_library", "error", "-m pip install no_such_library"),
        ("raise ImportError('libgomp.so.1: cannot open')", "error", "libgomp.so.1: cannot open"),
        ("1 / 0", "error", "ZeroDivisionError"),
    ],
)
def test_a_library_that_cannot_be_imported_answers_every_request_and_is_tried_once(
    text, status, message, tmp_path, monkeypatch
):
    count = f"open({str(tmp_path / 'count')!r}, 'a').write('.')\n"
    with Server([_module(tmp_path, count + text, monkeypatch)]) as server:
        outcomes = [server.run(double, {"number": 1}, LONG) for _ in range(3)]
    assert {outcome.status for outcome in outcomes} == {status}
    assert all(message in outcome.message for outcome in outcomes)
    assert (tmp_path / "count").read_text() == "."


def test_a_server_that_died_is_started_again_but_not_for_ever():
    with Server([]) as server:
        assert server.run(kill_the_server, {}, LONG).status == "crashed"
        assert server.run(double, {"number": 1}, LONG).status == "ok"
        deaths = [server.run(kill_the_server, {}, LONG) for _ in range(2)]
        assert ["SIGABRT" in death.message for death in deaths] == [True, True]
        assert server.run(double, {"number": 1}, LONG) == deaths[-1]


def test_a_failing_callback_leaves_nothing_behind():
    def callback(pid: int) -> None:
        pids.append(pid)
        raise RuntimeError("the sampler did not start")

    pids: list[int] = []
    with Server([]) as server:
        with pytest.raises(RuntimeError, match="the sampler"):
            server.run(never_return, {}, LONG, callback)
        psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], 10)
        assert not psutil.pid_exists(pids[0])
        assert server.run(double, {"number": 1}, LONG).value["twice"] == 2
