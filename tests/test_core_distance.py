"""The distance of the cores is asked of a second process that sleeps in between, and never outlives the first."""

import os
import signal
import sys
import time

import psutil
import pytest
from joulesweep.measure.latency import core_distance

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="needs Linux and two cores"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded"),
]
POINT = {"threads": 2}


@pytest.fixture
def probe():
    made = core_distance.CoreDistance()
    yield made
    made.close()


def _partner(probe: core_distance.CoreDistance) -> psutil.Process:
    return psutil.Process(probe._partner)


def test_neighbouring_cores_answer_within_microseconds_and_the_thread_keeps_its_cores(probe):
    before = os.sched_getaffinity(0)
    samples = [probe.sample() for _ in range(20)]
    assert os.sched_getaffinity(0) == before
    answered = [seconds for sample in samples for seconds in sample]
    assert answered  # on a busy machine some samples have no answer
    assert all(1e-8 < seconds < 0.02 for seconds in answered)
    assert all(len(sample) <= len(before) - 1 for sample in samples)


def test_the_other_process_sleeps_between_samples_and_holds_no_file_of_the_launch(probe):
    probe.sample()
    time.sleep(0.1)  # longer than it looks for a question
    partner = _partner(probe)
    used = partner.cpu_times().user + partner.cpu_times().system
    time.sleep(0.3)
    assert partner.cpu_times().user + partner.cpu_times().system == used
    assert partner.status() == psutil.STATUS_SLEEPING
    assert partner.num_fds() == 1


def test_a_pair_without_an_answer_is_left_out(probe):
    partner = _partner(probe)
    partner.suspend()
    assert probe.sample() == []
    partner.resume()
    time.sleep(0.1)
    assert any(probe.sample() for _ in range(20))


def test_a_core_that_was_taken_away_and_a_process_that_died_cost_the_sample_only(probe, monkeypatch):
    probe._pairs = [(10_000, 10_001)]
    assert probe.sample() == []
    probe._pairs = [tuple(sorted(os.sched_getaffinity(0))[:2])]
    os.kill(probe._partner, signal.SIGKILL)
    time.sleep(0.1)
    assert probe.sample() == []


def test_it_ends_with_the_launch_however_that_ends():
    reads, writes = os.pipe()
    launch = os.fork()
    if not launch:
        os.write(writes, core_distance.CoreDistance()._partner.to_bytes(4, "little"))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(launch, 0)
    partner = int.from_bytes(os.read(reads, 4), "little")
    for _ in range(100):
        if not psutil.pid_exists(partner) or psutil.Process(partner).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.05)
    else:
        raise AssertionError("the other process outlived the launch")
    os.close(reads)
    os.close(writes)


def test_closing_leaves_no_process():
    made = core_distance.CoreDistance()
    partner = made._partner
    made.close()
    assert not psutil.pid_exists(partner)


@pytest.mark.parametrize(("runtime", "threads"), [("onnxruntime", 1), ("eager-cuda", 2)])
def test_it_is_asked_where_passes_run_on_several_cores_only(runtime, threads):
    pytest.importorskip("onnxruntime")
    assert core_distance.core_distance_for(runtime, {"threads": threads}) is None


def test_a_system_that_cannot_pin_threads_has_no_probe(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert core_distance.core_distance_for("onnxruntime", POINT) is None
