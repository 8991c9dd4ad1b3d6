"""powertop: what it writes into its CSV about a whole laptop while the battery discharges.

It is run again and again beside the work, one measurement a run, so that it ends by itself whoever owns it; each file is
one reading, stamped with the time at which it was written. The discharge rate in it is one reading of the battery at the end
of the measurement, no mean; the 'energy consumed' beside it multiplies the time by the rate of the measurement *before*,
so it is not used. On mains there is no rate. The 'system baseline' is powertop's own estimate and does not follow the
load: it is read only if the setting `baseline` asks for it, and is modelled. Most files have neither.

There are two dialects: `;` between columns up to 2.16-rc1, and `,` with quotes after.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from joulesweep.meters import _root, base, battery

_SECONDS = 5
_WARM_UP_S = 1.0  # powertop measures for a second before it begins
_ENDING_S = 10.0
# `7.10  W`, `640 m W` (the prefix comes apart from its unit), `7,10  W` in old versions that follow the locale.
_POWER = r"[^\n0-9]{0,6}?(?P<number>\d+(?:[.,]\d+)?)[ ]*(?P<prefix>[umk]?)[ ]*W\s*(?:[;\"]|$)"
_RATE = re.compile(r"^\s*\"?The battery reports a discharge rate of:" + _POWER, re.MULTILINE)
_BASELINE = re.compile(r"^\s*\"?The system baseline power is estimated at:" + _POWER, re.MULTILINE)
_PREFIXES = {"u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3}

SETTINGS = {
    "time_s": "seconds of one measurement, 5 unless set",
    "baseline": "true: without a discharging battery, take powertop's own estimate; it is modelled",
    "root": "folder of the power supplies, as for the meter battery",
    "command": "the program powertop, where it is not on the path",
}


@dataclass(frozen=True)
class Power:
    """Watts that a file reports, and whether they are a reading of the battery or powertop's estimate."""

    watts: float
    measured: bool


class Meter(base.Meter):
    """One reading a run of powertop."""

    reads_battery = True

    def available(self) -> base.Availability:
        """Usable on battery, where powertop may run as root."""
        supply = self._battery.available()
        if shutil.which(self._command) is None:
            return base.Availability(False, "there is no powertop here: sudo apt install powertop", supply.present)
        if not supply.usable and not self._estimates:
            return base.Availability(False, f"powertop would report no watts: {supply.reason}", supply.present)
        refused = _root.refusal([self._command, "--version"], self._command)
        if refused:
            return base.Availability(False, refused)
        return base.Availability(True, f"reads {'its own baseline' if self._estimates else 'the discharge rate'}")

    def describe(self) -> base.Description:
        """The battery smooths over some 30 s."""
        return base.Description(
            kind="modelled" if self._estimates else "measured",
            unit="W",
            rails=("baseline" if self._estimates else "battery",),
            scope="machine",
            covers="powertop's estimate of the machine's baseline, which does not follow the load"
            if self._estimates
            else "all that the machine draws from its battery, screen included",
            update_s=self._seconds + _WARM_UP_S,
            settle_s=30.0,
            window_s=5.0,
            has_timestamps=True,
        )

    def read(self) -> base.Reading:
        """What the newest file says; starts the next run when one has ended."""
        if self._process is None or self._process.poll() is not None:
            if self._process is not None:
                self._newest = self._reading()
            self._start()
        if isinstance(self._newest, Exception):
            raise self._newest
        return self._newest

    def close(self) -> None:
        """Wait for the run to end, which it does by itself, and remove its files."""
        if self._process is not None:
            if os.geteuid() == 0:
                self._process.terminate()
            self._process.wait(self._seconds + _ENDING_S)
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    _process: subprocess.Popen[bytes] | None = None
    _folder: tempfile.TemporaryDirectory[str] | None = None
    _newest: base.Reading | Exception = OSError("powertop has not finished its first measurement")

    @property
    def _battery(self) -> battery.Meter:
        return battery.Meter({key: value for key, value in self.settings.items() if key == "root"})

    @property
    def _estimates(self) -> bool:
        """Whether powertop's baseline is what is read."""
        return self.settings.get("baseline") is True

    @property
    def _command(self) -> str:
        return self.settings.get("command", "powertop")

    @property
    def _seconds(self) -> int:
        return int(self.settings.get("time_s", _SECONDS))

    @property
    def _file(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="joulesweep-powertop-")
        return Path(self._folder.name) / "powertop.csv"

    def _start(self) -> None:
        self._file.unlink(missing_ok=True)
        command = [self._command, f"--csv={self._file}", f"--time={self._seconds}"]
        self._process = subprocess.Popen(
            _root.as_root(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},
            cwd=self._file.parent,
        )

    def _reading(self) -> base.Reading | Exception:
        """What the run that has ended reported."""
        try:
            written_ns = self._file.stat().st_mtime_ns + time.monotonic_ns() - time.time_ns()
            found = power(self._file.read_text(errors="replace"))
            if found.measured == self._estimates:
                raise ValueError(
                    f"powertop reported {'a discharge rate' if found.measured else 'only its own baseline'}"
                )
            return base.Reading(written_ns, (found.watts,))
        except (OSError, ValueError) as error:
            return error


def power(text: str) -> Power:
    """What one CSV file reports of the machine's power: the discharge rate, else the baseline.

    Raises:
        ValueError: it reports no watts, as most files do.
    """
    for pattern, measured in ((_RATE, True), (_BASELINE, False)):
        match = pattern.search(text)
        if match:
            number = float(match["number"].replace(",", "."))
            if number > 0:
                return Power(number * _PREFIXES[match["prefix"]], measured)
    raise ValueError("no watts reported: powertop shows them only while a battery discharges")
