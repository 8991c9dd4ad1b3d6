"""The energy of a model, from the job to the table, with a modelled meter, an emulated one, and none."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from joulesweep.launches.columns import ENERGY
from joulesweep.launches.journal import Journal
from joulesweep.measure.energy import timing
from joulesweep.meters.base import Description

from tests.digits_model import ROOT, measured_models
from tests.powercap import Counting, lay_out
from tests.smart_plug import Shelly, only_read

pytestmark = pytest.mark.slow


SCRIPT = ROOT / "workflow" / "scripts" / "energy.py"
MODELLED = {"name": "cpu-time", "reason": "models", "usable": True, "settings": {"watts_per_core": 8}}
ZONE = "intel-rapl:0"
MODEL = "digits_cnn"


def _job(meter: dict, **settings: float) -> dict:
    return {
        "device": "energy-test",
        "models": measured_models(
            {"runtime": "onnxruntime", "batch": 1, "size": 8, "threads": 1, "base": 1}, meter_failures=0
        ),
        "settings": {"launches": 2, "window_s": 0.5, "timeout_s": 60, "memory_bytes": None, **settings},
        "meter": meter,
        "log_digest": "",
    }


def _after_failures(job: dict, count: int) -> dict:
    """The job of the next run, which knows how often the meter has failed."""
    return {**job, "models": {MODEL: {**job["models"][MODEL], "meter_failures": count}}}


def _journal(folder: Path) -> Path:
    return folder / "energy" / f"{MODEL}.jsonl"


def _samples(folder: Path) -> Path:
    return folder / "samples" / f"{MODEL}.jsonl"


def _command(job: dict, manifest: Path, folder: Path) -> list[str]:
    files = ["--manifests", str(manifest), "--out", str(folder / "energy"), "--samples", str(folder / "samples")]
    return [sys.executable, str(SCRIPT), "--job", json.dumps(job), *files]


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "energy" / f"{MODEL}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _measure(job: dict, manifest: Path, folder: Path) -> dict[str, str]:
    subprocess.run(_command(job, manifest, folder), check=True)
    (row,) = _rows(folder)
    return row


def test_modelled_energy_is_that_of_a_busy_core_and_says_that_it_is_modelled(exported, tmp_path):
    """One thread works all the window, so the model must give about its watts; asleep it uses none."""
    row = _measure(_job(MODELLED), exported, tmp_path)
    assert list(row) == ENERGY.header
    assert (row["status"], row["message"], row["kind"], row["meter"]) == ("ok", "", "modelled", "cpu-time")
    assert (
        max(0.5, 3 * float(row["idle_W"])) < float(row["power_W"]) < 8.5
    )  # other processes may have most of the cores
    assert float(row["idle_W"]) < 1
    assert float(row["energy_J"]) == pytest.approx(float(row["power_W"]) / int(row["passes"]), rel=0.2)
    assert float(row["ci_low_J"]) <= float(row["energy_J"]) <= float(row["ci_high_J"])
    assert float(row["net_energy_J"]) <= float(row["energy_J"])
    assert int(row["windows"]) == 2
    assert row["flags"] == "few_windows"
    assert row["ran_on"].startswith("CPUExecutionProvider, ")
    assert row["artefact_digest"]
    assert row["measured_at"].endswith("+00:00")

    samples = _samples(tmp_path)
    kept = [json.loads(line) for line in samples.read_text().splitlines()]
    assert [len(line["record"]["time_ns"]) >= 20 for line in kept] == [True, True]
    assert _measure(_job(MODELLED), exported, tmp_path) == row
    assert len(samples.read_text().splitlines()) == len(kept), "what the journal holds is not measured again"


def test_without_a_meter_every_row_says_what_to_do_and_nothing_runs(exported, tmp_path):
    row = _measure(
        _job({"name": "none", "reason": "no meter works here; do this", "usable": False, "settings": {}}),
        exported,
        tmp_path,
    )
    assert (row["status"], row["message"]) == ("no_meter", "no meter works here; do this")
    assert row["energy_J"] == row["power_W"] == row["idle_W"] == ""
    assert not (tmp_path / "samples").exists()


def test_a_named_meter_that_cannot_be_read_gives_rows_with_its_reason(exported, tmp_path):
    row = _measure(
        _job({"name": "rapl", "reason": "old", "usable": False, "settings": {"root": str(tmp_path)}}),
        exported,
        tmp_path,
    )
    assert row["status"] == "no_meter"
    assert "no RAPL package" in row["message"]


def test_figures_are_made_from_the_traces_again_and_nothing_is_measured_anew(exported, tmp_path):
    """Traces that show ten times the joules stand for another way to integrate; a trace that is gone leaves the journal's."""
    before = _measure(_job(MODELLED), exported, tmp_path)
    samples, journal = _samples(tmp_path), _journal(tmp_path).read_text()
    launches = [json.loads(line) for line in samples.read_text().splitlines()]
    assert {launch["status"] for launch in launches} == {"ok"}
    for launch in launches:
        launch["record"]["values"] = [[10 * value for value in values] for values in launch["record"]["values"]]
    samples.write_text("".join(json.dumps(launch) + "\n" for launch in launches) + '{"torn')
    after = _measure(_job(MODELLED), exported, tmp_path)
    assert float(after["energy_J"]) == pytest.approx(10 * float(before["energy_J"]))
    assert float(after["power_W"]) == pytest.approx(10 * float(before["power_W"]))
    samples.unlink()
    assert _measure(_job(MODELLED), exported, tmp_path) == before
    assert _journal(tmp_path).read_text() == journal


