"""The lab report and the comparison, made by the real Snakemake as a person asks for them."""

import shutil
from pathlib import Path

import pytest

from tests.workflow_copy import Copy

pytestmark = pytest.mark.slow


@pytest.fixture
def done(finished: Copy, tmp_path: Path) -> Copy:
    return finished.again(tmp_path / "joulesweep")


def test_the_lab_report_is_made_on_demand_and_keeps_words_when_the_names_change(done):
    page = done.folder / "results" / "lab_report.md"
    assert not page.exists()
    assert done.stale("lab_report") == {"lab_report"}
    done.run("--cores", "1", "lab_report")
    begin = "<!-- your words: hypotheses -->\n"
    page.write_text(page.read_text().replace(f"{begin}*(your words)*", f"{begin}We guessed."))
    assert done.stale("lab_report") == set()
    done.configure(done.config | {"lab": {"group": "Seven", "members": ["Ada"]}})
    assert done.stale("lab_report") == {"lab_report"}
    done.run("--cores", "1", "lab_report")
    assert f"{begin}We guessed.\n" in page.read_text()
    assert "**Group:** Seven" in page.read_text()
    page.write_text(page.read_text().replace("<!-- end of your words -->", "", 1) + "mine\n")
    broken = page.read_text()
    done.configure(done.config | {"lab": {"group": "Eight"}})
    printed = done.run("--cores", "1", "lab_report", fails=True)
    assert "put the missing one back" in printed
    assert page.read_text() == broken


def test_a_comparison_measures_nothing_makes_nothing_stale_and_fails_only_where_something_is_worse(done):
    shutil.copytree(done.folder / "results", done.folder / "old_results")
    printed = done.run("--cores", "1", "compare", "--config", "baseline=old_results")
    assert "accuracy: 3 of 3 figures unchanged beyond noise" in printed
    assert "**0 figures worse, 0 better" in (done.folder / "results" / "compare.md").read_text()
    assert done.stale() == set()
    assert "name the results to compare with" in done.run("--cores", "1", "compare", fails=True)
    assert "nowhere holds no results" in done.run("--cores", "1", "compare", "--config", "baseline=nowhere", fails=True)
