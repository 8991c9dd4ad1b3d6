"""Launches of latency: one with short rounds of passes, and one that goes on for minutes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from statistics import median
from typing import Any

import numpy as np

from joulesweep.launches.launch import DeviceState, Launch, read
from joulesweep.launches.packing import unpack


@dataclass(frozen=True)
class Round:
    """A round: how many passes it had, how many of them are used (the last ones), and mean seconds of a used pass."""

    passes: int
    used: int
    mean_s: float


@dataclass(frozen=True)
class Timing:
    """What the process of a launch timed.

    `samples` are seconds of each of the reference's `parts`, one sample before each round and one after the last.
    `core_s` are as many samples of the round trip between pairs of cores, in seconds; empty where it was not asked for.
    `pass_s` is every pass in seconds, packed; `lab_s` the lab sheet's passes, where this launch did them. `ran_on` says in words
    where the passes ran. `max_error` is the largest difference of an output from the model's own, as a share of the largest
    output, and `tolerance` what the precision allows; None where nothing was compared.
    """

    load_s: float
    first_s: float
    settled: bool
    peak_bytes: int
    peak_above_load_bytes: int
    lab_s: tuple[float, ...]
    parts: tuple[str, ...]
    samples: tuple[tuple[float, ...], ...]
    rounds: tuple[Round, ...]
    pass_s: str
    reference_share: float
    core_s: tuple[tuple[float, ...], ...] = ()
    ran_on: str = ""
    max_error: float | None = None
    tolerance: float | None = None

    @classmethod
    def from_line(cls, line: Mapping[str, Any]) -> "Timing":
        """What a process returned.

        Raises:
            ValueError: something is missing, of another type, or does not fit the rest.
        """
        return read(cls, line, "the launch")

    def __post_init__(self) -> None:
        times = [round_.mean_s for round_ in self.rounds] + [seconds for sample in self.samples for seconds in sample]
        if not self.rounds or not self.parts or min(times) <= 0:
            raise ValueError("a launch needs rounds and a reference, and each takes more than 0 s")
        if len(self.samples) != len(self.rounds) + 1 or {len(sample) for sample in self.samples} != {len(self.parts)}:
            raise ValueError("a launch needs one sample of the reference more than rounds, each of all parts")
        if self.core_s and len(self.core_s) != len(self.samples):
            raise ValueError("a launch needs as many samples of the cores' distance as of the reference, or none")
        if any(seconds <= 0 for sample in self.core_s for seconds in sample):
            raise ValueError("a round trip between two cores takes more than 0 s")
        if any(not 0 < round_.used <= round_.passes for round_ in self.rounds):
            raise ValueError("a round needs a used pass, and has no more of them than passes")

    @property
    def round_s(self) -> np.ndarray:
        """Mean seconds of a used pass in each round."""
        return np.array([round_.mean_s for round_ in self.rounds])

    @property
    def used_pass_s(self) -> np.ndarray:
        """Seconds of every used pass, in order."""
        seconds = unpack(self.pass_s).astype(float)
        ends = list(accumulate(round_.passes for round_ in self.rounds))
        if len(seconds) != ends[-1]:
            raise ValueError(f"the launch holds {len(seconds)} passes, its rounds {ends[-1]}")
        return np.concatenate([seconds[end - round_.used : end] for end, round_ in zip(ends, self.rounds, strict=True)])

    @cached_property
    def core_distance_s(self) -> float | None:
        """Seconds of a round trip between the two neighbouring cores that were farthest apart, median over the samples."""
        farthest = [max(sample) for sample in self.core_s if sample]
        return median(farthest) if farthest else None

    @property
    def reference_s(self) -> dict[str, float]:
        """Seconds of each part of the reference, the median of its samples."""
        return dict(zip(self.parts, map(median, zip(*self.samples, strict=True)), strict=True))


@dataclass(frozen=True)
class TimedLaunch(Launch):
    """What every launch of latency says of its surroundings.

    `started_s` is Unix time. `wait_s` is the time waited for the device to cool, `cool` whether it did. `others_share`
    is the share of all cores' time that other processes had while the launch ran.
    """

    started_s: float
    wall_s: float
    wait_s: float
    cool: bool
    before: DeviceState
    after: DeviceState
    others_share: float


@dataclass(frozen=True)
class LatencyLaunch(TimedLaunch):
    """One launch of a point; `timing` is there where the status is ok.

    `order` is its place in the interleaved order. `reference` names the device's reference that was sampled.
    `first_stage` (launches) and `target` (relative half width of the interval) are the settings of the job.
    """

    order: int
    reference: str
    first_stage: int
    target: float
    timing: Timing | None

    def __post_init__(self) -> None:
        if self.ok and self.timing is None:
            raise ValueError("a launch that ended ok needs a timing")

    @cached_property
    def seconds(self) -> float:
        """The figure of the launch: its median round on logarithms, in seconds per pass."""
        assert self.timing is not None
        return math.exp(median(math.log(round_.mean_s) for round_ in self.timing.rounds))


@dataclass(frozen=True)
class SustainedLaunch(TimedLaunch):
    """One launch that did passes for `sustain_s` seconds without rest; the two speeds are None unless it ended ok.

    `blocks` holds for each second: its end since the start, seconds per pass, clock in Hz and temperature in °C.
    """

    sustain_s: float
    burst_s: float | None
    sustained_s: float | None
    blocks: tuple[tuple[float | None, ...], ...]


def sustained_key(key: Mapping[str, Any], sustain_s: float) -> dict[str, Any]:
    """The journal's key of the sustained launches at the point that `key` names."""
    return {**key, "sustain_s": float(sustain_s)}
