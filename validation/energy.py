"""How right Joulesweep's joules are, and what measuring them does to latency.

Known waves of power go through the real sampler, in its process, and through the whole path to a row: constant, ramp, and
square waves of 1 Hz to 1 kHz, seen as instantaneous readings, as means and by a counter, with late and lost readings. A row
is made of three windows of five seconds at random phases of one long recording, 200 times over. Then passes are timed with a
sampler running and stopped, in turns. With --json FILE the figures are written there too; --quick records for a shorter time.
"""

import argparse
import json
import math
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SECOND = 1_000_000_000
WINDOW_S = 5.0
ROWS = 200
FREQUENCIES = (1, 3, 10, 31, 100, 316, 1000)
LIMITS = {"constant": 0.5, "ramp": 0.5, "square": 2.0}  # percent; of a square wave for counters and means


def cases() -> list[dict[str, Any]]:
    """Every wave as every kind of meter sees it."""
    waves = [("constant", 1), ("ramp", 1), *(("square", hz) for hz in FREQUENCIES)]
    return [
        {"wave": wave, "hz": hz, "sees": sees, "update_s": 0.1, "jitter_s": 0.003, "lost": 0.1}
        for sees in ("counter", "mean", "instant")
        for wave, hz in waves
    ]


def record(settings: dict[str, Any], seconds: float) -> dict[str, Any]:
    """What the sampler records of this wave; several run at a time, see `main`."""
    from joulesweep.measure.energy.sampler import Sampler

    settings |= {"origin_ns": time.monotonic_ns(), "length_s": seconds + 2.0}
    return {"settings": settings, "sampler": Sampler("synthetic", settings)}


def errors(settings: dict[str, Any], recorded: dict[str, Any]) -> dict[str, Any]:
    """Errors in percent of windows, and how often a row's interval holds the truth."""
    from joulesweep.launches import energy_row
    from joulesweep.launches.energy_launch import EnergyLaunch
    from joulesweep.measure.energy.traces import window_figures
    from joulesweep.meters import synthetic

    first, last = recorded["time_ns"][1], recorded["time_ns"][-2]
    draw = random.Random(f"{settings['wave']} {settings['hz']} {settings['sees']}")
    found, inside = [], 0
    for _ in range(ROWS):
        launches, truths = [], []
        for _ in range(3):
            start = draw.randrange(first, last - int(WINDOW_S * SECOND))
            window = [start, start + int(WINDOW_S * SECOND)]
            phase = (
                draw.random() / settings["hz"]
                if settings["sees"] == "instant" and settings["wave"] == "square"
                else 0.0
            )
            seen = shifted(recorded, settings, window, phase) if phase else recorded
            figures = window_figures.figures(seen, {"idle_ns": window, "work_ns": window, "passes": 1})
            since = [(moment - settings["origin_ns"]) / SECOND + phase for moment in window]
            truth = synthetic.joules(settings, since[1]) - synthetic.joules(settings, since[0])
            found.append(100 * abs(figures.energy_J / truth - 1))
            launches.append(EnergyLaunch("ok", "", "", {}, 0, None, figures, None, None))
            truths.append(truth)
        row = energy_row.row({}, launches, energy_row.spread([launches]))
        inside += row["ci_low_J"] - 1e-9 <= statistics.mean(truths) <= row["ci_high_J"] + 1e-9
    return {
        **{key: settings[key] for key in ("sees", "wave", "hz")},
        "mean_error_percent": statistics.mean(found),
        "largest_error_percent": max(found),
        "inside": inside / ROWS,
        "readings": len(recorded["time_ns"]),
        "lost": len(recorded["missing"]),
    }


def shifted(recorded: dict[str, Any], settings: dict[str, Any], window: list[int], phase: float) -> dict[str, Any]:
    """What the sampler would have seen about a window, at the very same looks, had the wave begun `phase` s earlier.

    So 200 rows have 200 phases, although they share the looks of one recording.
    """
    from joulesweep.meters import synthetic

    times = [moment for moment in recorded["time_ns"] if window[0] - SECOND <= moment <= window[1] + SECOND]
    values = [(synthetic.watts(settings, (moment - settings["origin_ns"]) / SECOND + phase),) for moment in times]
    return {**recorded, "time_ns": times, "values": values}


