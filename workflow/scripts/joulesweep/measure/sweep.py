"""What latency and energy share while they measure: the machine's lock, warnings, servers, the order of launches, progress.

Runs in the job.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from operator import attrgetter

from joulesweep.measure import preflight
from joulesweep.measure.lock import machine_lock
from joulesweep.measure.points import Point, interleaved
from joulesweep.measure.processes.server import Server
from joulesweep.measure.progress import progress


@contextmanager
def sweep(launch_module: str, reads_battery: bool = False) -> Iterator["Sweep"]:
    """A sweep that nothing else on this machine measures beside; its servers end with it.

    `launch_module` holds the function that a launch runs: servers import it, so that no launch has to.
    `reads_battery` says that energy is read from a discharging battery, so that nobody is told to plug it in.
    """
    with machine_lock(), ExitStack() as stack:
        preflight.warn(reads_battery)
        yield Sweep(stack, launch_module)


class Sweep:
    """The launches of one job, one at a time; all that import the same libraries share a server."""

    def __init__(self, stack: ExitStack, launch_module: str) -> None:
        self._stack, self._launch_module = stack, launch_module
        self._servers: dict[tuple[str, ...], Server] = {}

    def measure(
        self,
        title: str,
        points: Sequence[Point],
        counts: Sequence[int],
        launch: Callable[[Point, Server, int], None],
        describe: Callable[[Point], str] = attrgetter("name"),
    ) -> None:
        """Call `launch` for each point as often as `counts` says, interleaved in a seeded random order.

        `launch` is given the point, its server, and the launch's place in the order, from 0. `describe` gives the text
        that the progress shows while a point is measured. An exception of `launch` ends the sweep.
        """
        with progress(title, sum(counts)) as (begin, done):
            for place, point in enumerate(interleaved(points, counts)):
                begin(describe(point))
                launch(point, self._server(point), place)
                done()

    def _server(self, point: Point) -> Server:
        modules = (*point.preload, self._launch_module)
        if modules not in self._servers:
            self._servers[modules] = self._stack.enter_context(Server(modules))
        return self._servers[modules]