def test_rails_are_reported_one_by_one_and_add_up_to_the_total(exported, tmp_path):
    """An emulated package of 20 W and its memory of 5 W."""
    tree = lay_out(tmp_path / "powercap", {ZONE: "package-0", f"{ZONE}:0": "dram"})
    with Counting(tree / ZONE, lambda _: 20.0), Counting(tree / f"{ZONE}:0", lambda _: 5.0):
        row = _measure(
            _job({"name": "rapl", "reason": "r", "usable": True, "settings": {"root": str(tree)}}), exported, tmp_path
        )
    rails = {name: float(joules) for name, joules in (pair.split("=") for pair in row["energy_by_rail"].split())}
    assert set(rails) == {"package-0", "package-0/dram"}
    assert sum(rails.values()) == pytest.approx(float(row["energy_J"]), rel=0.001)
    assert rails["package-0"] == pytest.approx(4 * rails["package-0/dram"], rel=0.25)


def test_a_measured_meter_gives_what_the_machine_drew(exported, tmp_path):
    """An emulated processor draws 20 W all the time: power is 20 W, idle is 20 W, and nothing is left net."""
    tree = lay_out(tmp_path / "powercap", {ZONE: "package-0"})
    with Counting(tree / ZONE, lambda _: 20.0):
        row = _measure(
            _job({"name": "rapl", "reason": "r", "usable": True, "settings": {"root": str(tree)}}), exported, tmp_path
        )
    assert (row["status"], row["kind"]) == ("ok", "measured")
    assert row["rails"].startswith("package-0: ")
    assert float(row["power_W"]) == pytest.approx(20, rel=0.25)
    assert float(row["idle_W"]) == pytest.approx(20, rel=0.25)
    assert abs(float(row["net_energy_J"])) < 0.5 * float(row["energy_J"])


def test_a_smart_plug_gives_joules_that_are_its_watts_times_the_time_and_its_password_stays_in_its_file(
    exported, tmp_path
):
    """It shows 7.9 W and 8.1 W in turns, so every mean lies between; it asks for a password."""
    (tmp_path / "password").write_text("a9c2-secret")
    with Shelly(lambda update: 8.1 if update % 2 else 7.9, password="a9c2-secret") as plug:
        settings = {"address": plug.address, "update_s": 0.1, "password_file": str(tmp_path / "password")}
        meter = {"name": "plug", "reason": "r", "usable": True, "settings": settings}
        command = _command(_job(meter, window_s=2.5), exported, tmp_path)
        printed = subprocess.run(command, check=True, capture_output=True, text=True)
        assert only_read(plug)
    (row,) = _rows(tmp_path)
    assert (row["status"], row["kind"], row["meter"]) == ("ok", "measured", "plug")
    assert row["rails"].startswith("wall plug: all that is plugged into the wall plug")
    assert int(row["samples"]) >= 20
    for launch in map(json.loads, _journal(tmp_path).open()):
        start, end = launch["windows"]["work_ns"]
        joules = launch["figures"]["energy_J"] * launch["windows"]["passes"]
        assert joules == pytest.approx(8.0 * (end - start) * 1e-9, rel=0.0126)
    assert float(row["idle_W"]) == pytest.approx(8.0, abs=0.1)
    results = [file.read_text() for folder in ("energy", "samples") for file in (tmp_path / folder).iterdir()]
    assert len(results) >= 3
    assert not [text for text in (*results, printed.stdout, printed.stderr) if "a9c2" in text]


