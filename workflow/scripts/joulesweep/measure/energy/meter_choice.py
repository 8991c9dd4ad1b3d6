"""Which meter energy is read from, and why. Imports nothing heavy: it runs in `probe`."""

from collections.abc import Mapping
from typing import Any

from joulesweep import plugins
from joulesweep.measure.energy import meter_probe
from joulesweep.meters import base

_SLOW_S = 2.0  # a meter that updates more rarely is read at few points unless the user asks for more
_LAUNCH_S = 15.0  # of a meter that cannot be asked now, for the plan


def choose(wanted: str, settings: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The meter for `wanted` (a name, `auto` or `none`): `name`, `reason`, `settings`, whether `usable`; `slow`; `launch_s`.

    `auto` takes a measured meter before a modelled one and a wider before a narrower one; where nothing works the name
    is `none` and the reason says what to do. The reason for a meter that works names no other: a meter that is added and
    not taken makes nothing stale. A named meter is taken at its word, usable or not.
    """
    if wanted == "none":
        return _choice("none", "the configuration says 'meter: none'; say 'meter: auto' to measure energy")
    if wanted != "auto":
        answer = meter_probe.probe(wanted, settings.get(wanted, {}))
        return _choice(wanted, answer["reason"], answer, settings)
    answers = {name: meter_probe.probe(name, settings.get(name, {})) for name in names()}
    usable = sorted((_rank(answer["description"]), name) for name, answer in answers.items() if answer["usable"])
    if not usable:
        return _choice("none", f"no meter works here (`make doctor` lists each); {_cures(answers)}".rstrip("; "))
    (modelled, _), name = usable[0]
    reason = answers[name]["reason"]
    if modelled:
        reason += "; no meter works here (`make doctor` says why), so this is no measurement"
    else:
        reason += f"; measured, and of what works here it covers most: {answers[name]['description']['covers']}"
    return _choice(name, reason, answers[name], settings)


def names() -> list[str]:
    """Every meter and every kind of power log, in alphabetical order."""
    return sorted([*plugins.names("meters"), *plugins.names("power_logs")])


def _rank(description: Mapping[str, Any]) -> tuple[bool, int]:
    return description["kind"] != "measured", base.SCOPES.index(description["scope"])


def _cures(answers: Mapping[str, Mapping[str, Any]]) -> str:
    """What would make meters work whose hardware is here; the others are not named, so that they make nothing stale."""
    return "; ".join(f"{name}: {answer['reason']}" for name, answer in answers.items() if answer["present"])


def _choice(
    name: str, reason: str, answer: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    description = (answer or {}).get("description")
    return {
        "name": name,
        "reason": reason,
        "usable": description is not None,
        "settings": dict((settings or {}).get(name, {})),
        "slow": description is not None and description["update_s"] > _SLOW_S,
        "launch_s": _launch_s(description) if description else 0.0 if name == "none" else _LAUNCH_S,
    }


def _launch_s(description: Mapping[str, Any]) -> float:
    """About how long a launch is: two windows of ten readings or more, with what lies before and after each."""
    update_s = description["update_s"]
    return 1.0 + 2 * (description["settle_s"] + max(description["window_s"], 11 * update_s) + 3 * update_s)
