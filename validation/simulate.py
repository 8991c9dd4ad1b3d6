"""Whether the interval of latency holds on devices that drift in a known way: simulated launches, nothing is measured.

A job has 14 points. All of them share the device's drift; each has a noise of 1 to 3 % per launch. The drift:

  none        no drift
  wander 60   wanders by 3 % (0.5 to 1.5 times that, per point), with a correlation time of 60 s
  wander 600  the same with 600 s, longer than the job
  two states  a fast state of 40 s on average and one of 20 s that is 1.6 times slower
  bursts      every tenth launch is 30 % slower, by chance
  busy        20 s of every 200 s on average are 30 % slower

The designs:

  spread      14 launches per point over 8 minutes, interleaved with those of the other points
  two stages  8 launches over 4.5 minutes, then as many as Stein's rule asks for at a target of 5 %, 22 at most
  short       two points are added: 10 launches each within 50 s; the journals hold a spread job of another day
  first       two points with 10 launches each within 50 s, and the journals hold nothing else
  days        spread jobs of the same points on three days, between which the speed also moves by 2 %

The truth is the mean of the logarithm over a long time. For each way to make an interval, the table has how often it
holds the truth and its median half width, both in percent. `t` takes launches as independent; `0.6` is a t of the first
five launches with 0.6 of their variance added (decision 11); `drift` is joulesweep.uncertainty.drift. `worst` is its coverage for the
half of a job's points that have the largest drift over noise. A second table compares figures: the mean of logarithms,
the mean without the fifth of the launches at either end, and the median. A third has how much the best split of launches
into two levels stands out where there is one level: what is exceeded once in a hundred times, by the number of launches, for a
normal and for a uniform distribution (joulesweep.uncertainty.levels takes the larger). A fourth is about energy, where a point
has three windows: coverage and median half width (over the true standard deviation of a window) of Student's t on a point's own
windows, and of joulesweep.uncertainty.moderated, for 4, 7 and 21 points of which all spread alike; each by its own amount
(inverse chi-squared with 4 degrees of freedom); every second three times as much; every fourth five times as much; or alike with
Student's t with 3 degrees of freedom instead of the normal distribution. `noisy` is the coverage of the quarter of the points that
spread most. With --json FILE the tables are written there too; --quick takes ten runs.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from joulesweep.uncertainty import drift, interval, levels, moderated  # noqa: E402
from joulesweep.uncertainty.drift import Record  # noqa: E402

POINTS, LAUNCHES, LAUNCH_S = 14, 14, 2.45
FIRST_STAGE, FURTHER, TARGET = 8, 22, 0.05
DAY_S = 86400.0
PATH_S = 1300  # more than the longest job takes
KINDS = ("none", "wander 60", "wander 600", "two states", "bursts", "busy")
WAYS = ("t", "0.6", "drift")

SPREADS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "alike": lambda _, points: np.ones(points),
    "each its own": lambda random, points: np.sqrt(4 / random.chisquare(4, points)),
    "every second x 3": lambda _, points: np.where(np.arange(points) % 2, 1.0, 3.0),
    "every fourth x 5": lambda _, points: np.where(np.arange(points) % 4, 1.0, 5.0),
    "heavy": lambda _, points: np.ones(points),
}

Times = list[list[float]]  # starts in seconds, per point


def path(kind: str, random: np.random.Generator) -> np.ndarray:
    """The drift of a device in each second of a job, on logarithms, around its long-run mean."""
    if kind.startswith("wander"):
        kept, value = math.exp(-1 / float(kind.split()[1])), random.normal(0, 0.03)
        steps = random.normal(0, 0.03 * math.sqrt(1 - kept**2), PATH_S)
        return np.array([value := kept * value + step for step in steps])
    if kind in ("two states", "busy"):
        slow_s, fast_s, slower = (20, 40, math.log(1.6)) if kind == "two states" else (20, 180, math.log(1.3))
        share = slow_s / (slow_s + fast_s)
        slow = random.random() < share
        states: list[bool] = []
        while len(states) < PATH_S:
            states += [slow] * round(random.exponential(slow_s if slow else fast_s))
            slow = not slow
        return slower * (np.array(states[:PATH_S]) - share)
    return np.zeros(PATH_S)


class Device:
    """Points on a drifting device on one day; every launch is drawn when its time is known."""

    def __init__(self, kind: str, points: int, random: np.random.Generator, day: float = 0.0) -> None:
        self.kind, self.random, self.path = kind, random, path(kind, random) + day
        self.noise = random.uniform(0.01, 0.03, points)
        self.shares = random.uniform(0.5, 1.5, points) if kind.startswith("wander") else np.ones(points)

    def logs(self, point: int, times_s: Sequence[float]) -> np.ndarray:
        """Logarithms of launches of a point that start at these seconds of the day."""
        drifted = self.shares[point] * self.path[np.asarray(times_s, dtype=int)]
        bursts = math.log(1.3) * ((self.random.random(len(times_s)) < 0.1) - 0.1) if self.kind == "bursts" else 0.0
        return drifted + bursts + self.random.normal(0, self.noise[point], len(times_s))

    @property
    def is_worst(self) -> np.ndarray:
        """The half of a job's points that have the largest drift over noise."""
        ratio = self.shares / self.noise
        return ratio >= np.median(ratio)


