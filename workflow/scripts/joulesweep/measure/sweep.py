"""What latency and energy share while they measure: the machine's lock, warnings, servers, the order of launches, progress.

Runs in the job.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from joulesweep.measure import preflight
from joulesweep.measure.lock import machine_lock
from joulesweep.measure.points import Point, interleaved
from joulesweep.measure.processes.server import Server
from joulesweep.measure.progress import progress


@contextmanager
def sweep(reads_battery: bool = False) -> Iterator["Sweep"]:
    """A sweep that nothing else on this machine measures beside; its servers end with it.

    `reads_battery` says that energy is read from a discharging battery, so that nobody is told to plug it in.
    """
    with machine_lock(), ExitStack() as stack:
        preflight.warn(reads_battery)
        yield Sweep(stack)


class Sweep:
    """The launches of one job, one at a time; each runtime has one server for all of them."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._servers: dict[str, Server] = {}

    def measure(
        self,
        title: str,
        points: Sequence[Point],
        counts: Sequence[int],
        launch: Callable[[Point, Server, int], None],
        describe: Callable[[Point], str],
    ) -> None:
        """Call `launch` for each point as often as `counts` says, interleaved in a seeded random order.

        `launch` is given the point, its runtime's server, and the launch's place in the order, from 0. `describe` gives
        the text that the progress shows while a point is measured. An exception of `launch` ends the sweep.
        """
        with progress(title, sum(counts)) as (begin, done):
            for place, point in enumerate(interleaved(points, counts)):
                begin(describe(point))
                launch(point, self._server(point), place)
                done()

    def _server(self, point: Point) -> Server:
        runtime = point.identity["runtime"]
        if runtime not in self._servers:
            self._servers[runtime] = self._stack.enter_context(Server(point.preload))
        return self._servers[runtime]
