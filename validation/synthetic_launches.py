"""The launches of devices that nobody measured, as the project's own classes hold them; `synthetic_project.py` writes them.

A launch of latency is the point's time at the device's speed of that moment, with noise of 1.5 % between launches and 1 %
between passes. The speed wanders by some percent, in minutes and in hours, and the reference shows it. A pass shares three quarters of
it. Where the cores move, they are far from each other for a third of the time, and passes take 1.3 times as long then.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
from joulesweep import operator_kinds
from joulesweep.launches.energy_launch import EnergyFigures, EnergyLaunch
from joulesweep.launches.latency_launch import LatencyLaunch, Round, Timing
from joulesweep.launches.launch import DeviceState
from joulesweep.launches.packing import pack
from joulesweep.launches.reference_baseline import MIXTURE
from joulesweep.launches.time_shares.launch import Part, Profile, TimeShareLaunch
from joulesweep.measure.points import Point

# In the order in which they are used, each with its time over that of eager.
RUNTIMES = {
    "eager": 1.0,
    "onnxruntime": 0.52,
    "onnxruntime-int8": 0.31,
    "onnxruntime-int8-dynamic": 0.45,
    "onnxruntime-fp16": 0.8,
    "eager-bf16": 1.3,
    "eager-channels-last": 0.9,
    "torchscript": 0.95,
    "openvino": 0.4,
}
NATIVE = 8  # the size of the images at the base point
REFERENCE_S = (0.00022, 0.00014, 0.00021, 0.00023, 0.00021)  # of its parts, at the typical speed
WINDOWS = 3  # of energy, per point
_PROFILES = 3  # per variant
_BEGIN_S = 1_795_000_000.0  # when every device began, Unix time
_LAUNCH_S = 1.25  # from the start of a launch to that of the next
_BLOCK = 4  # models whose launches are interleaved
_ROUNDS, _PASSES = 2, 8  # of a launch, of a round
_NEAR_S, _FAR_S = 53e-9, 311e-9  # round trips between two cores
_LAYERS = 13  # of a model, each a convolution, a normalisation and an activation
_LIMITS = {"timeout_s": 300, "memory_bytes": None}
NOW = datetime.fromtimestamp(_BEGIN_S, timezone.utc).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Model:
    """A model: its parameters, multiply-adds of one pass at its native size, and the share of right answers."""

    name: str
    params: int
    macs: int
    right: float

    @property
    def parts(self) -> list[tuple[str, str, str, int]]:
        """Its modules: name, class, kind of work, and multiply-adds."""
        layers = [
            (f"layers.{layer}.{name}", class_, kind, int(share * self.macs / _LAYERS))
            for layer in range(_LAYERS)
            for name, class_, kind, share in (
                ("conv", "Conv2d", operator_kinds.CONVOLUTION, 0.9),
                ("norm", "BatchNorm2d", operator_kinds.NORMALISATION, 0.0),
                ("act", "ReLU", operator_kinds.ACTIVATION, 0.0),
            )
        ]
        return [*layers, ("head", "Linear", operator_kinds.PRODUCT, int(0.1 * self.macs))]


@dataclass(frozen=True)
class Device:
    """A device: its time over that of the first one, its watts, the phases of its waves of speed, and its weaknesses."""

    name: str
    slower: float
    watts: float
    phases: Sequence[float]
    cores_move: bool
    has_little_memory: bool

    def seconds(self, model: Model, point: Mapping[str, Any]) -> float:
        """The time of a pass at the typical speed: that of a call, and of 40 billion multiply-adds per second in eager."""
        work = model.macs * point["batch"] ** 0.96 * (point["size"] / NATIVE) ** 1.9
        return self.slower * RUNTIMES[point["runtime"]] * (2e-5 + work / 40e9)

    def drift(self, time_s: np.ndarray) -> np.ndarray:
        """Logarithm of how much slower than typical the device is at these times."""
        angles = 2 * math.pi * time_s[..., None] / (240.0, 900.0, 5400.0) + self.phases
        return 0.02 * np.sin(angles).sum(axis=-1)

    def far(self, time_s: np.ndarray) -> np.ndarray:
        """Whether the cores are far from each other at these times."""
        return self.cores_move & (np.sin(2 * math.pi * time_s / 97 + self.phases[0]) > 0.5)


def latency(
    model: Model,
    place: int,
    device: Device,
    points: Sequence[Point],
    failed: Sequence[bool],
    count: int,
    random: np.random.Generator,
) -> list[list[LatencyLaunch]]:
    """`count` launches of each point of a model, which is the `place`-th; two that failed of each point that has `failed`."""
    turn = _BLOCK * len(points)  # launches from one of a point to its next
    within = _BLOCK * np.argsort(random.random((count, len(points))), axis=1) + place % _BLOCK
    order = (place // _BLOCK * count + np.arange(count)[:, None]) * turn + within
    started_s = _BEGIN_S + _LAUNCH_S * order
    drift, far = device.drift(started_s), device.far(started_s)
    level = np.log([device.seconds(model, point.identity) for point in points])
    level = level + 0.75 * drift + math.log(1.3) * far + random.normal(0, 0.015, order.shape)
    pass_s = np.exp(level[..., None, None] + random.normal(0, 0.01, (*order.shape, _ROUNDS, _PASSES)))
    looks = (*order.shape, _ROUNDS + 1)
    samples = REFERENCE_S * np.exp(drift[..., None, None] + random.normal(0, 0.01, (*looks, len(MIXTURE))))
    core_s = np.where(far, _FAR_S, _NEAR_S)[..., None, None] * np.exp(random.normal(0, 0.02, (*looks, 1)))
    others = np.where(random.random(order.shape) < 0.005, 0.15, 0.01)
    return [
        [
            _launch(
                float(started_s[row, column]),
                int(order[row, column]),
                float(others[row, column]),
                count,
                None
                if failed[column]
                else _timing(model, point, row, pass_s[row, column], samples[row, column], core_s[row, column]),
            )
            for row in range(2 if failed[column] else count)
        ]
        for column, point in enumerate(points)
    ]


def _timing(
    model: Model, point: Point, row: int, pass_s: np.ndarray, samples: np.ndarray, core_s: np.ndarray
) -> Timing:
    mean_s = pass_s.mean(axis=1).tolist()
    is_compared = bool(point.identity["base"]) and row == 0
    return Timing(
        load_s=0.05 + model.params / 2e9,
        first_s=3 * mean_s[0],
        settled=True,
        peak_bytes=int(2e8 + 4 * model.params + 1e5 * row),
        peak_above_load_bytes=model.params,
        lab_s=tuple(mean_s[0] * (1 + 0.01 * step) for step in range(10)) if row == 0 else (),
        parts=MIXTURE,
        samples=tuple(map(tuple, samples.tolist())),
        rounds=tuple(Round(_PASSES, _PASSES, seconds) for seconds in mean_s),
        pass_s=pack(pass_s.ravel().astype(np.float32)),
        reference_share=0.1,
        core_s=tuple(map(tuple, core_s.tolist())),
        ran_on=f"synthetic, {point.identity['runtime']}",
        max_error=1e-6 if is_compared else None,
        tolerance=1e-3 if is_compared else None,
    )


def _launch(
    started_s: float, order: int, others_share: float, first_stage: int, timing: Timing | None
) -> LatencyLaunch:
    before = DeviceState(2.6e9, 50.0, (), 0, 0.8, started_s - _BEGIN_S)
    return LatencyLaunch(
        **_ending(timing is not None),
        started_s=started_s,
        wall_s=1.1,
        wait_s=0.0,
        cool=True,
        before=before,
        after=dataclasses.replace(before, temperature_C=52.0, busy_s=before.busy_s + 2.0),
        others_share=others_share,
        order=order,
        reference="cpu",
        first_stage=first_stage,
        target=0.05,
        timing=timing,
    )


def _ending(is_ok: bool) -> dict[str, Any]:
    said = ("ok", "") if is_ok else ("oom", "the kernel killed the process: out of memory")
    return {"status": said[0], "message": said[1], "measured_at": NOW, "limits": _LIMITS}


def energy(
    model: Model, device: Device, points: Sequence[Point], failed: Sequence[bool], random: np.random.Generator
) -> list[list[EnergyLaunch]]:
    """The launches of each point, with windows of half a second; idle power is a third of that under load."""
    watts = device.watts * np.exp(random.normal(0, 0.02, (len(points), WINDOWS)))
    idle_w = device.watts / 3 * np.exp(random.normal(0, 0.02, (len(points), WINDOWS)))
    launches = []
    for point, has_failed, powers in zip(points, failed, np.stack([watts, idle_w], axis=2).tolist(), strict=True):
        seconds = device.seconds(model, point.identity)
        ended = [None] * 2 if has_failed else [_figures(seconds, *pair) for pair in powers]
        common = {"meter_failures": 0, "windows": None, "before": None, "after": None}
        launches.append([EnergyLaunch(**_ending(figures is not None), **common, figures=figures) for figures in ended])
    return launches


def _figures(seconds: float, power_w: float, idle_w: float) -> EnergyFigures:
    return EnergyFigures(
        kind="measured",
        rails="package",
        passes=int(0.5 / seconds) + 1,
        samples=500,
        fewest_readings=250,
        interval_s=0.001,
        power_W=power_w,
        idle_W=idle_w,
        energy_J=seconds * power_w,
        net_energy_J=seconds * (power_w - idle_w),
        energy_by_rail={"package": seconds * power_w},
        stuck=False,
        warm=False,
    )


def time_shares(model: Model, seconds: float, random: np.random.Generator) -> list[TimeShareLaunch]:
    """The launches of a variant whose pass takes so many seconds: a fifth of it is spread over all modules evenly."""
    parts = model.parts
    whole = sum(macs for *_, macs in parts)
    shares = np.array([0.8 * macs / whole + 0.2 / len(parts) for *_, macs in parts])
    own_s = seconds * shares * np.exp(random.normal(0, 0.03, (_PROFILES, len(parts))))
    return [
        TimeShareLaunch(
            **_ending(is_ok=True),
            profile=Profile(
                _PASSES,
                1.04 * seconds,
                seconds,
                tuple(
                    Part(name, class_, kind, 1.0, own) for (name, class_, kind, _), own in zip(parts, line, strict=True)
                ),
            ),
        )
        for line in own_s.tolist()
    ]
