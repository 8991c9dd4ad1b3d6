"""The real Snakemake on an emulated Jetson whose jtop service is killed in the middle of the sweep, then comes back."""

import csv
import json
import math
import time
from dataclasses import dataclass

import pytest

from tests.jetson_board import ORIN_NX, SECOND, Drawing, devices
from tests.jtop_service import CHIPS, Service, why_not
from tests.workflow_copy import CNN, Copy, configuration

pytestmark = [
    pytest.mark.xdist_group("jtop"),
    pytest.mark.slow,
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "it can"),
]
DEVICE = "jetson"
CONFIG = configuration(
    DEVICE,
    models={"cnn": {**CNN, "runtimes": ["onnxruntime"], "sweeps": {}}},
    energy={"launches": 2},
    meter="jtop",
    meters={"jtop": {"interval_s": 0.1}},
    hypotheses=[],
)
_PERIOD_S = 1.7


def _watts(now: int) -> float:
    return 8.0 + 3.0 * math.sin(2 * math.pi * now / SECOND / _PERIOD_S)


def _joules(start: int, end: int) -> float:
    """The integral of the above, exactly."""
    rate = 2 * math.pi / _PERIOD_S
    wave = (math.cos(rate * start / SECOND) - math.cos(rate * end / SECOND)) / rate
    return 8.0 * (end - start) / SECOND + 3.0 * wave


@dataclass
class Story:
    """What the killed run and the one after it left behind."""

    copy: Copy
    printed: str
    rows_then: list[dict[str, str]]
    journal_then: list[str]
    rows: list[dict[str, str]]
    journal: list[str]
    stale: set[str]


@pytest.fixture(scope="module")
def story(counted: Copy, tmp_path_factory: pytest.TempPathFactory) -> Story:
    copy = counted.again(tmp_path_factory.mktemp("jetson") / "joulesweep")
    copy.configure(CONFIG)
    target = f"results/devices/{DEVICE}/energy/cnn.csv"
    table = copy.folder / target

    def rows() -> list[dict[str, str]]:
        with table.open(newline="") as file:
            return list(csv.DictReader(file))

    with Service(ORIN_NX, 8.0) as service, Drawing(devices(CHIPS), ORIN_NX, _watts):
        run = copy.start("--cores", "1", "--", target)
        while run.is_alive() and len(copy.journal("energy", "cnn")) < 1:
            time.sleep(0.1)
        time.sleep(2)
        service.kill()
        run.join(240)
        assert run.exitcode == 0, copy.printed.read_text()
        then = rows(), copy.journal("energy", "cnn")
        service.start()
        copy.run("--cores", "1", "--", target)
        after = rows(), copy.journal("energy", "cnn"), copy.stale(target)
    return Story(copy, copy.printed.read_text(), *then, *after)


def test_rows_say_that_the_service_went_away(story):
    assert {row["status"] for row in story.rows_then} <= {"ok", "no_meter"}
    lost = [row for row in story.rows_then if row["status"] == "no_meter"]
    assert lost
    for row in lost:
        assert "jtop" in row["message"]
        assert row["energy_J"] == row["power_W"] == ""
    assert "the jtop service" in story.printed


def test_the_next_run_measures_what_was_lost_and_nothing_else(story):
    """Of two launches, the one that was whole stays as it is."""
    assert story.journal[: len(story.journal_then)] == story.journal_then
    whole = [line for line in map(json.loads, story.journal_then) if line["status"] == "ok"]
    new = [json.loads(line) for line in story.journal[len(story.journal_then) :]]
    assert whole
    assert len(whole) + len(new) == 2
    assert {line["status"] for line in new} == {"ok"}
    assert story.stale == set()


def test_joules_are_emulated_watts_times_seconds_and_measured(story):
    (row,) = story.rows
    assert (row["status"], row["kind"], row["meter"], row["windows"]) == ("ok", "measured", "jtop", "2")
    assert row["rails"].startswith("VDD_IN: ")
    samples = story.copy.folder / "results" / "devices" / DEVICE / "samples" / "energy" / "cnn.jsonl"
    launches = [line for line in map(json.loads, samples.read_text().splitlines()) if line["status"] == "ok"]
    drawn = [_joules(*one["work_ns"]) / one["passes"] for one in launches]
    assert float(row["energy_J"]) == pytest.approx(sum(drawn) / len(drawn), rel=0.02)
