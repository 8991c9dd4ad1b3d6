"""A device beside the CPU is timed by its own events: a stand-in that works in the background, where the hardware is absent."""

import queue
import threading
import time
from types import SimpleNamespace

import pytest
import torch
from joulesweep import plugins
from joulesweep.errors import Unsupported
from joulesweep.measure.latency.torch_reference import PARTS, TorchReference
from joulesweep.model.manifest import Artefact
from joulesweep.runtimes._torch_device import TorchDevice


class StandIn:
    """A device with one queue: what is put there is done later, in order, by a thread."""

    def __init__(self) -> None:
        self._queue: queue.Queue = queue.Queue()
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            self._queue.get()()
            self._queue.task_done()

    def put(self, work) -> None:
        self._queue.put(work)

    def synchronize(self) -> None:
        self._queue.join()

    def event(self) -> SimpleNamespace:
        happened = threading.Event()
        event = SimpleNamespace(at=0.0, synchronize=happened.wait)

        def happen() -> None:
            event.at = time.perf_counter()
            happened.set()

        event.record = lambda: self.put(happen)
        event.elapsed_time = lambda other: 1e3 * (other.at - event.at)
        return event


@pytest.fixture
def runtime():
    stand_in = StandIn()

    class Runtime(TorchDevice):
        format, libraries, preload, device = "module", (), (), "cpu"
        is_available = staticmethod(lambda: True)
        wait = staticmethod(stand_in.synchronize)
        event = staticmethod(stand_in.event)

    made = Runtime()
    made.put = stand_in.put
    return made


def test_a_pass_lasts_until_the_device_has_done_it_and_not_only_until_it_was_queued(runtime):
    start = time.perf_counter()
    runtime.put(lambda: time.sleep(1.0))
    returned = time.perf_counter() - start
    seconds = runtime.pass_s(lambda _: runtime.put(lambda: time.sleep(0.05)), None)
    assert returned < 0.9
    assert seconds >= 0.05, "the pass is whole"
    assert seconds < 0.9, "what was queued before it is not in it"


def test_a_cpu_has_done_a_pass_when_it_returns():
    runtime = plugins.load("runtimes", "onnxruntime")()
    assert runtime.pass_s(lambda _: time.sleep(0.05), None) >= 0.05


def test_the_reference_of_a_device_is_told_by_the_same_clock_as_its_passes():
    asked = []

    def pass_s(work, prepared) -> float:
        asked.append(work(prepared))
        return 1e-3 * len(asked)

    reference = TorchReference("cpu", pass_s)
    found = reference.sample()
    assert reference.parts == PARTS
    assert found == [1e-3 * (len(PARTS) + 1 + number) for number in range(len(PARTS))], "the first run does not count"


@pytest.mark.parametrize("name", ["eager-cuda", "eager-mps"])
def test_where_there_is_no_such_device_the_model_is_unsupported_there(name):
    runtime = plugins.load("runtimes", name)()
    if runtime.is_available():
        pytest.skip("the device is there")
    assert plugins.declared("runtimes", name, "compute_device") == runtime.compute_device
    with pytest.raises(Unsupported, match=f"torch sees no {runtime.compute_device} device"):
        runtime.load(Artefact({}, None, "", "", "", 0), 1)


def test_inputs_and_outputs_cross_over_to_the_device_and_back(runtime):
    import numpy as np

    prepared = runtime.prepare({"input": np.ones((1, 2), np.float32)})
    assert isinstance(prepared["input"], torch.Tensor)
    assert runtime.arrays(prepared["input"])[0].tolist() == [[1.0, 1.0]]