def interleaved(random: np.random.Generator, wanted: Sequence[int], start_s: float = 0.0) -> Times:
    """Starts of launches in rounds over the points that still want one, in random order."""
    times: Times = [[] for _ in wanted]
    for cycle in range(max(wanted)):
        for point in random.permutation([point for point, count in enumerate(wanted) if count > cycle]):
            times[point].append(start_s)
            start_s += LAUNCH_S
    return times


def spread_job(device: Device, launches: int = LAUNCHES) -> list[Record]:
    """Records of the points of a job."""
    times = interleaved(device.random, [launches] * len(device.noise))
    return [(own, np.exp(device.logs(point, own)).tolist()) for point, own in enumerate(times)]


def two_stage_job(device: Device) -> list[Record]:
    """Records of a job whose second stage is as long as the first asks for."""
    first_stage = spread_job(device, FIRST_STAGE)
    more = [interval.further_launches(seconds, TARGET, FURTHER) for _, seconds in first_stage]
    second_stage = (
        interleaved(device.random, more, FIRST_STAGE * POINTS * LAUNCH_S) if any(more) else [[] for _ in more]
    )
    return [
        ([*times, *own], [*seconds, *np.exp(device.logs(point, own))])
        for point, ((times, seconds), own) in enumerate(zip(first_stage, second_stage, strict=True))
    ]


def delayed(records: Sequence[Record], day: int) -> list[Record]:
    """The same launches some days later."""
    return [([time_s + day * DAY_S for time_s in times], seconds) for times, seconds in records]


def spread_design(kind: str, random: np.random.Generator) -> tuple[list[Record], list[Record], np.ndarray]:
    """What is judged, what else the journals hold, and which of the judged points are the worst."""
    device = Device(kind, POINTS, random)
    return spread_job(device), [], device.is_worst


def two_stages_design(kind: str, random: np.random.Generator) -> tuple[list[Record], list[Record], np.ndarray]:
    """As `spread`."""
    device = Device(kind, POINTS, random)
    return two_stage_job(device), [], device.is_worst


def first_design(kind: str, random: np.random.Generator) -> tuple[list[Record], list[Record], np.ndarray]:
    """As `spread`."""
    device = Device(kind, 2, random)
    return spread_job(device, 10), [], device.is_worst


def short_design(kind: str, random: np.random.Generator) -> tuple[list[Record], list[Record], np.ndarray]:
    """As `spread`."""
    judged, _, worst = first_design(kind, random)
    return delayed(judged, 1), spread_design(kind, random)[0], worst


