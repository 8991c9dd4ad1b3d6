"""Raspberry Pi 5: the power chip's own measurement of its rails, as `vcgencmd pmic_read_adc` prints it.

Power is the sum over rails of volts times amperes. It leaves out all that the 5 V input feeds directly (USB ports, HATs,
NVMe, fan) and the chip's own loss. The setting `calibrated` applies the public fit of one board against a USB-C meter
(jfikar/RPi5-power, README): input power = 1.1451 x sum + 0.5879 W. Older boards have no current sensors.
"""

import re
import subprocess
import time

from joulesweep.meters import base

_FACTOR, _OFFSET_W = 1.1451, 0.5879
_PATIENCE_S = 5.0
_LINE = re.compile(r"^\s*(?P<name>\w+?)_(?P<kind>[AV])\s+(?:current|volt)\(\d+\)=(?P<value>\d+\.\d+)(?P=kind)\s*$")

SETTINGS = {
    "command": "the program vcgencmd, where it is not on the path",
    "calibrated": "true: apply a public fit that estimates the power at the USB-C plug",
}


class Meter(base.Meter):
    """The sum of all rails that have both a voltage and a current."""

    def available(self) -> base.Availability:
        """Usable on a Raspberry Pi 5 and later."""
        try:
            rails = watts(self._ask())
        except FileNotFoundError:
            return base.Availability(False, "there is no vcgencmd here: only a Raspberry Pi has it", present=False)
        except (OSError, ValueError) as error:
            return base.Availability(
                False,
                f"vcgencmd pmic_read_adc: {error}; a Raspberry Pi 5 answers it (sudo usermod -aG video $USER, then log in "
                "again), older ones have no current sensors",
            )
        return base.Availability(True, f"reads {len(rails)} rails of the power chip")

    def describe(self) -> base.Description:
        """Momentary values; one question takes some ms of a core, so it is asked ten times a second."""
        fit = f"; x {_FACTOR} + {_OFFSET_W} W, a fit on one board (jfikar)" if self._calibrated else ""
        return base.Description(
            kind="measured",
            unit="W",
            rails=("PMIC rails",),
            scope="module",
            covers=f"sum of the power chip's rails; without USB ports, HATs, NVMe, fan and conversion loss{fit}",
            update_s=0.3,
            settle_s=0.3,
            window_s=5.0,
        )

    def read(self) -> base.Reading:
        """The sum of the rails now."""
        before = time.monotonic_ns()
        rails = watts(self._ask())
        time_ns = (before + time.monotonic_ns()) // 2
        total = sum(rails.values())
        return base.Reading(time_ns, (_FACTOR * total + _OFFSET_W if self._calibrated else total,))

    @property
    def _calibrated(self) -> bool:
        return self.settings.get("calibrated") is True

    def _ask(self) -> str:
        command = [self.settings.get("command", "vcgencmd"), "pmic_read_adc"]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise OSError(f"no answer within {_PATIENCE_S:g} s") from error
        return answer.stdout


def watts(text: str) -> dict[str, float]:
    """Power by rail in watts from what the command printed.

    EXT5V and BATT have a voltage alone and are left out.

    Raises:
        ValueError: there is no rail, or one has a current without a voltage: then the output is torn.
    """
    found: dict[str, dict[str, float]] = {"A": {}, "V": {}}
    for line in text.splitlines():
        match = _LINE.match(line)
        if match:
            found[match["kind"]][match["name"]] = float(match["value"])
    if not found["A"]:
        raise ValueError("it shows no current of any rail")
    torn = sorted(found["A"].keys() - found["V"].keys())
    if torn:
        raise ValueError(f"it shows no voltage of {', '.join(torn)}")
    return {name: amperes * found["V"][name] for name, amperes in found["A"].items()}
