"""Results of several devices come together in one report: what is sound is taken, the rest is named, whatever the time stamps."""

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from joulesweep.pipeline.transfer import archive
from joulesweep.schema import SCHEMA

from tests import synthetic
from tests.workflow_copy import Copy

MODELS = ("digits_cnn", "resnet18")
TABLE = "latency/resnet18.csv"


def _device(results: Path, name: str, machine: str, others: tuple[str, ...] = ()) -> Path:
    """The results of a machine with its device's folder, and folders of others; returns the device's folder."""
    synthetic.tree(results, (name, *others), MODELS)
    for device in (name, *others):
        path = results / "devices" / device / "device.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "machine_id": machine}))
    return results / "devices" / name


def _stamp(folder: Path, moment: float) -> None:
    for path in folder.rglob("*"):
        os.utime(path, (moment, moment))


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _rows(copy: Copy, table: str) -> list[dict[str, str]]:
    with (copy.folder / "results" / "merged" / f"{table}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_of_three_devices_the_good_is_taken_the_rest_is_named_nothing_is_measured_again_and_nothing_deleted(
    finished, tmp_path
):
    """One has a torn table and old time stamps, one another schema, one brings a clone of the first, from the future."""
    here = finished.again(tmp_path / "here")
    results = here.folder / "results"
    now = (results / "merged" / "latency.csv").stat().st_mtime
    torn = _device(tmp_path / "pi", "pi", "1") / TABLE
    torn.write_bytes(torn.read_bytes()[:-7])
    outdated = _device(tmp_path / "orin", "orin", "2") / TABLE
    outdated.write_text(outdated.read_text().replace(f"\n{SCHEMA},", "\n99,"))
    _device(tmp_path / "nuc", "nuc", "3", others=("pi",))
    moments = {"pi": now - 1e6, "orin": now, "nuc": time.time() + 1e6}
    before = _contents(results)

    for name, moment in moments.items():
        _stamp(tmp_path / name, moment)
        archive.pack(tmp_path / name, tmp_path / f"{name}.tar.gz")
        command = [sys.executable, "workflow/scripts/unpack.py", tmp_path / f"{name}.tar.gz"]
        answer = subprocess.run(command, cwd=here.folder, capture_output=True, text=True)
        assert answer.stdout.startswith(f"{name}: files: ")
        assert (answer.returncode, "two machines are called 'pi'" in answer.stderr) == (
            int(name == "nuc"),
            name == "nuc",
        )
        assert _contents(results / "devices" / name) == _contents(tmp_path / name / "devices" / name)
        _stamp(results / "devices" / name, moment)
    assert before.items() <= _contents(results).items()

    journals = {name: content for name, content in _contents(results).items() if name.endswith(".jsonl")}
    assert here.stale() == {"merge", "figures", "report", "page"}
    here.run("--cores", "1", "all")
    assert here.stale() == set()
    assert journals.items() <= _contents(results).items()
    problems = {
        (problem["file"], problem["problem"])
        for problem in _rows(here, "problems")
        if not problem["file"].startswith("devices/tests/")  # a busy machine contradicts itself
    }
    assert {file for file, _ in problems} == {f"devices/pi/{TABLE}", f"devices/orin/{TABLE}"}
    assert any("torn" in words for _, words in problems)
    assert any("of schema '99'" in words for _, words in problems)
    taken = {device: {row["model"] for row in _rows(here, "latency") if row["device"] == device} for device in moments}
    assert taken == {"pi": set(MODELS), "orin": {"digits_cnn"}, "nuc": set(MODELS)}
    points = {
        device: sum((row["device"], row["model"]) == (device, "resnet18") for row in _rows(here, "latency"))
        for device in moments
    }
    assert points["pi"] == points["nuc"] - 1
    assert {row["device"] for row in _rows(here, "devices")} == {"tests", *moments}
