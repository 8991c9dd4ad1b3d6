"""A log of another device is joined to a run after it: by the clock, with an offset, or by the marker; or says why not."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joulesweep.measure.energy import sync_marker

from tests.digits_model import ROOT, measured_models

pytestmark = pytest.mark.slow


SCRIPT = ROOT / "workflow" / "scripts" / "energy.py"
SECOND = 1_000_000_000
IDLE_W, WORK_W = 3.0, 11.0
MODEL = "digits_cnn"


def _row(manifest: Path, folder: Path, **settings: Any) -> dict[str, str]:
    """Run the stage; returns its only row."""
    job = {
        "device": "log-test",
        "models": measured_models(
            {"runtime": "onnxruntime", "batch": 1, "size": 8, "threads": 1, "base": 1}, meter_failures=0
        ),
        "settings": {"launches": 2, "window_s": 1, "timeout_s": 60, "memory_bytes": None},
        "meter": {
            "name": "log",
            "reason": "",
            "usable": False,
            "settings": {"file": str(folder / "usb.csv"), "time": "time", "power": "W", "update_s": 0.1, **settings},
        },
        "log_digest": "",
    }
    files = ["--manifests", str(manifest), "--out", str(folder), "--samples", str(folder / "samples")]
    subprocess.run([sys.executable, str(SCRIPT), "--job", json.dumps(job), *files], check=True)
    with (folder / f"{MODEL}.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    return row


def _launches(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{MODEL}.jsonl").read_text().splitlines()]


def _write_log(folder: Path, clock_off_s: float = 0.0, every_s: float = 0.2) -> float:
    """What a bench meter would have written: 11 W while passes run, 3 W else; returns the joules of a pass."""
    busy = []
    for launch in _launches(folder):
        windows = launch["windows"]
        unix = windows["unix_ns"]
        busy.append((windows["work_ns"][0] + unix - SECOND, windows["work_ns"][1] + unix + SECOND // 2))
        busy += [(start + unix, end + unix) for start, end, bit in windows["marker_ns"] if bit]
    first, last = min(start for start, _ in busy) - 20 * SECOND, max(end for _, end in busy) + 20 * SECOND
    lines = ["time,W"]
    for moment in range(first, last, int(every_s * SECOND)):
        watts = WORK_W if any(start <= moment < end for start, end in busy) else IDLE_W
        lines.append(f"{moment / SECOND + clock_off_s:.3f},{watts}")
    (folder / "usb.csv").write_text("\n".join(lines) + "\n")
    works = [launch["windows"] for launch in _launches(folder)]
    return float(np.mean([WORK_W * (one["work_ns"][1] - one["work_ns"][0]) / SECOND / one["passes"] for one in works]))


@pytest.fixture(scope="module")
def measured(exported, tmp_path_factory) -> Path:
    """A run whose log is not there yet."""
    folder = tmp_path_factory.mktemp("log")
    row = _row(exported, folder)
    assert row["status"] == "no_meter"
    assert row["message"].endswith("usb.csv is not there yet; put the log there, then run again")
    return folder


def test_a_log_that_comes_later_gives_the_known_energy_and_nothing_is_measured_again(measured, exported):
    before = (measured / f"{MODEL}.jsonl").read_text()
    expected = _write_log(measured)
    row = _row(exported, measured)
    assert (row["status"], row["kind"], row["meter"]) == ("ok", "measured", "log")
    assert float(row["energy_J"]) == pytest.approx(expected, rel=0.005)
    assert float(row["net_energy_J"]) == pytest.approx(expected * (WORK_W - IDLE_W) / WORK_W, rel=0.005)
    assert float(row["idle_W"]) == pytest.approx(IDLE_W)
    assert (measured / f"{MODEL}.jsonl").read_text() == before


def test_a_wrong_clock_is_one_clear_line_and_an_offset_puts_it_right(measured, exported):
    before = (measured / f"{MODEL}.jsonl").read_text()
    expected = _write_log(measured, clock_off_s=3600)
    row = _row(exported, measured)
    assert row["status"] == "no_meter"
    assert "runs from" in row["message"]
    assert "but this was measured at" in row["message"]
    assert "set meters.log.offset_s" in row["message"]
    assert row["energy_J"] == row["power_W"] == ""
    row = _row(exported, measured, offset_s=-3600)
    assert float(row["energy_J"]) == pytest.approx(expected, rel=0.005)
    assert (measured / f"{MODEL}.jsonl").read_text() == before


def test_the_marker_finds_a_clock_that_is_wrong_by_an_unknown_time(exported, tmp_path):
    assert _row(exported, tmp_path, align="marker")["status"] == "no_meter"
    expected = _write_log(tmp_path, clock_off_s=-7654.3)
    row = _row(exported, tmp_path, align="marker")
    assert row["status"] == "ok", row["message"]
    assert float(row["energy_J"]) == pytest.approx(expected, rel=0.01)
    lines = (tmp_path / "usb.csv").read_text().splitlines()
    flat = [f"{line.partition(',')[0]},5.0" for line in lines[1:]]
    (tmp_path / "usb.csv").write_text("\n".join([lines[0], *flat]) + "\n")
    row = _row(exported, tmp_path, align="marker")
    assert (row["status"], row["energy_J"]) == ("no_meter", "")
    assert "no trace of the marker" in row["message"]


def _marked(random: np.random.Generator, launches: int, bit_s: float) -> list[list[list[int]]]:
    """Markers as `emit` records them, at uneven times."""
    found, now = [], 10**18
    for _ in range(launches):
        now += int(random.uniform(20, 40) * SECOND)
        stretches = []
        for bit in random.permutation([1] * 8 + [0] * 8):
            end = now + int(bit_s * SECOND * random.uniform(1, 1.1))
            stretches.append([now, end, int(bit)])
            now = end
        found.append(stretches)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_the_offset_is_found_in_noise_at_two_readings_a_stretch_and_where_the_log_begins_late(seed):
    """To within one reading of the log, whichever part of the run it covers."""
    random = np.random.default_rng(seed)
    launches = _marked(random, 4, 1.0)
    first, last = launches[seed % 2][0][0] - 5 * SECOND, launches[-1][-1][1] + 30 * SECOND
    times = np.arange(first, last, SECOND // 2) + random.integers(-SECOND // 10, SECOND // 10)
    watts = 3.0 + random.normal(0, 0.5, len(times))
    for start, end, bit in (stretch for stretches in launches for stretch in stretches):
        watts[(times >= start) & (times < end)] += 4.0 * bit
    wrong = int(random.uniform(-5000, 5000) * SECOND)
    found = sync_marker.offset_ns(times - wrong, watts, launches)
    assert abs(found - wrong) <= SECOND // 2
