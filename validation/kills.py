"""What is left of a sweep that is killed again and again, at random moments, and gone on with by the plain command.

Each time it is Snakemake alone that is killed, or its whole process group, or the measuring process alone. When a sweep has
come to its end in spite of that, its table must have the points of an undisturbed one, its journal no launch twice and no line
torn, the folder no file half written, and the machine no process left behind. Then the next sweep begins, until there were
enough kills. With --json FILE the figures are written there too; --quick kills ten times.
"""

import argparse
import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))


from tests.workflow_copy import CNN, MLP, Copy, configuration  # noqa: E402

DEVICE = f"kills-{os.getpid()}"
LAUNCHES = 3
VICTIMS = ("snakemake", "group", "measuring")
LATEST_S = 12.0  # after the start of a run: Snakemake's own start takes some three seconds
GONE_S = 30.0


def start(copy: Copy) -> subprocess.Popen:
    """The plain command, in a process group of its own."""
    log = (copy.folder / "printed").open("a")
    return subprocess.Popen(
        copy.command("--cores", "1", "all"), cwd=copy.folder, stdout=log, stderr=log, start_new_session=True
    )


def kill(process: subprocess.Popen, victim: str) -> tuple[bool, list[psutil.Process]]:
    """Kill a run's victim; whether there was one, and what outlived it."""
    try:
        below = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return False, []
    if victim == "measuring":
        targets = [one for one in below if _is_measuring(one)]
        for one in targets:
            one.kill()
        if not targets:
            return False, []
        process.wait()
    else:
        (os.killpg if victim == "group" else os.kill)(process.pid, signal.SIGKILL)
        process.wait()
    return True, psutil.wait_procs(below, timeout=GONE_S)[1]


def _is_measuring(process: psutil.Process) -> bool:
    try:
        return any(part.endswith("/latency.py") for part in process.cmdline())
    except psutil.Error:
        return False


def points(copy: Copy) -> list[tuple[str, ...]]:
    """The points of all latency tables that are ok, with how many launches each has."""
    found = []
    for file in sorted((copy.folder / "results" / "devices" / DEVICE / "latency").glob("*.csv")):
        with file.open(newline="") as stream:
            keys = ("model", "runtime", "batch", "status", "launches")
            found += [tuple(row[key] for key in keys) for row in csv.DictReader(stream)]
    return sorted(found)


def wrong(copy: Copy, expected: list[tuple[str, ...]]) -> list[str]:
    """What is not as an undisturbed sweep leaves it."""
    complaints = []
    if points(copy) != expected:
        complaints.append(f"points {points(copy)}")
    for model in copy.config["models"]:
        lines = copy.journal("latency", model)
        torn = [line for line in lines if line and not _is_json(line)]
        launches = Counter(json.dumps(json.loads(line)["key"], sort_keys=True) for line in lines if _is_json(line))
        if torn:
            complaints.append(f"{len(torn)} torn lines in the journal of {model}")
        complaints += [f"{count} launches of {key}" for key, count in launches.items() if count != LAUNCHES]
    complaints += [f"left behind: {path}" for path in (copy.folder / "results").rglob(".*") if path.is_file()]
    return complaints


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def main(kills: int, file: Path | None) -> int:
    """Kill so often, print, and return how much was wrong."""
    draw = random.Random(0)
    done: Counter[str] = Counter()
    complaints: list[str] = []
    sweeps = 0
    folder = Path(tempfile.mkdtemp(prefix="joulesweep-kills-"))
    try:
        models = {"mlp": {**MLP, "runtimes": ["eager", "onnxruntime"]}, "cnn": CNN}
        copy = Copy(folder / "joulesweep", configuration(DEVICE, models=models, meter="none", hypotheses=[]))
        copy.run("--cores", "1", "all")
        expected = points(copy)
        print(f"undisturbed: {expected}", flush=True)
        while sum(done.values()) < kills:
            shutil.rmtree(copy.folder / "results" / "devices" / DEVICE / "latency")
            code = None
            while code != 0:
                process = start(copy)
                victim, killed = draw.choice(VICTIMS), False
                try:
                    process.wait(draw.uniform(0, LATEST_S))
                except subprocess.TimeoutExpired:
                    killed, alive = kill(process, victim)
                    complaints += [f"outlived the kill of {victim}: {one}" for one in alive]
                    done[victim] += killed
                code = process.wait()
                if code != 0 and not killed:
                    raise SystemExit(f"the plain command failed:\n{(copy.folder / 'printed').read_text()[-3000:]}")
            sweeps += 1
            found = wrong(copy, expected)
            complaints += [f"sweep {sweeps}: {what}" for what in found]
            print(f"sweep {sweeps}, {sum(done.values())} kills so far: {found or 'as it must be'}", flush=True)
    finally:
        shutil.rmtree(folder)
    result: dict[str, Any] = {"kills": dict(done), "sweeps": sweeps, "wrong": complaints}
    print(f"{sum(done.values())} kills ({dict(done)}) in {sweeps} sweeps: {complaints or 'as it must be'}")
    if file is not None:
        file.write_text(json.dumps(result, indent=1) + "\n")
    return len(complaints)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--quick", action="store_true", help="ten kills")
parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")

if __name__ == "__main__":
    given = parser.parse_args()
    sys.exit(bool(main(10 if given.quick else 50, given.json)))
