"""Which meter energy is read from, and why. Imports nothing heavy: it runs in `probe`."""

from collections.abc import Mapping
from typing import Any

from joulesweep import plugins
from joulesweep.meters import base


def meter(name: str, settings: Mapping[str, Any], pid: int | None = None) -> base.Meter:
    """One meter by name, under its settings."""
    return plugins.load("meters", name).Meter(settings, pid)


def availability(name: str, settings: Mapping[str, Any]) -> base.Availability:
    """What a meter says of itself; a library it lacks is a reason as any other."""
    try:
        return meter(name, settings).available()
    except ImportError as error:
        return base.Availability(False, f"{error}; install that module under the measuring interpreter")


def choose(wanted: str, settings: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The meter for `wanted` (a name, `auto` or `none`) as `{"name", "reason", "settings"}`.

    `auto` takes a measured meter before a modelled one and a wider before a narrower one; where nothing works the name
    is `none` and the reason says what to do. A named meter is taken at its word, usable or not.
    """
    if wanted == "none":
        return _choice("none", "the configuration says 'meter: none'; say 'meter: auto' to measure energy", {})
    if wanted != "auto":
        return _choice(wanted, availability(wanted, settings.get(wanted, {})).reason, settings.get(wanted, {}))
    usable = []
    for name in plugins.names("meters"):
        own = settings.get(name, {})
        answer = availability(name, own)
        if answer.usable:
            description = meter(name, own).describe()
            rank = (description.kind != "measured", base.SCOPES.index(description.scope), name)
            usable.append((rank, name, answer.reason, description.kind))
    if not usable:
        return _choice("none", "no meter works here; `make doctor` tells what each of them lacks", {})
    _, name, reason, kind = min(usable)
    if kind == "modelled":
        reason = f"{reason}; no meter works here (`make doctor` tells why), so this is no measurement"
    return _choice(name, reason, settings.get(name, {}))


def _choice(name: str, reason: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "reason": reason, "settings": dict(settings)}
