"""The project with synthetic results, on which the cost of the analysis is measured, is one that the analysis takes whole."""

import csv
from pathlib import Path
from typing import Any

import pytest
from joulesweep.analysis.merge.job import merge
from joulesweep.analysis.report.job import report
from joulesweep.pipeline.configuration import config
from joulesweep.pipeline.jobs import Jobs

from tests import synthetic
from tests.digits_model import ROOT
from validation.synthetic_project import Size, make

SIZE = Size(models=4, runtimes=2, devices=2, points=4, launches=4)
FAILED = 2  # points: the largest batch of the largest model in both runtimes, on the last device


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, merged."""
    folder = tmp_path_factory.mktemp("scale") / "project"
    make(folder, SIZE)
    merge(_job(folder), folder / "results", folder / "results" / "merged")
    return folder


def _job(folder: Path) -> dict[str, Any]:
    """The job of the project's report, which has all that the merge needs too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return Jobs(
            config.load(Path("config.yaml")), Path("workflow", "scripts").resolve(), Path("results"), {}
        ).report()


def _rows(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / "results" / "merged" / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_merge_takes_every_row_and_every_launch(project):
    assert _rows(project, "problems") == []
    variants = SIZE.models * SIZE.runtimes * SIZE.devices
    assert SIZE.rows == variants * SIZE.points == 64
    for table, rows in (
        ("latency", SIZE.rows),
        ("energy", SIZE.rows),
        ("accuracy", variants),
        ("devices", SIZE.devices),
    ):
        assert len(_rows(project, table)) == rows, table
    assert len(_rows(project, "counts")) == SIZE.models * SIZE.runtimes * SIZE.points
    latency = _rows(project, "latency")
    assert [row["status"] for row in latency].count("oom") == FAILED
    assert all(row["correction"] for row in latency if row["status"] == "ok"), "journals and baselines are there"
    busy = sum(int(row["launches_set_aside"]) for row in latency)
    assert len(_rows(project, "launches")) == (SIZE.rows - FAILED) * SIZE.launches - busy
    assert {row["kind"] for row in _rows(project, "time_shares")} >= {"convolution", "activation"}


def test_it_is_reported_with_its_devices_side_by_side(project):
    job = _job(project)
    figures = synthetic.list_figures(project / "results", job, drawn=False)
    page = project / "results" / "report.md"
    report(job, project / "results" / "merged", figures, ROOT / "workflow" / "templates" / "report.md.j2", page)
    words = page.read_text(encoding="utf-8")
    assert "Nothing has been measured yet" not in words
    assert "The figures of this row contradict each other" not in words
    assert "| model | device-0 | device-1 |" in words
    assert words.count("(onnxruntime) |") == SIZE.models * SIZE.devices


def test_the_same_seed_makes_the_same_results(project, tmp_path):
    make(tmp_path / "again", SIZE)
    names = (
        "devices/device-1/latency/model_3.jsonl",
        "devices/device-0/energy/model_0.csv",
        "models/model_2/counts.csv",
    )
    for name in names:
        assert (tmp_path / "again" / "results" / name).read_bytes() == (project / "results" / name).read_bytes()


def test_a_size_of_which_nothing_can_be_made_is_refused():
    with pytest.raises(ValueError, match="expected at least"):
        Size(models=1)
    with pytest.raises(ValueError, match="expected at most"):
        Size(runtimes=100)
