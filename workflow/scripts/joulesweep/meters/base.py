"""What every meter offers.

A meter reads either instantaneous power in watts or counters in joules, one value per rail. Its rails never overlap, so
that their sum is what the meter covers; choosing them so is the meter's own business.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

# What a meter covers, widest first; `auto` prefers the wider.
SCOPES = ("supply", "machine", "module", "processor", "accelerator", "process")


@dataclass(frozen=True)
class Availability:
    """Whether a meter can be read here; `reason` tells what it reads, or why not and what to do about it.

    `present` is false where this machine has no such hardware at all, so that nothing can be done about it.
    """

    usable: bool
    reason: str
    present: bool = True


@dataclass(frozen=True)
class Description:
    """What the readings of a usable meter mean.

    `wrap_J` has one entry a rail: the counter's range, after which it starts again at 0; infinite where it never does;
    empty where the meter reads watts. `update_s` is the expected time between two updates, `settle_s` how long the
    meter takes to forget what was before (its averaging or settling time), `window_s` the shortest fair window.
    `has_timestamps` says that a reading carries the time of the meter's own update, and that one seen again has the same time:
    equal values at different times are then different readings.
    """

    kind: str  # measured or modelled
    unit: str  # W or J
    rails: tuple[str, ...]
    scope: str  # one of SCOPES
    covers: str
    update_s: float
    settle_s: float
    window_s: float
    wrap_J: tuple[float, ...] = ()
    has_timestamps: bool = False


@dataclass(frozen=True)
class Reading:
    """One reading of a meter: a value per rail, in the meter's unit, and when, in ns of `time.monotonic_ns`."""

    time_ns: int
    values: tuple[float, ...]


class Meter(ABC):
    """One meter under the user's settings; `pid` is the measured process, for meters that follow one.

    `isolated` says that it rests on a foreign library and is asked in a process of its own, since such a library may hang or
    crash; `reads_battery` that it reads what a battery gives, so that the machine must not be plugged in. A meter's file
    has a literal `SETTINGS`: what the user may set, and what that means; every meter also takes `python`, an interpreter
    of its own.
    """

    isolated: ClassVar[bool] = False
    reads_battery: ClassVar[bool] = False

    def __init__(self, settings: Mapping[str, Any], pid: int | None = None) -> None:
        self.settings = settings
        self.pid = pid

    @abstractmethod
    def available(self) -> Availability:
        """Whether this meter can be read here and now; never raises."""

    @abstractmethod
    def describe(self) -> Description:
        """What a usable meter's readings mean."""

    @abstractmethod
    def read(self) -> Reading:
        """One reading.

        Raises:
            OSError, ValueError: nothing could be read this time; such a reading is missing, never 0 W.
        """

    def close(self) -> None:  # noqa: B027 - most meters hold nothing
        """Let go of what reading opened: a client, a program."""
