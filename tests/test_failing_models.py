"""A model that fails is a row that says how, and the run goes on: with the real Snakemake, from the export to the report.

The other ways to fail, such as never to return, are those of `test_server.py`.
"""

import csv
import re
import shutil

import pytest

from tests.digits_model import ROOT
from tests.workflow_copy import MLP, Copy, configuration

pytestmark = pytest.mark.slow

DEVICE = "failing"
EXPECTED = {
    "crashes": ("crashed", r"killed by SIGSEGV \(it touched memory that is not its own: .*\)"),
    "allocates_without_end": ("oom", r"held 1\.\d GiB and was stopped; it may hold 1\.0 GiB: memory_bytes, .*"),
}


@pytest.fixture(scope="module")
def measured(counted: Copy, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy in which failing models and a good one have been measured and reported."""
    models = {
        name: {
            "source": f"python:custom_models/failing_models.py:{name}",
            "input": {"shape": [8]},
            "runtimes": ["eager"],
            "sweeps": {"batch": [1, 2]},
        }
        for name in [*EXPECTED, "crashes_when_built", "crashes_when_counted"]
    }
    copy = counted.again(tmp_path_factory.mktemp("failing") / "joulesweep")
    copy.configure(
        configuration(
            DEVICE,
            models={**models, "mlp": MLP},
            meter="none",
            latency={
                "launches": 3,
                "busy_retries": 0,
                "target": 1.0,
                "budget_s": 0,
                "memory_bytes": 1 << 30,
            },
            hypotheses=[],
        )
    )
    shutil.copy(ROOT / "tests" / "failing_models.py", copy.folder / "custom_models")
    copy.run("--cores", "1", "all")
    return copy


def _rows(copy: Copy, model: str) -> dict[str, dict[str, str]]:
    with (copy.folder / "results" / "devices" / DEVICE / "latency" / f"{model}.csv").open(newline="") as file:
        return {row["batch"]: row for row in csv.DictReader(file)}


def _counts(copy: Copy, model: str) -> list[dict[str, str]]:
    with (copy.folder / "results" / "models" / model / "counts.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("model", EXPECTED)
def test_each_failure_has_its_status_and_a_message_that_a_person_understands(measured, model):
    rows = _rows(measured, model)
    status, message = EXPECTED[model]
    assert rows["2"]["status"] == status
    assert re.fullmatch(message, rows["2"]["message"]), rows["2"]["message"]
    assert rows["2"]["raw_s"] == ""


def test_every_other_row_is_there(measured):
    assert all(_rows(measured, model)["1"]["status"] == "ok" for model in EXPECTED)
    assert _rows(measured, "mlp")["1"]["status"] == "ok"


def test_an_export_that_is_killed_is_a_row_everywhere_and_made_once(measured):
    rows = list(_rows(measured, "crashes_when_built").values()) + _counts(measured, "crashes_when_built")
    assert len(rows) == 4
    assert all(row["message"].startswith("the export failed: killed by SIGSEGV") for row in rows)
    assert measured.stale() == set()


def test_a_count_that_is_killed_is_a_row_and_the_model_is_measured(measured):
    assert {(row["status"], row["message"][:17]) for row in _counts(measured, "crashes_when_counted")} == {
        ("crashed", "killed by SIGSEGV")
    }
    assert {row["status"] for row in _rows(measured, "crashes_when_counted").values()} == {"ok"}


def test_the_report_names_each_failure(measured):
    report = (measured.folder / "results" / "report.md").read_text()
    for model, (status, _) in EXPECTED.items():
        assert re.search(rf"{model} @ eager.* latency failed at batch 2: {status}, ", report)


def test_nothing_runs_again_until_what_limited_a_launch_has_changed(measured):
    assert measured.stale() == set()
