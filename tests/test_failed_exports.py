"""A model that cannot be made stands beside a good one, whose names are as odd as names may be; with the real Snakemake."""

import csv
import os
import re
import shutil

import pytest

from tests.workflow_copy import MLP, Copy, configuration

pytestmark = pytest.mark.slow

DEVICE = f"failed-{os.getpid()}"
ODD = "a {b} {{c}} 100 % `d` 'e' \"f\" $g \\h"
GOOD = {
    **MLP,
    "source": f"onnx:{ODD}.onnx",
    "why": f"{ODD}\nand on the next line {{wildcards.model}}",
}
BROKEN = {
    "source": f"python:custom_models/{ODD}.py:broken",
    "input": {"shape": [8]},
    "runtimes": ["eager", "onnxruntime"],
    "weights": "random",
}
CODE = "import surely_not_installed\n\n\ndef broken():\n    raise ValueError('the {widget} is bent')\n"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy with both models, in which nothing was made."""
    config = configuration(
        DEVICE, title=f"{ODD}\nnext", models={"good": GOOD, "broken": BROKEN}, meter="none", meters={}, hypotheses=[]
    )
    copy = Copy(tmp_path_factory.mktemp("failed") / "joulesweep", config)
    shutil.copy(copy.folder / "mlp.onnx", copy.folder / f"{ODD}.onnx")
    (copy.folder / "custom_models" / f"{ODD}.py").write_text(CODE)
    return copy


@pytest.fixture(scope="module")
def finished(prepared: Copy) -> Copy:
    """The same after a complete run."""
    prepared.run("--cores", "1", "all", fails=None)
    return prepared


def _rows(copy: Copy, path: str) -> list[dict[str, str]]:
    with (copy.folder / "results" / path).open(newline="") as file:
        return list(csv.DictReader(file))


def test_any_text_and_any_name_of_a_file_can_be_planned(prepared):
    assert "export good" in prepared.stale()
    assert "rule export" in prepared.run("-n", "-p", "--cores", "1", "all")


def test_the_good_model_is_measured_and_each_row_of_the_other_says_why(finished):
    for table in ("latency", "accuracy"):
        (row,) = _rows(finished, f"devices/{DEVICE}/{table}/good.csv")
        assert row["status"] == "ok"
    assert {row["status"] for row in _rows(finished, "models/good/counts.csv")} == {"ok"}
    for path in (f"devices/{DEVICE}/latency/broken.csv", "models/broken/counts.csv"):
        rows = _rows(finished, path)
        assert {row["runtime"] for row in rows} == {"eager", "onnxruntime"}
        assert all(row["status"] in ("unsupported", "error") for row in rows)
        assert all("surely_not_installed is neither installed" in row["message"] for row in rows)


def test_the_report_names_the_model_and_why_first_among_the_difficulties(finished):
    report = (finished.folder / "results" / "report.md").read_text()
    difficulties = re.split(r"^## ", report, flags=re.MULTILINE)
    (difficulties,) = [part for part in difficulties if part.startswith("Difficulties")]
    first = re.search(r"^[-*\d].*$|^\*\*.*$", difficulties, re.MULTILINE)
    assert first
    assert "broken" in first[0]
    assert "surely" in first[0]


def test_it_is_tried_again_when_its_code_or_the_missing_package_changes_and_not_before(finished, tmp_path):
    copy = finished.again(tmp_path / "joulesweep")
    assert copy.stale() == set()
    package = tmp_path / "site" / "surely_not_installed-1.0.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: surely_not_installed\nVersion: 1.0\n")
    assert "export broken" in copy.stale(PYTHONPATH=str(package.parent))
    assert copy.stale() == set()
    copy.edit(f"custom_models/{ODD}.py", "import surely_not_installed\n", "")
    manifest = "results/models/broken/counts.csv"
    assert "export broken" in copy.stale(manifest)
    copy.run("--cores", "1", "--", manifest)
    assert {"the {widget} is bent" in row["message"] for row in _rows(copy, "models/broken/counts.csv")} == {True}
    assert copy.stale(manifest) == set()
    copy.edit(f"custom_models/{ODD}.py", "ValueError", "ConnectionError")
    copy.run("--cores", "1", "--", manifest)
    assert "export broken" in copy.stale(manifest)  # the network may be there now


def test_the_report_is_written_where_counts_are_missing(finished, tmp_path):
    copy = finished.again(tmp_path / "joulesweep")
    for model in ("good", "broken"):
        (copy.folder / "results" / "models" / model / "counts.csv").unlink()
    (copy.folder / "results" / "report.md").unlink()
    copy.run("--cores", "1", "report")
    assert "good" in (copy.folder / "results" / "report.md").read_text()
