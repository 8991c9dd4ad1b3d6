"""A machine without any meter and without the modelled figure: the run finishes, rows and report say what to do."""

import csv

import pytest
from joulesweep.measure.energy import meter_choice

from tests.workflow_copy import MLP, configuration

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("jtop")]  # an emulated board has a meter


def test_the_run_finishes_and_the_report_says_what_to_do(counted, tmp_path):
    if meter_choice.choose("auto", {})["name"] != "none":
        pytest.skip("a meter works on this machine")
    copy = counted.again(tmp_path / "joulesweep")
    copy.configure(configuration("bare", models={"mlp": MLP}, meter="auto", meters={}, hypotheses=[]))
    assert "energy (no meter)" in copy.run("-n", "--cores", "1", "all")
    copy.run("--cores", "1", "--", "results/devices/bare/energy/mlp.csv")
    copy.run("--cores", "1", "report")
    results = copy.folder / "results"
    with (results / "devices" / "bare" / "energy" / "mlp.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["status"], row["energy_J"], row["power_W"]) for row in rows] == [("no_meter", "", "")]
    assert "meters: {cpu-time: {watts_per_core: 5}}" in rows[0]["message"]
    report = (results / "report.md").read_text()
    told = report[report.index("## Energy") :].partition("\n## ")[0]
    assert "No energy was measured here" in told
    assert "watts_per_core" in told
    assert "make doctor" in told
    assert copy.stale("results/devices/bare/energy/mlp.csv") == set()
