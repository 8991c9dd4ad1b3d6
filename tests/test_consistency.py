"""Rows that contradict themselves or each other are flagged, explained, and used in no answer."""

import csv
from pathlib import Path
from typing import Any

import pytest
from joulesweep.analysis.merge.job import merge
from joulesweep.launches import columns
from joulesweep.launches.table_file import write_table
from joulesweep.merged.base_points import base_points
from joulesweep.merged.load import Merged, load

from tests import synthetic

LATENCY, ENERGY = "devices/laptop/latency/resnet18.csv", "devices/laptop/energy/resnet18.csv"


def _merged(
    results: Path, latency: dict[str, Any], energy: dict[str, Any] | None = None
) -> tuple[Merged, list[dict[str, str]]]:
    """The tables and problems of one point, by what is changed in its rows of latency and energy."""
    write_table(
        results / LATENCY, columns.LATENCY, [synthetic.latency_row("laptop", "resnet18", "eager", 0.05) | latency]
    )
    row = synthetic.energy_row("laptop", "resnet18", "eager", 0.05 * 14.2)
    write_table(results / ENERGY, columns.ENERGY, [row | (energy or {})])
    job = synthetic.job()
    merge(job, results, results / "merged")
    with (results / "merged" / "problems.csv").open(newline="") as file:
        return load(results / "merged", job["models"]), list(csv.DictReader(file))


def test_rows_that_agree_have_no_flag(tmp_path):
    merged, problems = _merged(tmp_path, {})
    assert problems == []
    assert merged.latency["flags"].tolist() == ["no_journal"]
    assert merged.energy["flags"].tolist() == [""]
    assert len(merged.sound("latency")) == len(merged.sound("energy")) == 1


def test_a_headline_far_from_the_median_of_its_own_passes_is_inconsistent_and_used_nowhere(tmp_path):
    """129 ms in the headline, 0.323 ms in the median column."""
    far = {"raw_s": 0.129, "raw_ci_low_s": 0.128, "raw_ci_high_s": 0.13}
    own = {"median_s": 0.323e-3, "min_s": 0.3e-3, "max_s": 0.4, "mean_s": 0.1, "p95_s": 0.3}
    merged, problems = _merged(tmp_path, far | own, {"energy_J": 0.129 * 14.2, "ci_high_J": 2.0})
    assert merged.latency["flags"].tolist() == ["no_journal inconsistent"]
    assert len(merged.ok("latency")) == 1
    assert len(merged.sound("latency")) == 0
    assert base_points(merged)["latency"].isna().all()
    (problem,) = problems
    assert (problem["file"], problem["row"], problem["column"]) == (LATENCY, "2", "raw_s")
    assert "129 ms, but the median of its own passes is 0.323 ms" in problem["problem"]
    assert "make remeasure MODEL=resnet18 RUNTIME=eager" in problem["cure"]


def test_energy_and_latency_that_imply_another_power_than_the_meter_saw_are_both_inconsistent(tmp_path):
    """4.5 J in 50 ms are 90 W; the meter saw 10 W, and nobody knows which of the three is wrong."""
    merged, problems = _merged(tmp_path, {}, {"energy_J": 4.5, "ci_low_J": 4.4, "ci_high_J": 4.6, "power_W": 10.0})
    assert merged.energy["flags"].tolist() == ["inconsistent"]
    assert "inconsistent" in merged.latency["flags"].tolist()[0]
    assert [problem["file"] for problem in problems] == [LATENCY, ENERGY]
    assert all("energy over latency is 90.0 W, but the meter saw 10.0 W" in problem["problem"] for problem in problems)
    assert len(merged.sound("energy")) == len(merged.sound("latency")) == 0


@pytest.mark.parametrize("factor", [0.4, 1.0, 2.5])
def test_power_that_a_slow_state_or_heat_explains_is_no_contradiction(tmp_path, factor):
    joules = 0.05 * 14.2 * factor
    _, problems = _merged(tmp_path, {}, {"energy_J": joules, "ci_low_J": 0.9 * joules, "ci_high_J": 1.1 * joules})
    assert problems == []


def test_intervals_beyond_a_hundred_percent_are_undetermined(tmp_path):
    merged, problems = _merged(tmp_path, {"raw_ci_high_s": 7.2}, {"ci_high_J": 1.5})
    assert "undetermined" in merged.latency["flags"].tolist()[0].split()
    assert merged.energy["flags"].tolist() == ["undetermined"]
    assert [problem["column"] for problem in problems] == ["ci_high_s", "ci_high_J"]
    assert len(merged.sound("energy")) == len(merged.sound("latency")) == 0


def test_a_row_that_failed_is_not_judged(tmp_path):
    failed = dict.fromkeys(("raw_s", "raw_ci_low_s", "raw_ci_high_s", "median_s")) | {"status": "oom", "flags": ""}
    merged, problems = _merged(tmp_path, failed)
    assert problems == []
    assert merged.latency["flags"].tolist() == [""]
