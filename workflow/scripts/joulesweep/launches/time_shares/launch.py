"""Launches that tell where the time of a pass goes: the time of each part of the model, beside that of the whole pass."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joulesweep.launches.launch import Launch, read


@dataclass(frozen=True)
class Part:
    """A part of a pass: a module, or an operator of the runtime.

    `type` is its class or operator, `kind` what it does (`operator_kinds`). `calls` and `seconds` are those of one pass, means over the
    profiled passes. The time of parts inside it is left out, so all parts of a pass add up to no more than the pass.
    """

    name: str
    type: str
    kind: str
    calls: float
    seconds: float


@dataclass(frozen=True)
class Profile:
    """What the process of a launch found.

    `pass_s` is the mean pass while it is profiled, `plain_s` the mean pass of the same process before, in seconds.
    """

    passes: int
    pass_s: float
    plain_s: float
    parts: tuple[Part, ...]

    @classmethod
    def from_line(cls, line: Mapping[str, Any]) -> "Profile":
        """What a process returned.

        Raises:
            ValueError: something is missing or of another type.
        """
        return read(cls, line, "the launch")

    def __post_init__(self) -> None:
        if min(self.pass_s, self.plain_s, sum(part.seconds for part in self.parts)) <= 0:
            raise ValueError("a profile needs parts that take more than 0 s, and so does a pass")


@dataclass(frozen=True)
class TimeShareLaunch(Launch):
    """One launch of a variant; `profile` is there where it ended ok."""

    profile: Profile | None
