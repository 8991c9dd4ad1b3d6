"""The lab report, the comparison and Snakemake's own report, made by the real Snakemake as a person asks for them."""

import json
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


def test_snakemakes_own_report_shows_every_figure_and_table_with_its_words(done):
    """As one HTML file: each image and table has a category, labels, and a caption."""
    done.run("--report", "page.html")
    page = (done.folder / "page.html").read_text(encoding="utf-8")
    words = json.loads((done.folder / "results" / "figures" / "figures.json").read_text())["words"]
    assert "time_shares" in words  # on a busy machine, latency may be too wide to be drawn
    for name, (title, note) in words.items():
        assert f"{name}.svg" in page
        assert json.dumps(title)[1:-1] in page
        assert json.dumps(note)[1:-1] in page
    for table in (done.folder / "results" / "merged").glob("*.csv"):
        assert table.name in page
    for caption in ("which explains what it shows", "explains every column", "the hypotheses with their verdicts"):
        assert caption in page
    for category in ("Figures", "Tables", "Report"):
        assert f'"{category}"' in page
    assert done.stale() == set()
