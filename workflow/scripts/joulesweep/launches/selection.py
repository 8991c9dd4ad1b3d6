"""Which launches of a point count: those that went well while nobody else worked, as long as there are enough of them.

A launch during which others had a tenth of the cores' time is busy. It is kept, and made again (`busy_retries` times a point at
most); the rule looks at who had the cores and never at how long a pass took. A machine that is always busy is measured
all the same, and its rows say so.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

BUSY = 0.1  # of all cores' time, had by other processes or by other machines on the same processor


def others_share(before: Mapping[str, Any], after: Mapping[str, Any], own_s: float, wall_s: float) -> float:
    """The share of all cores' time that others than the measuring process had between two states of the device."""
    return max(0.0, (after["busy_s"] - before["busy_s"] - own_s) / (wall_s * (os.cpu_count() or 1)))


def succeeded(lines: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Launches that ended ok."""
    return [line for line in lines if line["status"] == "ok"]


def undisturbed(lines: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of them during which the machine was not busy."""
    return [line for line in succeeded(lines) if line["others_share"] <= BUSY]


def used(lines: Sequence[Mapping[str, Any]], first_stage: int) -> list[Mapping[str, Any]]:
    """The launches that a point's figures are made from: the calm ones, or all that went well where these are too few."""
    quiet = undisturbed(lines)
    return quiet if len(quiet) >= first_stage else succeeded(lines)
