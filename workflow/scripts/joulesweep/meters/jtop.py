"""jtop: the service of jetson-stats, which reads a Jetson's sensors once for all its clients.

Its `power` is the reading of the moment; its `avg` is no mean but half the old value and half the new one, and is not
used. Its own total adds rails that overlap on some boards, so the total is made here, from its rails. A client and its
service must be of one version; where the measuring interpreter has another, the setting `python` names one that fits.
"""

import importlib
import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from joulesweep.meters import _jetson, base

_INTERVAL_S = 0.5
_MOST_MW = 1e9  # more is garbage, and so is NaN, which is not less than it
_SILENT_S = 5.0  # without news, and five intervals more, after which the service counts as stuck

# Version 4.0 and older take the input rail out of their rails and show it without a name, as the total: by the others
# that are there, one knows which it was. They look for the first name with IN in it, which on AGX Orin is a part.
_TAKEN_OUT = (
    ({"GPU_SOC", "CPU_CV"}, "VIN_SYS_5V0"),
    ({"CPU_GPU_CV", "SOC"}, "VDD_IN"),
    ({"5V_GPU", "5V_CPU"}, "POM_5V_IN"),
    ({"CPU", "GPU", "SOC", "WIFI", "DDR"}, "VDD_IN"),
)

SETTINGS = {
    "interval_s": "time between two readings, 0.5 s unless set",
    "rails": "names of rails to add, for a board that is not known here",
}


class Meter(base.Meter):
    """A client of the service; a reading is stamped when the service sent it."""

    isolated = True

    def available(self) -> base.Availability:
        """Usable where the service answers and shows the rails of a known board."""
        try:
            self._start()
            return base.Availability(True, f"reads {' + '.join(self._choice.rails)}")
        except ImportError:
            return base.Availability(
                False,
                "the module jtop is missing under this interpreter: sudo pip3 install -U jetson-stats, then "
                "sudo systemctl restart jtop.service",
                _jetson.is_jetson(),
            )
        except (OSError, ValueError) as error:
            return base.Availability(False, str(error), _jetson.is_jetson() or not isinstance(error, _NoService))

    def describe(self) -> base.Description:
        """What the service reads; momentary power of the sensors at each of its ticks."""
        self._start()
        return base.Description(
            kind="measured",
            unit="W",
            rails=self._choice.rails,
            scope=self._choice.scope,
            covers=self._choice.covers,
            update_s=self._interval_s,
            settle_s=self._interval_s,
            window_s=5.0,
            has_timestamps=True,
        )

    def read(self) -> base.Reading:
        """What the service sent last."""
        self._start()
        if not self._client.is_alive():
            raise OSError("the jtop service went away; sudo systemctl restart jtop.service")
        time_ns, power = self._news
        silent_s = (time.monotonic_ns() - time_ns) * 1e-9
        if silent_s > _SILENT_S + 5 * self._interval_s:
            raise OSError(
                f"the jtop service has said nothing new for {silent_s:.0f} s; sudo systemctl restart jtop.service"
            )
        return base.Reading(time_ns, _jetson.watts(self._choice.rails, milliwatts(power)))

    def close(self) -> None:
        """Leave the service."""
        if self._client is not None:
            self._client.close()

    _client: Any = None
    _news: tuple[int, Any]
    _uptime: Any = None

    def _start(self) -> None:
        """Connect, once.

        Raises:
            ImportError: jetson-stats is not installed.
            OSError: the service does not answer, or is of another version; the text says what to do.
        """
        if self._client is not None:
            return
        library = importlib.import_module("jtop")
        client = library.jtop(interval=self._interval_s)
        client.attach(self._take)
        try:
            client.start()
        except library.JtopException as error:
            raise _cure(str(error)) from error
        except Exception as error:  # its sockets and queues raise whatever they raise
            raise OSError(f"the jtop service does not answer ({type(error).__name__}: {error})") from error
        self._client = client

    def _take(self, client: Any) -> None:
        """Keep what is new; a client that waited in vain shows the old again, which its service's uptime betrays."""
        uptime = getattr(client, "uptime", None)
        if uptime is None or uptime != self._uptime:
            self._uptime = uptime
            self._news = time.monotonic_ns(), client.power

    @property
    def _interval_s(self) -> float:
        return float(self.settings.get("interval_s", _INTERVAL_S))

    @cached_property
    def _choice(self) -> _jetson.Choice:
        return _jetson.choose(milliwatts(self._news[1]), self.settings.get("rails"))


class _NoService(OSError):
    """No jtop service runs on this machine."""


def _cure(message: str) -> OSError:
    said = " ".join(message.split())
    if "Mismatch" in said:
        return OSError(
            f"{said.partition(' Please')[0]}; name the interpreter that has the service's version in config.yaml: "
            "'meters: {jtop: {python: /usr/bin/python3}}'"
        )
    if "access" in said:
        return OSError("this user may not ask the jtop service: sudo usermod -aG jtop $USER, then log in again")
    if "not active" in said:
        return _NoService(
            "no jtop service runs here: sudo systemctl start jtop.service, or sudo pip3 install -U jetson-stats"
        )
    return OSError(f"the jtop service does not answer ({said})")


def milliwatts(power: Any) -> dict[str, float]:
    """Momentary power by rail from what `jtop.power` holds, in every version's shape.

    From 4.2 on it is `{"rail": {NAME: {"power": mW, …}}, "tot": {"power": mW, "name": NAME, …}}`, the named total being a
    rail that was taken out of the others; before, `(total, {NAME: {"cur": mW, …}})`.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(power, Mapping) and isinstance(power.get("rail"), Mapping):
        found = _numbers(power["rail"], "power")
        total = power.get("tot")
        if isinstance(total, Mapping) and isinstance(total.get("name"), str):
            found |= _numbers({total["name"]: total}, "power")
        return found
    if isinstance(power, tuple | list) and len(power) == 2 and isinstance(power[1], Mapping):
        found = _numbers(power[1], "cur")
        names = {_jetson.short(name) for name in found}
        taken = next((taken for others, taken in _TAKEN_OUT if names >= others), None)
        return found | (_numbers({taken: power[0]}, "cur") if taken else {})
    raise ValueError("jtop shows no power in any shape that is known here; please report its version")


def _numbers(rails: Mapping[Any, Any], key: str) -> dict[str, float]:
    """The rails that hold a number of milliwatts under this key."""
    found = {name: rail[key] for name, rail in rails.items() if isinstance(rail, Mapping) and key in rail}
    return {
        str(name): float(value)
        for name, value in found.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MOST_MW
    }
