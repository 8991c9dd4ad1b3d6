"""A model, no measurement: the processor time that the measured process used, times configured watts per core.

It knows nothing of memory, frequency or idle power, and tracks time by construction. It is used only where the
configuration gives `watts_per_core`, and every figure made from it says `modelled`.
"""

import math
import sys
import time

import psutil

from joulesweep.meters import base

SETTINGS = {"watts_per_core": "watts of one busy core; allows the modelled figure"}


class Meter(base.Meter):
    """A counter of joules: processor seconds of one process, all its threads together, times `watts_per_core`."""

    def available(self) -> base.Availability:
        """Usable where the configuration allows the modelled figure by giving `watts_per_core`."""
        watts = self.settings.get("watts_per_core")
        if watts is None:
            return base.Availability(
                False,
                "a modelled figure must be allowed: write 'meters: {cpu-time: {watts_per_core: 5}}' into config.yaml, with "
                "the watts of one busy core",
            )
        if isinstance(watts, bool) or not isinstance(watts, int | float) or not 0 < watts < math.inf:
            return base.Availability(False, f"meters.cpu-time.watts_per_core: {watts!r}: expected a number above 0")
        return base.Availability(True, f"modelled as CPU time x {watts:g} W per core")

    def describe(self) -> base.Description:
        """A counter that is exact whenever it is read; 10 ms is the coarsest clock tick it may rest on."""
        return base.Description(
            kind="modelled",
            unit="J",
            rails=("cpu-time",),
            scope="process",
            covers=f"CPU time of the measured process x {self.settings['watts_per_core']:g} W per core",
            update_s=0.01,
            settle_s=0.0,
            window_s=0.5,
            wrap_J=(math.inf,),
        )

    def read(self) -> base.Reading:
        """The process's processor time so far, in joules."""
        before = time.monotonic_ns()
        seconds = _processor_seconds(self.pid)
        time_ns = (before + time.monotonic_ns()) // 2
        return base.Reading(time_ns, (seconds * float(self.settings["watts_per_core"]),))


def _processor_seconds(pid: int | None) -> float:
    """Processor time of a process (this one where `pid` is None); threads that have ended included.

    Raises:
        OSError: there is no such process.
    """
    if pid is None:
        return time.process_time()
    if sys.platform == "linux":
        # Linux numbers the processor clock of process p as ~p * 8 + 2; it resolves nanoseconds, psutil's figure 10 ms.
        try:
            return time.clock_gettime((~pid << 3) | 2)
        except OSError:  # its number would be 22, "Invalid argument"
            raise OSError(f"the measured process {pid} has ended") from None
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error as error:
        raise OSError(f"the measured process {pid} has ended") from error
    return times.user + times.system
