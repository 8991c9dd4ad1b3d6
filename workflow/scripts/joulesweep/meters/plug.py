"""A smart plug on the local network: a Shelly of the second generation or newer, or a plug that runs Tasmota.

It measures at the wall: all that the device draws, and what its power supply loses. It is asked only where the configuration
names its address. Nothing is ever switched or set.

Power is read, not the energy counter. A Shelly's `apower` has steps of 0.1 W and was seen to change every 1 to 3 s
(ioBroker.shelly issue 630, ha-shellies-discovery-gen2 pull request 526). Tasmota computes `Power` from pulses of the metering
chip: a pulse comes every 0.3 s (BL0937) to 2.5 s (HLW8012) at 5 W, and after 10 s without any it shows 0 W. Neither says when
a figure is new, so one that stays the same counts as new after two intervals only. The power of a steady load is uncertain by
half a step, 1 % of 5 W, and the interval of a row does not include that.

A Shelly's counter moves in steps of 1 mWh = 3.6 J; no documentation says how often. Over a window it errs by about
3.6 J / √6 = 1.5 J, and the rounded power by 0.03 W × the window: the counter resolves better only in windows longer than
about 50 s. So it is read only on demand (`counter: true`), and then windows last a minute. Tasmota's counter has steps of 36 J
to 3.6 kJ and is never read.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from joulesweep.meters import _plug_answers as answers
from joulesweep.meters import base
from joulesweep.meters._http import Client, NoAnswer, Refusal, parsed

_UPDATE_S = 2.0
_SETTLING_UPDATES = 5  # 10 s, after which Tasmota forgets a pulse
_WINDOW_UPDATES = 20  # about every second figure of a steady load equals the one before it, and is no new reading
_COUNTER_WINDOW_UPDATES = 30
_TRIES = 3  # a weak wireless network loses a question now and then
_USER = "admin"  # a Shelly's only user, and Tasmota's
_TASMOTA = "cmnd=Status%2010"

SETTINGS = {
    "address": "host name or IP address of the plug, as in 192.168.1.50 or plug.local:80; without it, no network is used",
    "channel": "number of the outlet, from 0, where the plug has several",
    "password_file": "file with the plug's password, where it has one; a path relative to the folder of the workflow",
    "counter": "true: read a Shelly's energy counter instead of its power, in windows of a minute and longer",
    "update_s": "time between two new figures, 2 s unless set",
}


@dataclass(frozen=True)
class _Kind:
    """What answers at the address: the question to ask, and what its answer means in watts and joules."""

    words: str
    path: str
    watts: Callable[[Any], float]
    joules: Callable[[Any], float]


class Meter(base.Meter):
    """One outlet of one plug, asked for every reading."""

    def available(self) -> base.Availability:
        """Usable where the plug answers and shows that something draws power."""
        if "address" not in self.settings:
            return base.Availability(
                False,
                "a Shelly or Tasmota plug is asked where config.yaml names it: 'meters: {plug: {address: 192.168.1.50}}'",
                present=False,
            )
        reason = ""
        for _ in range(_TRIES):
            try:
                with self._named():
                    answer = self._client.json(self._kind.path)
                    self._kind.watts(answer)  # a counter does not tell whether there is a load
                    self._value(answer)
                    return base.Availability(True, f"reads {self._kind.words} at {self.settings['address']}")
            except NoAnswer as error:
                reason = str(error)
            except (OSError, ValueError) as error:
                return base.Availability(False, str(error))
        return base.Availability(False, reason)

    def describe(self) -> base.Description:
        """Asks nothing, so that a lost question costs a reading and not the launch."""
        updates = _COUNTER_WINDOW_UPDATES if self._counts else _WINDOW_UPDATES
        return base.Description(
            kind="measured",
            unit="J" if self._counts else "W",
            rails=("wall plug",),
            scope="supply",
            covers="all that is plugged into the wall plug, with the loss of its power supply",
            update_s=self._update_s,
            settle_s=_SETTLING_UPDATES * self._update_s,
            window_s=updates * self._update_s,
            wrap_J=(math.inf,) if self._counts else (),
        )

    def read(self) -> base.Reading:
        """Watts, or joules since the counter's start, stamped in the middle between question and answer."""
        with self._named():
            path = self._kind.path
            before = time.monotonic_ns()
            answer = self._client.json(path)
            return base.Reading((before + time.monotonic_ns()) // 2, (self._value(answer),))

    @property
    def _counts(self) -> bool:
        counter = self.settings.get("counter", False)
        if not isinstance(counter, bool):
            raise ValueError(f"counter: {counter!r} is neither true nor false")
        return counter

    @property
    def _update_s(self) -> float:
        seconds = self.settings.get("update_s", _UPDATE_S)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
            raise ValueError(f"update_s: {seconds!r} is no time in seconds")
        return float(seconds)

    @property
    def _channel(self) -> int:
        channel = self.settings.get("channel", 0)
        if isinstance(channel, bool) or not isinstance(channel, int) or channel < 0:
            raise ValueError(f"channel: {channel!r} is no whole number from 0")
        return channel

    @cached_property
    def _password(self) -> str:
        """The plug's password; empty where it has none. It is in a file, since results keep every setting."""
        if "password_file" not in self.settings:
            return ""
        file = Path(str(self.settings["password_file"]))
        try:
            password = file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ValueError(f"password_file: {file}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ValueError(f"password_file: {file} is no text in UTF-8") from None
        if not password:
            raise ValueError(f"password_file: {file} is empty; write the plug's password into it")
        return password

    @cached_property
    def _client(self) -> Client:
        """Waits for an answer as long as an update: what comes later could not be placed in time."""
        address = self.settings["address"]
        if not isinstance(address, str):
            raise ValueError(f"{address!r} is no address; write it as in 192.168.1.50 or plug.local:80")
        return Client(address, max(1.0, self._update_s), _USER, self._password)

    @cached_property
    def _kind(self) -> _Kind:
        """What answers there, found by asking."""
        try:
            about = self._client.json("/rpc/Shelly.GetDeviceInfo")  # needs no password
        except (Refusal, ValueError):
            about = None
        return self._shelly() if isinstance(about, dict) and "gen" in about else self._tasmota()

    def _shelly(self) -> _Kind:
        status = answers.member({"status": self._client.json("/rpc/Shelly.GetStatus")}, "status")
        metered = [name for name, part in status.items() if isinstance(part, dict) and "apower" in part]
        for prefix, method in (("switch", "Switch"), ("pm1", "PM1")):
            name = f"{prefix}:{self._channel}"
            if name in metered:
                path = f"/rpc/{method}.GetStatus?id={self._channel}"
                return _Kind(f"{name} of the Shelly", path, answers.shelly_watts, answers.shelly_joules)
        shown = ", ".join(metered) or "no channel"
        raise ValueError(f"this Shelly shows no power of a plug on channel {self._channel}; it does on {shown}")

    def _tasmota(self) -> _Kind:
        """Its password is part of the question, so it is sent only where Tasmota has asked for it.

        A status of 401 is not enough: a router has it too, and must not get the password.
        """
        path = f"/cm?{_TASMOTA}"
        try:
            try:
                answer = self._client.json(path)
            except Refusal as error:
                answer = parsed(error.body)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or not {"StatusSNS", "WARNING"} & answer.keys():
            raise ValueError(
                "neither a Shelly of the second generation or newer nor Tasmota answers there; check the address"
            )
        if "WARNING" in answer and self._password:
            path = f"/cm?user={_USER}&password={quote(self._password, safe='')}&{_TASMOTA}"
        channel = self._channel
        return _Kind("Tasmota", path, lambda answer: answers.tasmota_watts(answer, channel), answers.tasmota_joules)

    def _value(self, answer: Any) -> float:
        return self._kind.joules(answer) if self._counts else self._kind.watts(answer)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Say of what goes wrong inside at which plug it did, and what to do."""
        address = str(self.settings["address"])
        where = "address" if not address or "@" in address else address  # where somebody wrote a login into it
        try:
            yield
        except NoAnswer as error:
            raise NoAnswer(
                f"{where}: {error}; check that the plug is in this network and supplied with power"
            ) from None
        except Refusal as error:
            raise OSError(f"{where}: {self._password_cure if error.status == 401 else error}") from None
        except answers.PasswordError:
            raise ValueError(f"{where}: {self._password_cure}") from None
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None

    @property
    def _password_cure(self) -> str:
        if self._password:
            return f"the plug refuses the password in {self.settings['password_file']}"
        return "the plug asks for a password: write it into a file, and the file's name as password_file"
