"""tegrastats: the text that NVIDIA's own program prints on a Jetson, a line an interval.

A rail reads `VDD_IN 5704mW/5690mW`: now and a mean since the start, which is not used; since JetPack 7.2 three numbers,
now, mean and maximum; JetPack 4 prints no unit, in mW. On some boards the power is there for root alone.
"""

import os
import re
import shutil
import subprocess
import threading
import time
from functools import cached_property

from joulesweep.meters import _jetson, _root, base

_INTERVAL_MS = 100
_PATIENCE_S = 5.0
# A word, then two or three numbers with slashes between them. `GPU 1155/1155` is a rail, `GPU@28C` a temperature,
# `RAM 2257/30536MB` neither.
_RAIL = re.compile(r"(?<!\S)([A-Za-z]\w*) (-?\d+)(mW)?/-?\d+(?:mW)?(?:/-?\d+(?:mW)?)?(?=\s|$)")
# Not connected, and memory where its unit was torn off.
_NO_RAILS = {"NC", "RAM", "IRAM", "SWAP"}

SETTINGS = {
    "command": "the program, where it is not on the path",
    "interval_ms": "time between two lines, 100 ms unless set",
    "rails": "names of rails to add, for a board that is not known here",
}


class Meter(base.Meter):
    """The program runs as long as the meter is read; a reading is stamped when its line came."""

    def available(self) -> base.Availability:
        """Usable where its lines hold the rails of a known board."""
        if shutil.which(self._command) is None:
            return base.Availability(
                False, "there is no tegrastats here: only NVIDIA Jetson boards have it", _jetson.is_jetson()
            )
        try:
            return base.Availability(True, f"reads {' + '.join(self._choice.rails)}")
        except (OSError, ValueError) as error:
            return base.Availability(False, str(error))

    def describe(self) -> base.Description:
        """Momentary power at each line."""
        return base.Description(
            kind="measured",
            unit="W",
            rails=self._choice.rails,
            scope=self._choice.scope,
            covers=self._choice.covers,
            update_s=self._interval_s,
            settle_s=0.25,
            window_s=5.0,
            has_timestamps=True,
        )

    def read(self) -> base.Reading:
        """What the last line said."""
        rails = self._choice.rails
        assert self._process is not None
        assert self._last is not None  # the choice waited for it
        if self._process.poll() is not None:
            raise OSError(f"tegrastats ended with status {self._process.returncode}")
        time_ns, line = self._last
        return base.Reading(time_ns, _jetson.watts(rails, milliwatts(line)))

    def close(self) -> None:
        """Stop the program: without a reader for its lines it ends at its next one, whoever owns it."""
        self._closed = True
        if self._process is not None:
            if self._process.args[0] != "sudo":  # type: ignore[index]
                self._process.terminate()
            self._process.wait(_PATIENCE_S)
            self._process = None

    _process: subprocess.Popen[str] | None = None
    _last: tuple[int, str] | None = None
    _closed = False

    @property
    def _command(self) -> str:
        return self.settings.get("command", "tegrastats")

    @property
    def _interval_s(self) -> float:
        return float(self.settings.get("interval_ms", _INTERVAL_MS)) / 1000

    @cached_property
    def _choice(self) -> _jetson.Choice:
        rails = milliwatts(self._line())
        if not rails and os.geteuid() != 0:  # some boards show power to root alone
            self.close()
            refused = _root.refusal([self._command, "--help"], self._command)
            if refused:
                raise OSError(f"it shows no power to this user; {refused}")
            self._start(_root.as_root(self._arguments))
            rails = milliwatts(self._line())
        return _jetson.choose(rails, self.settings.get("rails"))

    @property
    def _arguments(self) -> list[str]:
        return [self._command, "--interval", str(round(self._interval_s * 1000))]

    def _line(self) -> str:
        """The last line, the first one waited for."""
        if self._process is None:
            self._start(self._arguments)
        end = time.monotonic() + _PATIENCE_S
        while self._last is None and time.monotonic() < end:
            time.sleep(0.01)
        if self._last is None:
            raise OSError(f"tegrastats printed no line within {_PATIENCE_S:g} s")
        return self._last[1]

    def _start(self, command: list[str]) -> None:
        self._last, self._closed = None, False
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        threading.Thread(target=self._follow, args=(self._process,), daemon=True).start()

    def _follow(self, process: subprocess.Popen[str]) -> None:
        """Keep the last whole line and when it came."""
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                if self._closed:
                    break
                if line.endswith("\n"):
                    self._last = time.monotonic_ns(), line


def milliwatts(line: str) -> dict[str, float]:
    """Power now by rail, in mW, from one whole line; what is no rail (memory, NC) is left out."""
    return {name: float(now) for name, now, _ in _RAIL.findall(line) if name not in _NO_RAILS}