def days_design(kind: str, random: np.random.Generator) -> tuple[list[Record], list[Record], np.ndarray]:
    """As `spread`; a point keeps its noise and its share of the drift."""
    device = Device(kind, POINTS, random, random.normal(0, 0.02))
    jobs = []
    for day in range(3):
        jobs.append(delayed(spread_job(device), day))
        device.path = path(kind, random) + random.normal(0, 0.02)
    records: list[Record] = [
        ([time_s for times, _ in own for time_s in times], [one for _, seconds in own for one in seconds])
        for own in zip(*jobs, strict=True)
    ]
    return records, [], device.is_worst


DESIGNS: dict[str, Callable[[str, np.random.Generator], tuple[list[Record], list[Record], np.ndarray]]] = {
    "spread": spread_design,
    "two stages": two_stages_design,
    "short": short_design,
    "first": first_design,
    "days": days_design,
}


def half_widths(record: Record, device_drift: drift.Drift) -> tuple[float, float, float]:
    """Half widths on logarithms, in the order of `WAYS`."""
    times, seconds = record
    plain = interval.of_launches(seconds)
    # What decision 0011 chose: the spread of the first five launches, and 0.6 of it shared by all of a job.
    first_five = interval.t_975(4) * float(np.log(seconds[:5]).std(ddof=1)) / math.sqrt(len(seconds))
    drifting = drift.interval(times, seconds, device_drift)
    return (
        math.log(plain.high / plain.value),
        first_five * math.sqrt(1 + 0.6 * len(seconds)),
        math.log(drifting.high / drifting.value),
    )


def coverage(design: str, kind: str, runs: int) -> dict[str, Any]:
    """A line of the table."""
    random = np.random.default_rng([list(DESIGNS).index(design), KINDS.index(kind)])
    halves, errors, worst, launches = [], [], [], []
    for _ in range(runs):
        judged, others, is_worst = DESIGNS[design](kind, random)
        device_drift = drift.estimate([*judged, *others])
        halves += [half_widths(record, device_drift) for record in judged]
        errors += [abs(float(np.log(seconds).mean())) for _, seconds in judged]
        worst += is_worst.tolist()
        launches += [len(seconds) for _, seconds in judged]
    holds = np.array(errors)[:, None] <= np.array(halves)
    return {
        "design": design,
        "drift": kind,
        "launches": float(np.mean(launches)),
        "coverage_percent": dict(zip(WAYS, (100 * holds.mean(axis=0)).tolist(), strict=True)),
        "half_width_percent": dict(
            zip(WAYS, (100 * np.expm1(np.median(halves, axis=0))).tolist(), strict=True),
        ),
        "coverage_worst_percent": float(100 * holds[np.array(worst), 2].mean()),
    }


def trimmed(logs: np.ndarray) -> float:
    """Mean without the fifth of the values at either end."""
    cut = len(logs) // 5
    return float(np.sort(logs)[cut : len(logs) - cut].mean())


def figures(kind: str, runs: int) -> dict[str, Any]:
    """How much a figure of a `spread` job varies from job to job, in percent, for three figures."""
    random = np.random.default_rng(KINDS.index(kind))
    ways: dict[str, Callable[[np.ndarray], Any]] = {"mean": np.mean, "trimmed": trimmed, "median": np.median}
    logs = [np.log([seconds for _, seconds in spread_design(kind, random)[0]]) for _ in range(runs)]
    return {
        "drift": kind,
        "variation_percent": {
            way: float(100 * np.sqrt(np.mean([np.var([f(job[p]) for job in logs], ddof=1) for p in range(POINTS)])))
            for way, f in ways.items()
        },
    }


def split(launches: int, runs: int) -> dict[str, Any]:
    """How much the best split of launches with one level stands out once in a hundred times."""
    random = np.random.default_rng(launches)
    drawn = {
        "normal": random.normal(0, 1, (40 * runs, launches)),
        "uniform": random.uniform(-1, 1, (40 * runs, launches)),
    }
    stands_out = {name: np.quantile([levels.standing_out(one)[0] for one in of], 0.99) for name, of in drawn.items()}
    return {"launches": launches, "stands_out": {name: float(value) for name, value in stands_out.items()}}


