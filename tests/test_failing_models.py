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

DEVICE = "tests"
CRASH = r"killed by SIGSEGV \(it touched memory that is not its own: .*\)"


@pytest.fixture(scope="module")
def measured(finished: Copy, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy in which failing models and a good one have been measured and reported."""
    models = {
        name: {
            "source": f"python:custom_models/failing_models.py:{name}",
            "input": {"shape": [8]},
            "runtimes": ["eager"],
            "sweeps": {"batch": [1, 2]},
        }
        for name in ("crashes", "crashes_when_built")
    }
    copy = finished.again(tmp_path_factory.mktemp("failing") / "joulesweep")
    copy.configure(
        configuration(
            DEVICE,
            models={**models, "mlp": MLP},
            meter="none",
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


def test_a_launch_that_is_killed_is_a_row_with_a_message_that_a_person_understands(measured):
    row = _rows(measured, "crashes")["2"]
    assert (row["status"], row["raw_s"]) == ("crashed", "")
    assert re.fullmatch(CRASH, row["message"])


def test_every_other_row_is_there(measured):
    assert _rows(measured, "crashes")["1"]["status"] == "ok"
    assert _rows(measured, "mlp")["1"]["status"] == "ok"


def test_a_count_that_is_killed_is_a_row(measured):
    for row in _counts(measured, "crashes"):
        assert row["status"] == "crashed"
        assert re.fullmatch(CRASH, row["message"])


def test_an_export_that_is_killed_is_a_row_everywhere(measured):
    rows = [*_rows(measured, "crashes_when_built").values(), *_counts(measured, "crashes_when_built")]
    assert len(rows) == 4
    assert all(row["message"].startswith("the export failed: killed by SIGSEGV") for row in rows)


def test_the_report_names_each_failure(measured):
    report = (measured.folder / "results" / "report.md").read_text()
    assert "crashes @ eager on tests: latency failed at batch 2: crashed, killed by SIGSEGV" in report
    assert re.search(r"crashes_when_built.* killed by SIGSEGV", report)


def test_nothing_runs_again_until_something_has_changed(measured):
    assert measured.stale() == set()
