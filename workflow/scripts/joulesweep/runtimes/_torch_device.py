"""PyTorch on a device beside the CPU: passes are only queued when they return, so the device itself tells their time."""

from collections.abc import Callable
from typing import Any

from joulesweep.errors import Unsupported
from joulesweep.model.manifest import Artefact
from joulesweep.runtimes import eager


class TorchDevice(eager.Runtime):
    """What differs between devices is how they name things: each runtime's own file says it."""

    is_available: Callable[[], bool]
    wait: Callable[[], None]  # until everything that was queued is done
    event: Callable[[], Any]  # one that tells time: record, synchronize, elapsed_time (milliseconds)

    def load(self, artefact: Artefact, threads: int) -> Callable[[Any], Any]:
        """As on the CPU, and moved to the device.

        Raises:
            Unsupported: there is no such device, or this torch was built without it.
        """
        if not self.is_available():
            raise Unsupported(f"torch sees no {self.compute_device} device here; is this a build of torch for it?")
        return super().load(artefact, threads)

    def synchronize(self) -> None:
        """Wait until everything that was queued is done."""
        self.wait()

    def pass_s(self, forward: Callable[[Any], Any], prepared: Any) -> float:
        """Queue one pass between two events on the idle device, and wait; the time between the events in seconds."""
        self.synchronize()
        start, end = self.event(), self.event()
        start.record()
        forward(prepared)
        end.record()
        end.synchronize()
        return start.elapsed_time(end) * 1e-3