def windows(spread: str, points: int, runs: int) -> dict[str, Any]:
    """Coverage and half width of intervals from three windows per point."""
    random = np.random.default_rng(points)
    held: dict[str, list[np.ndarray]] = {"t": [], "moderated": [], "noisy": []}
    halves: dict[str, list[np.ndarray]] = {"t": [], "moderated": []}
    for _ in range(20 * runs):
        true = SPREADS[spread](random, points)
        noise = (
            random.standard_t(3, (points, 3)) / math.sqrt(3) if spread == "heavy" else random.normal(0, 1, (points, 3))
        )
        values = true[:, None] * noise
        prior = moderated.prior((own, 1.0) for own in values)
        for way, used in (("t", moderated.NO_PRIOR), ("moderated", prior)):
            found = np.array([used.interval(own, 1.0).high for own in values]) - values.mean(axis=1)
            held[way].append(np.abs(values.mean(axis=1)) <= found)
            halves[way].append(found / true)
        held["noisy"].append(held["moderated"][-1][np.argsort(true)[-max(1, points // 4) :]])
    return {
        "spread": spread,
        "points": points,
        "coverage_percent": {way: float(100 * np.mean(np.concatenate(own))) for way, own in held.items()},
        "half_width": {way: float(np.median(np.concatenate(own))) for way, own in halves.items()},
    }


def main(runs: int, file: Path | None) -> None:
    """Simulate and print."""
    print(f"{'coverage (half width), %':<24}{'launches':>9}" + "".join(f"{way:>14}" for way in WAYS) + "   worst")
    lines = []
    for design in DESIGNS:
        for kind in KINDS:
            lines.append(line := coverage(design, kind, runs))
            cells = "".join(
                f"{line['coverage_percent'][way]:7.0f} ({line['half_width_percent'][way]:4.1f})" for way in WAYS
            )
            name = f"{design}, {kind}"
            print(f"{name:<24}{line['launches']:9.1f}{cells}{line['coverage_worst_percent']:8.0f}", flush=True)
    print(f"\n{'variation of figures, %':<24}{'mean':>9}{'trimmed':>9}{'median':>9}")
    compared = [figures(kind, 4 * runs) for kind in KINDS]
    for line in compared:
        print(f"{line['drift']:<24}" + "".join(f"{value:9.2f}" for value in line["variation_percent"].values()))
    print(f"\n{'one level, best split':<24}{'normal':>9}{'uniform':>9}")
    splits = [split(launches, runs) for launches in (8, 10, 12, 16, 24, 48, 96, 300)]
    for line in splits:
        cells = "".join(f"{value:9.1f}" for value in line["stands_out"].values())
        print(f"{line['launches']:<24}{cells}")
    print(f"\n{'three windows, %':<24}{'points':>9}{'t':>14}{'moderated':>14}{'noisy':>8}")
    few = [windows(spread, points, runs) for spread in SPREADS for points in (4, 7, 21)]
    for line in few:
        covered, half = line["coverage_percent"], line["half_width"]
        cells = "".join(f"{covered[way]:7.0f} ({half[way]:4.1f})" for way in ("t", "moderated"))
        print(f"{line['spread']:<24}{line['points']:9}{cells}{covered['noisy']:8.0f}")
    if file is not None:
        tables = {"coverage": lines, "figures": compared, "splits": splits, "windows": few}
        file.write_text(json.dumps(tables, indent=1) + "\n")


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--runs", type=int, default=60, help="simulated runs per line of the table")
parser.add_argument("--quick", action="store_true", help="ten runs")
parser.add_argument("--json", type=Path, metavar="FILE", help="write the tables there too")

if __name__ == "__main__":
    arguments = parser.parse_args()
    main(10 if arguments.quick else arguments.runs, arguments.json)
