"""What the configuration says about meters: checked, and turned into points and jobs."""

from pathlib import Path

import pytest
import yaml
from joulesweep.errors import UserError
from joulesweep.measure.energy import meter_choice
from joulesweep.pipeline import probe
from joulesweep.pipeline.configuration import config
from joulesweep.pipeline.jobs import Jobs

from tests.digits_model import ROOT
from tests.workflow_copy import CNN, configuration


def _load(folder: Path, **changes: object) -> config.Config:
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(configuration("here", models={"cnn": CNN}, hypotheses=[], **changes)))
    return config.load(file)


def _jobs(folder: Path, **changes: object) -> Jobs:
    configured, scripts = _load(folder, **changes), ROOT / "workflow" / "scripts"
    results = folder / "results"
    return Jobs(configured, scripts, results, probe.ask(configured, scripts, results))


def test_an_unknown_setting_of_a_meter_is_one_line_with_the_nearest(tmp_path):
    with pytest.raises(
        UserError, match=r"meters\.log: unknown 'fil' \(did you mean 'file'\?\); expected one of file, time"
    ):
        _load(tmp_path, meters={"log": {"fil": "usb.csv"}})


def test_an_address_with_a_login_is_refused_before_any_result_holds_it(tmp_path):
    for address in ("http://admin:secret@10.0.0.5", "admin:secret@10.0.0.5"):
        with pytest.raises(UserError, match=r"meters\.plug\.address: leave the login out of it") as error:
            _load(tmp_path, meters={"plug": {"address": address}})
        assert "secret" not in str(error.value)
    with pytest.raises(UserError, match=r"unknown 'password' \(did you mean 'password_file'\?\)") as error:
        _load(tmp_path, meters={"plug": {"password": "secret"}})
    assert "secret" not in str(error.value)


def test_every_meter_may_have_an_interpreter_of_its_own(tmp_path):
    assert _load(tmp_path, meters={"jtop": {"python": "/usr/bin/python3"}}).values["meters"]


def test_a_slow_meter_is_read_at_the_base_point_and_the_sweeps_end_unless_asked(tmp_path):
    model = {**CNN, "runtimes": ["onnxruntime"], "sweeps": {"batch": [1, 2, 4]}}
    for points, slow, batches in [
        ("auto", False, [1, 2, 4]),
        ("auto", True, [1, 4]),
        ("all", True, [1, 2, 4]),
        ("ends", False, [1, 4]),
    ]:
        file = tmp_path / "config.yaml"
        file.write_text(yaml.safe_dump({"models": {"cnn": model}, "energy": {"points": points}}))
        found = config.load(file).energy_points("cnn", slow)
        assert [point["batch"] for point in found] == batches, points


def test_a_battery_is_slow_and_a_counter_is_not(tmp_path):
    folder = tmp_path / "BAT0"
    folder.mkdir()
    for name, text in {"type": "Battery", "status": "Discharging", "power_now": "5000000"}.items():
        (folder / name).write_text(text)
    assert meter_choice.choose("battery", {"battery": {"root": str(tmp_path)}})["slow"]
    assert not meter_choice.choose("cpu-time", {"cpu-time": {"watts_per_core": 5}})["slow"]


def test_the_energy_job_changes_with_the_log_and_with_a_meters_failures_and_no_other_job_does(tmp_path):
    log = tmp_path / "usb.csv"
    changes = {"meter": "log", "meters": {"log": {"file": str(log), "time": "t", "power": "W"}}}

    def jobs() -> tuple[dict, dict]:
        found = _jobs(tmp_path, **changes)
        return found.energy(), found.latency()

    energy, latency = jobs()
    log.write_text("t,W\n1700000000,5\n")
    with_log, same = jobs()
    assert with_log != energy
    assert same == latency
    assert jobs() == (with_log, latency)
    journal = tmp_path / "results" / "devices" / "here" / "energy" / "cnn.jsonl"
    journal.parent.mkdir(parents=True)
    journal.write_text('{"status": "no_meter"}\n{"status": "ok"}\n')
    assert jobs()[0]["models"]["cnn"]["meter_failures"] == 1
    assert jobs()[1] == latency
