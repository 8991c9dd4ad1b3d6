"""From the launches of one variant to its rows in the table of time shares: one per kind of work, and one per part."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, median
from typing import Any

from joulesweep.launches.selection import commonest_failure
from joulesweep.launches.time_shares.launch import Part, TimeShareLaunch

ALL = "(all)"  # the parts of a kind together
NO_PROFILER = "nothing can time the parts of a pass in this runtime"  # the message of its row, which is no failure


def rows(identity: Mapping[str, Any], splits_by: str, launches: Sequence[TimeShareLaunch]) -> list[dict[str, Any]]:
    """The rows of a variant, the largest share first, each kind before its parts; one row with the reason where no launch ended ok."""
    last = {"measured_at": launches[-1].measured_at} if launches else {}
    profiles = [launch.profile for launch in launches if launch.ok and launch.profile]
    if not profiles:
        status, message = commonest_failure(launches) or ("error", "no launch was made")
        return [{**identity, **last, "status": status, "message": message}]
    ok = {
        **identity,
        **last,
        "status": "ok",
        "message": "",
        "splits_by": splits_by,
        "launches": len(profiles),
        "slowdown": median(profile.pass_s / profile.plain_s for profile in profiles),
    }
    kinds = _sorted([_by(profile.parts, lambda part: part.kind) for profile in profiles])
    parts = _sorted([_by(profile.parts, lambda part: (part.kind, part.name)) for profile in profiles])
    types = {part.name: part.type for profile in profiles for part in profile.parts}
    made = []
    for kind, shares in kinds.items():
        made.append({**ok, "kind": kind, "part": ALL, **shares})
        made += [
            {**ok, "kind": kind, "part": name, "type": types[name], **of_part}
            for (of_kind, name), of_part in parts.items()
            if of_kind == kind
        ]
    return made


def _by(parts: Iterable[Part], key: Any) -> dict[Any, tuple[float, float, float]]:
    """Seconds, share of all parts, and calls of the parts with the same key, in one launch."""
    whole = sum(part.seconds for part in parts)
    sums: dict[Any, tuple[float, float, float]] = {}
    for part in parts:
        seconds, share, calls = sums.get(key(part), (0.0, 0.0, 0.0))
        sums[key(part)] = (seconds + part.seconds, share + part.seconds / whole, calls + part.calls)
    return sums


def _sorted(launches: Sequence[Mapping[Any, tuple[float, float, float]]]) -> dict[Any, dict[str, float]]:
    """The columns of each key over the launches, the largest share first; what a launch lacks has a share of 0 there."""
    columns = {}
    for key in {key for launch in launches for key in launch}:
        seconds, shares, calls = zip(*(launch.get(key, (0.0, 0.0, 0.0)) for launch in launches), strict=True)
        share = fmean(shares)
        columns[key] = {
            "own_s": fmean(seconds),
            "calls": fmean(calls),
            "time_share": share,
            "time_low_share": min(share, *shares),
            "time_high_share": max(share, *shares),
        }
    return dict(sorted(columns.items(), key=lambda item: (-item[1]["time_share"], str(item[0]))))
