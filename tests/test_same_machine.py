"""Nothing is measured into the folder of another machine, as a copied card or a copied project would have it."""

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from joulesweep.errors import UserError
from joulesweep.measure import same_machine
from joulesweep.measure.accuracy.job import evaluate
from joulesweep.measure.energy.job import measure as measure_energy
from joulesweep.measure.latency.job import measure as measure_latency
from joulesweep.measure.time_shares.job import measure as measure_time_shares
from joulesweep.system.machine import machine_id

from tests.digits_model import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a device that another machine has described."""
    folder = tmp_path / "devices" / "pi"
    folder.mkdir(parents=True)
    (folder / "device.json").write_text(json.dumps({"device": "pi", "machine_id": "of another"}))
    return folder


@pytest.mark.parametrize(
    "measure",
    [
        lambda folder: measure_latency({}, [], folder / "latency"),
        lambda folder: measure_energy({}, [], folder / "energy", folder / "samples"),
        lambda folder: measure_time_shares({}, [], folder / "time_shares"),
        lambda folder: evaluate({}, folder / "no manifest", folder / "accuracy" / "net.csv"),
    ],
    ids=["latency", "energy", "time shares", "accuracy"],
)
def test_no_stage_measures_into_the_folder_of_another_machine(folder, measure):
    with pytest.raises(
        UserError, match=r"another machine measured under the name pi: set 'device: NEW-NAME'"
    ) as refusal:
        measure(folder)
    assert len(str(refusal.value).replace(str(folder), "results/devices/pi")) <= 300
    assert [path.name for path in folder.iterdir()] == ["device.json"]


def test_the_description_of_another_machine_is_not_replaced(folder):
    before = (folder / "device.json").read_text()
    script = ROOT / "workflow" / "scripts" / "describe_device.py"
    command = [sys.executable, script, "--job", "{}", "--out", folder / "device.json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "another machine measured under the name pi" in done.stderr
    assert (folder / "device.json").read_text() == before


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", "{}", '{"machine_id": ""}', f'{{"machine_id": "{machine_id()}"}}']
)
def test_where_the_machine_is_the_same_or_not_known_nothing_is_refused(folder, text):
    (folder / "device.json").unlink() if text is None else (folder / "device.json").write_text(text)
    same_machine.check(folder)


def test_a_machine_without_an_id_refuses_nothing(folder, monkeypatch):
    monkeypatch.setattr(same_machine, "machine_id", lambda: "")
    same_machine.check(folder)


def test_a_mac_is_known_by_its_own_id(tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine_id() == ""
    ids = set()
    for mac in ("8A2F0C11-5B1E-5C57-9F7B-0C7C5F3F7B10", "8A2F0C11-5B1E-5C57-9F7B-0C7C5F3F7B11"):
        program = tmp_path / "ioreg"
        program.write_text(f'#!/bin/sh\necho \'    "IOPlatformUUID" = "{mac}"\'\n')
        program.chmod(0o755)
        ids.add(machine_id())
    assert len(ids - {""}) == 2
