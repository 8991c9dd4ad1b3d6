"""Lays out trees as Linux's powercap shows them, and lets one count as if a processor drew known power."""

import threading
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

RANGE_UJ = 262143328850  # an Intel client's


def lay_out(root: Path, zones: Mapping[str, str], counter_uj: int = 1_000_000, range_uj: int = RANGE_UJ) -> Path:
    """A tree with these zones, given as folder name to zone name; returns its root."""
    for folder, name in zones.items():
        zone = root / folder
        zone.mkdir(parents=True)
        (zone / "name").write_text(f"{name}\n")
        (zone / "energy_uj").write_text(f"{counter_uj}\n")
        (zone / "max_energy_range_uj").write_text(f"{range_uj}\n")
    return root


class Counting:
    """A processor that draws `watts(seconds since start)`: its counter moves every few milliseconds, and wraps."""

    def __init__(
        self, zone: Path, watts: Callable[[float], float], counter_uj: int = 1_000_000, range_uj: int = RANGE_UJ
    ):
        self._zone, self._watts, self._range = zone, watts, range_uj
        self._counter = float(counter_uj)
        self.log: list[tuple[int, float]] = []  # when, and joules drawn since the start
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Counting":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def joules(self, start_ns: int, end_ns: int) -> float:
        """What was really drawn between two moments, to a few milliseconds."""
        drawn = dict(self.log)
        nearest = [min(drawn, key=lambda at: abs(at - moment)) for moment in (start_ns, end_ns)]
        return drawn[nearest[1]] - drawn[nearest[0]]

    @property
    def longest_s(self) -> float:
        """The longest time for which the counter stood still: on a busy machine this process gets no core for a while."""
        times = [at for at, _ in self.log]
        return max(after - before for before, after in pairwise(times)) / 1e9

    def _run(self) -> None:
        start = last = time.monotonic_ns()
        total = 0.0
        while not self._stop.wait(0.004):
            now = time.monotonic_ns()
            joules = self._watts((now - start) * 1e-9) * (now - last) * 1e-9
            last, total = now, total + joules
            self._counter = (self._counter + joules * 1e6) % self._range
            fresh = self._zone / "fresh"
            try:
                fresh.write_text(f"{int(self._counter)}\n")
                fresh.replace(self._zone / "energy_uj")
            except FileNotFoundError:  # a test took the zone away
                return
            self.log.append((now, total))