def test_a_meter_whose_interpreter_starts_slowly_is_waited_for_in_every_launch(exported, tmp_path):
    """It takes longer than all that lay between the start of a launch and its idle window."""
    python = tmp_path / "slow-python"
    python.write_text(f'#!/bin/sh\nsleep 1.5\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    tree = lay_out(tmp_path / "powercap", {ZONE: "package-0"})
    settings = {"root": str(tree), "python": str(python)}
    with Counting(tree / ZONE, lambda _: 20.0):
        row = _measure(_job({"name": "rapl", "reason": "r", "usable": True, "settings": settings}), exported, tmp_path)
    assert (row["status"], row["message"], row["windows"]) == ("ok", "", "2")


def test_a_meter_that_disappears_half_way_leaves_a_row_that_says_so(exported, tmp_path):
    tree = lay_out(tmp_path / "powercap", {ZONE: "package-0"})
    job = _job({"name": "rapl", "reason": "r", "usable": True, "settings": {"root": str(tree)}})
    with Counting(tree / ZONE, lambda _: 20.0):
        process = subprocess.Popen(_command(job, exported, tmp_path))
        samples = _samples(tmp_path)
        while process.poll() is None and not samples.exists():
            pass
        shutil.rmtree(tree, ignore_errors=True)
        assert process.wait() == 0
    (row,) = _rows(tmp_path)
    assert row["status"] == "no_meter"
    assert row["message"].startswith("rapl: ")
    assert row["energy_J"] == row["power_W"] == ""


def test_a_point_that_cannot_be_run_is_a_row(exported, tmp_path):
    manifest = json.loads(exported.read_text()) | {"artefacts": {}, "errors": {"onnx": "an operator is missing"}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    row = _measure(_job(MODELLED), tmp_path / "manifest.json", tmp_path)
    assert (row["status"], row["message"]) == ("unsupported", "an operator is missing")


def _description(update_s: float, window_s: float, settle_s: float) -> Description:
    return Description("measured", "W", ("VDD_IN",), "module", "module", update_s, settle_s, window_s)


def test_what_a_silent_meter_cost_is_measured_by_the_next_run_and_what_a_crash_cost_is_not(exported, tmp_path):
    """A journal with one launch that a meter failed and one that crashed; the next job knows of one failure."""
    job = _job(MODELLED, launches=3)
    _measure(job, exported, tmp_path)
    journal = _journal(tmp_path)
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    journal.unlink()
    for line, status in zip(lines, ("ok", "no_meter", "crashed"), strict=True):
        key = line.pop("key")
        del line["check"]
        Journal(journal).append(key, {**line, "status": status, "message": status})
    _measure(job, exported, tmp_path)
    assert len(journal.read_text().splitlines()) == 3, "nothing has changed"
    _measure(_after_failures(job, 1), exported, tmp_path)
    assert [json.loads(line)["status"] for line in journal.read_text().splitlines()[3:]] == ["ok"]


def test_a_meter_that_is_gone_when_a_models_turn_comes_is_waited_for_by_the_next_run(exported, tmp_path):
    """It worked when the run was planned; with it back, the next job knows of one failure and measures."""
    tree = tmp_path / "powercap"
    job = _job({"name": "rapl", "reason": "r", "usable": True, "settings": {"root": str(tree)}})
    assert _measure(job, exported, tmp_path)["status"] == "no_meter"
    assert [line["status"] for line in map(json.loads, _journal(tmp_path).open())] == ["no_meter"]
    lay_out(tree, {ZONE: "package-0"})
    with Counting(tree / ZONE, lambda _: 20.0):
        assert _measure(_after_failures(job, 1), exported, tmp_path)["status"] == "ok"


def test_windows_hold_ten_readings_at_the_interval_that_was_seen():
    """A meter that promises 0.1 s and updates every second gets windows of more than ten seconds."""
    times = timing.times(_description(0.1, 5.0, 0.0), 1.0, 1.0)
    assert times.window_s >= 10


def test_windows_last_what_the_meter_and_the_user_ask_for():
    assert timing.times(_description(0.001, 5.0, 0.0), 0.02, 1.0).window_s == 5.0
    assert timing.times(_description(0.001, 1.0, 0.0), 0.02, 7.0).window_s == 7.0


def test_work_begins_a_settling_time_before_its_window():
    assert timing.times(_description(1.0, 5.0, 30.0), 1.0, 1.0).lead_s == 30.0
