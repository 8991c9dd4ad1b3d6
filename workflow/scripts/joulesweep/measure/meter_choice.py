"""Which meter energy is read from, and why. Imports nothing heavy: it runs in `probe`."""

from collections.abc import Mapping
from typing import Any

from joulesweep import plugins
from joulesweep.measure import meter_look
from joulesweep.meters import base

_SLOW_S = 2.0  # a meter that updates more rarely is read at few points unless the user asks for more


def choose(wanted: str, settings: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The meter for `wanted` (a name, `auto` or `none`) as `{"name", "reason", "settings", "slow"}`.

    `auto` takes a measured meter before a modelled one and a wider before a narrower one; where nothing works the name
    is `none` and the reason says what to do. A named meter is taken at its word, usable or not.
    """
    if wanted == "none":
        return _choice("none", "the configuration says 'meter: none'; say 'meter: auto' to measure energy")
    if wanted != "auto":
        own = settings.get(wanted, {})
        return _choice(wanted, *_reason_and_slow(meter_look.look(wanted, own)), settings=own)
    looks = {name: meter_look.look(name, settings.get(name, {})) for name in plugins.names("meters")}
    usable = sorted((_rank(found["description"]), name) for name, found in looks.items() if found["usable"])
    refused = [
        f"{name}: {found['reason']}" for name, found in looks.items() if not found["usable"] and found["present"]
    ]
    absent = [name for name, found in looks.items() if not found["usable"] and not found["present"]]
    others = [*refused, *([f"not on this machine: {', '.join(absent)}"] if absent else [])]
    if not usable:
        return _choice("none", f"no meter works here; {'; '.join(others)}")
    _, name = usable[0]
    reason, slow = _reason_and_slow(looks[name])
    description = looks[name]["description"]
    if description["kind"] == "modelled":
        reason = f"{reason}, as nothing here can be measured ({'; '.join(others)})"
    else:
        reason = f"{reason}; measured, and of what works here it covers most: {description['covers']}"
        passed = [
            f"{other} ({looks[other]['description']['kind']}, {looks[other]['description']['scope']})"
            for _, other in usable[1:]
        ]
        reason += f"; passed over: {', '.join(passed)}" if passed else ""
    return _choice(name, reason, slow, settings.get(name, {}))


def _rank(description: Mapping[str, Any]) -> tuple[bool, int]:
    return description["kind"] != "measured", base.SCOPES.index(description["scope"])


def _reason_and_slow(found: Mapping[str, Any]) -> tuple[str, bool]:
    return found["reason"], found["usable"] and found["description"]["update_s"] > _SLOW_S


def _choice(name: str, reason: str, slow: bool = False, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"name": name, "reason": reason, "slow": slow, "settings": dict(settings or {})}
