"""How a run of Snakemake is stopped: Ctrl-C and SIGTERM alike end it with one line, and the stage that runs with it.

Snakemake shows a trace where a signal arrives while it reads the Snakefile. Later, SIGTERM lets the running stage end first,
which may take an hour.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

import psutil

from joulesweep.cli import STOPPED
from joulesweep.system.own_process import INTERRUPTED

_PAUSE_S = 0.2


class Stop:
    """The handler of both signals; `asked` says whether one of them has arrived."""

    def __init__(self) -> None:
        self.asked = False
        self._end: Callable[[], object] | None = None

    def listen(self, end: Callable[[], object] | None = None) -> None:
        """Take over both signals. `end` asks for the orderly end of a run that has begun; without it there is none yet."""
        self._end = end
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) != signal.SIG_IGN:  # a shell lets its background jobs ignore Ctrl-C
                signal.signal(number, self._stop)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self.asked:  # again: at once, and the stages die with this process
            os._exit(INTERRUPTED)
        self.asked = True
        os.write(2, f"{STOPPED}\n".encode())
        if self._end is None:
            raise SystemExit(INTERRUPTED)
        threading.Thread(target=self._end_stages, args=(self._end,), daemon=True).start()

    def _end_stages(self, end: Callable[[], object]) -> None:
        """Beside the main thread, which may hold the lock that `end` takes, or may be about to start a stage."""
        end()
        while True:
            for stage in psutil.Process().children():
                try:
                    stage.terminate()
                except psutil.NoSuchProcess:
                    continue
            time.sleep(_PAUSE_S)