def holds(result: dict[str, Any]) -> bool:
    """Whether a result is as good as it must be: a small error, or for momentary readings of a square wave an honest one."""
    if result["wave"] == "square" and result["sees"] == "instant":
        return result["inside"] >= 0.9
    return result["largest_error_percent"] <= LIMITS[result["wave"]]


def latency_ratio(pairs: int, threads: int) -> dict[str, Any]:
    """Time of a pass with the sampler running over that without, in turns of a quarter of a second, with 95 % interval."""
    import numpy as np
    from joulesweep.measure.energy.sampler import Sampler
    from joulesweep.uncertainty.interval import of_launches
    from threadpoolctl import threadpool_limits

    folder = Path(tempfile.mkdtemp(prefix="joulesweep-powercap-"))
    zone = folder / "intel-rapl:0"
    zone.mkdir()
    for name, text in (("name", "package-0"), ("energy_uj", "1000000"), ("max_energy_range_uj", "262143328850")):
        (zone / name).write_text(text)
    matrix = np.random.default_rng(0).random((256, 256), dtype=np.float32)
    sampler = Sampler("rapl", {"root": str(folder)})
    time.sleep(1)

    def pass_s() -> float:
        """As latency is told: median over rounds of 50 ms of the time of a pass."""
        rounds = []
        for _ in range(5):
            passes, start = 0, time.perf_counter()
            while time.perf_counter() < start + 0.05:
                matrix @ matrix
                passes += 1
            rounds.append((time.perf_counter() - start) / passes)
        return statistics.median(rounds)

    ratios = []
    try:
        with threadpool_limits(threads):
            for _ in range(pairs):
                seconds = {}
                for running in random.sample([True, False], 2) * 2:
                    os.kill(sampler._process.pid, signal.SIGCONT if running else signal.SIGSTOP)
                    seconds.setdefault(running, []).append(pass_s())
                ratios.append(math.prod(seconds[True]) ** 0.5 / math.prod(seconds[False]) ** 0.5)
    finally:
        os.kill(sampler._process.pid, signal.SIGCONT)
        sampler.stop()
        shutil.rmtree(folder)
    found = of_launches(ratios)
    return {"threads": threads, "ratio": found.value, "low": found.low, "high": found.high, "pairs": pairs}


def main(quick: bool, file: Path | None) -> int:
    """Run all, print, and return how many results are not as good as they must be."""
    seconds = 40.0 if quick else 240.0
    with tempfile.TemporaryDirectory(prefix="joulesweep-validation-") as folder:
        copy = Path(folder) / "scripts"
        shutil.copytree(ROOT / "workflow" / "scripts", copy, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(Path(__file__).with_name("synthetic_meter.py"), copy / "joulesweep" / "meters" / "synthetic.py")
        sys.path.insert(0, str(copy))
        ratios = [latency_ratio(40 if quick else 150, threads) for threads in (1, os.cpu_count() or 1)]
        running = [record(case, seconds) for case in cases()]
        time.sleep(seconds)
        results = [errors(one["settings"], one["sampler"].stop()) for one in running]
    print(
        f"{'meter':<8} {'wave':<9} {'Hz':>5} {'mean error %':>13} {'largest %':>10} {'truth inside':>13}  {'as it must be'}"
    )
    for one in results:
        shown = f"{one['mean_error_percent']:13.3f} {one['largest_error_percent']:10.3f} {one['inside']:13.1%}"
        hz = one["hz"] if one["wave"] == "square" else ""
        print(f"{one['sees']:<8} {one['wave']:<9} {hz:>5} {shown}  {'yes' if holds(one) else 'NO'}")
    failed = sum(not holds(one) for one in results)
    for one in ratios:
        fine = one["low"] <= 1.01 and one["high"] >= 0.99
        failed += not fine
        print(
            f"latency with the sampler over without, {one['threads']} threads: {one['ratio']:.4f} "
            f"[{one['low']:.4f}, {one['high']:.4f}] from {one['pairs']} pairs: {'as it must be' if fine else 'NOT 1.00 ± 0.01'}"
        )
    if file is not None:
        file.write_text(json.dumps({"energy": results, "latency": ratios, "failed": failed}, indent=1) + "\n")
    return failed


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--quick", action="store_true", help="a shorter recording and fewer pairs")
parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")

if __name__ == "__main__":
    given = parser.parse_args()
    sys.exit(bool(main(given.quick, given.json)))
