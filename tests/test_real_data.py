"""What report and hypotheses say about labelled data: by the metric's own name, unit and direction, and never two metrics in one."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joulesweep import plugins
from joulesweep.analysis.compare.job import compare
from joulesweep.analysis.lab_report.tables import Lab
from joulesweep.analysis.merge.job import merge
from joulesweep.analysis.report.job import lab_report, report
from joulesweep.analysis.report.verdicts import Finding, check
from joulesweep.launches import columns
from joulesweep.launches.packing import pack
from joulesweep.launches.table_file import write_table
from joulesweep.merged.base_points import base_points
from joulesweep.merged.load import Merged, load

from tests import synthetic
from tests.digits_model import ROOT

MODELS = ("digits_mlp", "digits_cnn")
TEMPLATES = ROOT / "workflow" / "templates"
ERROR = {"metric": "mae", "unit": "", "higher_is_better": 0, "ci_low": 0.4, "ci_high": 0.6}


def _results(folder: Path, **rows: dict[str, Any]) -> Path:
    """Two models in eager, as fast as in `synthetic.MODELS`, and what their rows of accuracy have instead."""
    for model in MODELS:
        latency = synthetic.latency_row("laptop", model, "eager", synthetic.MODELS[model][3])
        accuracy = synthetic.accuracy_row("laptop", model, "eager", 0.95) | rows.get(model, {})
        write_table(folder / f"devices/laptop/latency/{model}.csv", columns.LATENCY, [latency])
        write_table(folder / f"devices/laptop/accuracy/{model}.csv", columns.ACCURACY, [accuracy])
    return folder


def _merged(results: Path) -> Merged:
    job = synthetic.job(models=MODELS)
    merge(job, results, results / "merged")
    merged = load(results / "merged", job["models"])
    assert merged.problems.empty
    return merged


def _page(results: Path, write: Any, template: str) -> str:
    job = synthetic.job(models=MODELS, lab={"members": []})
    merge(job, results, results / "merged")
    figures = synthetic.list_figures(results, job, drawn=False)
    write(job, results / "merged", figures, TEMPLATES / template, results / "page.md")
    return (results / "page.md").read_text(encoding="utf-8")


def _check(results: Path, claim: dict[str, Any]) -> Finding:
    merged = _merged(results)
    return check(claim, merged, base_points(merged))


CLAIM = {"metric": "accuracy", "of": "digits_mlp", "less_than": "digits_cnn"}


def test_the_set_up_of_each_model_is_in_report_and_lab_report(tmp_path):
    results = _results(tmp_path)
    wanted = (
        "- **digits_cnn**: top-1 accuracy (higher is better) over 450 test examples of digits (checksum d161). Input 3 × 8 × 8, "
        "batch 1. Preprocessing: values from 0 to 1. Interval: Wilson's interval of a share."
    )
    assert wanted in _page(results, report, "report.md.j2")
    assert wanted in _page(_results(tmp_path / "lab"), lab_report, "lab_report.md.j2")


@pytest.mark.parametrize(
    ("ratio", "low", "high", "words"),
    [
        (1.01, 0.99, 1.03, "Real inputs take as long as random ones in eager (1.01 [0.99, 1.03] times)."),
        (1.40, 1.20, 1.60, "Real inputs take longer than random ones in eager (1.40 [1.20, 1.60] times)."),
        (0.70, 0.60, 0.80, "Real inputs take less time than random ones in eager (0.70 [0.60, 0.80] times)."),
        (
            1.30,
            0.90,
            1.80,
            "Whether real inputs take as long as random ones is not clear in eager (1.3 [0.9, 1.8] times).",
        ),
    ],
)
def test_whether_real_inputs_take_as_long_is_one_sentence_per_model(tmp_path, ratio, low, high, words):
    rows = {"real_ratio": ratio, "real_ratio_low": low, "real_ratio_high": high, "real_s": 2e-3, "end_to_end_s": 3e-3}
    page = _page(_results(tmp_path, digits_mlp=rows), report, "report.md.j2")
    (line,) = [line for line in page.splitlines() if line.startswith("- **digits_mlp** on laptop: ")]
    assert words.replace("[", r"\[") in line or words in line
    assert line.endswith("Decoding and preprocessing add 1.0 ms to a pass of 2.0 ms in eager.")


def test_an_error_is_shown_in_its_own_unit_and_less_of_it_is_better(tmp_path):
    results = _results(tmp_path, digits_mlp={**ERROR, "value": 0.5}, digits_cnn={**ERROR, "value": 0.45})
    page = _page(results, report, "report.md.j2")
    assert "| mean absolute error | 0.50 [0.40, 0.60] | 450 |" in page
    assert "**Best trade-off:** digits_cnn @ eager has the best mean absolute error with 0.45 [0.40, 0.60]" in page
    assert "digits_mlp @ eager is the fastest (0.50 [0.40, 0.60], " in page
    assert "mean absolute error (lower is better)" in page
    assert "%" not in re.search(r"\| digits_mlp @ eager \| laptop \| digits \|.*?450", page)[0]


def test_a_larger_error_at_a_higher_price_is_beaten(tmp_path):
    dear = {**ERROR, "value": 0.5, "ci_low": 0.49, "ci_high": 0.51}
    merged = _merged(
        _results(tmp_path, digits_mlp={**dear, "value": 0.2, "ci_low": 0.19, "ci_high": 0.21}, digits_cnn=dear)
    )
    lab = Lab({"members": []}, merged, synthetic.job(models=MODELS)["models"])
    best = lab.best(base_points(merged), "laptop")
    assert best.startswith("digits_mlp @ eager (0.200 [0.190, 0.210], ")
    assert "digits_cnn" not in best


def test_two_metrics_are_never_compared_and_each_is_told_apart(tmp_path):
    from joulesweep import plugins

    results = _results(tmp_path, digits_mlp={**ERROR, "value": 0.5})
    page = _page(results, report, "report.md.j2")
    assert (
        "**Best trade-off:** accuracies on different data or by different metrics are not ranked. On digits (mean absolute error), only "
        "digits_mlp @ eager was evaluated; its mean absolute error is 0.50 [0.40, 0.60]. On digits (top-1 accuracy), only digits_cnn @ "
        "eager was evaluated; its top-1 accuracy is 95.0 [93.0, 96.0] %."
    ) in page
    assert "- **Latency, digits (mean absolute error):** There are no two variants" in page
    merged = _merged(results)
    for name in ("accuracy-vs-latency", "accuracy-vs-memory"):
        panels = plugins.load("figures", name)().draw(merged, "").axes
        assert [axes.get_ylabel() for axes in panels] == ["mean absolute error", "top-1 accuracy (%)"]
    reason = "mean absolute error on digits and top-1 accuracy on digits cannot be compared"
    finding = _check(results, CLAIM)
    assert (finding.verdict, finding.cases[0].why, finding.cases[0].numbers) == (
        "undecided",
        "the metrics or the data differ",
        reason,
    )


def test_the_front_of_an_error_goes_down(tmp_path):
    """The slower model has the smaller error, so both are on the front, and the line falls."""
    few = {"ci_low": 0.3, "ci_high": 0.3, "value": 0.3}
    merged = _merged(_results(tmp_path, digits_mlp={**ERROR, "value": 0.5}, digits_cnn={**ERROR, **few}))
    figure = plugins.load("figures", "accuracy-vs-latency")()
    (axes,) = figure.draw(merged, "").axes
    (line,) = [line for line in axes.lines if line.get_drawstyle() == "steps-post"]
    assert list(line.get_ydata()) == [0.5, 0.3, 0.3]
    assert axes.get_ylabel() == "mean absolute error"
    assert figure.heading(merged)[0] == "Mean absolute error against latency"


def _kept(right: np.ndarray, **more: Any) -> dict[str, Any]:
    """A row whose right and wrong answers were kept."""
    share = float(right.mean())
    return {
        "value": share, "ci_low": share - 0.02, "ci_high": share + 0.02, "examples": len(right),
        "per_example": pack(right.astype(np.float32)), **more,
    }  # fmt: skip


def test_variants_on_the_same_examples_are_compared_one_by_one(tmp_path):
    """Both are right on nearly the same 900 of 1000 examples: two intervals of ± 2 points would leave it open."""
    right = np.ones(1000)
    right[:100] = 0
    better = right.copy()
    better[:15] = 1
    rows = {"digits_mlp": _kept(right), "digits_cnn": _kept(better)}
    finding = _check(_results(tmp_path / "same", **rows), CLAIM)
    assert finding.verdict == "supported"
    assert finding.cases[0].numbers.endswith(
        "difference -1.5 [-2.3, -0.7] percentage points, on the same 1000 examples one by one"
    )
    rows["digits_cnn"]["data_digest"] = "another"
    apart = _check(_results(tmp_path / "others", **rows), CLAIM)
    assert apart.verdict == "undecided"
    assert "one by one" not in apart.cases[0].numbers
    for damaged in ("", "f4:not packed", pack(better[:10].astype(np.float32))):
        rows["digits_cnn"] |= {"data_digest": "d161", "per_example": damaged}
        assert _check(_results(tmp_path / f"damaged {len(damaged)}", **rows), CLAIM).verdict == "undecided"


def test_where_a_bootstrap_sees_no_difference_the_two_are_taken_as_independent(tmp_path):
    """It would conclude from 500 equal answers that there never is another one."""
    answers = np.repeat([[0, 0], [1, 1], [1, 0]], [200, 280, 20], axis=0).ravel()
    row = _kept(np.ones(500)) | {
        "metric": "f1",
        "value": 0.96,
        "ci_low": 0.94,
        "ci_high": 0.98,
        "per_example": pack(answers),
    }
    claim = {"metric": "accuracy", "of": "digits_mlp", "stays": "within 1 point", "from": "digits_cnn"}
    finding = _check(_results(tmp_path, digits_mlp=row, digits_cnn=row), claim)
    assert finding.verdict == "undecided"
    assert "difference 0.0 [-2.8, 2.8] percentage points" in finding.cases[0].numbers


def test_equal_answers_stay_within_a_point(tmp_path):
    right = np.ones(500)
    right[:20] = 0
    claim = {"metric": "accuracy", "of": "digits_mlp", "stays": "within 1 point", "from": "digits_cnn"}
    assert _check(_results(tmp_path, digits_mlp=_kept(right), digits_cnn=_kept(right)), claim).verdict == "supported"


@pytest.mark.parametrize(("amount", "verdict"), [("within 0.5", "supported"), ("within 0.01", "undecided")])
def test_a_metric_without_a_unit_is_claimed_about_in_its_own(tmp_path, amount, verdict):
    results = _results(tmp_path, digits_mlp={**ERROR, "value": 0.5}, digits_cnn={**ERROR, "value": 0.5})
    claim = {
        "metric": "accuracy", "of": "digits_mlp", "stays": amount, "from": "digits_cnn",
        "accuracy_words": "mean absolute error", "accuracy_unit": "",
    }  # fmt: skip
    finding = _check(results, claim)
    assert finding.verdict == verdict
    assert finding.sentence == f"The mean absolute error of digits_mlp stays {amount} of that of digits_cnn."


def test_a_metric_that_only_another_version_knows_has_its_name(tmp_path):
    results = _results(tmp_path, digits_mlp={"metric": "bleu"}, digits_cnn={"metric": "bleu"})
    assert "| bleu | 95.0" in _page(results, report, "report.md.j2")


def _compared(tmp_path: Path, before: dict[str, Any], after: dict[str, Any]) -> tuple[bool, str]:
    """Whether anything became worse between two states of one model's row, and the page."""
    old, new = _results(tmp_path / "old", digits_mlp=before), _results(tmp_path / "new", digits_mlp=after)
    job = synthetic.job(models=MODELS, baseline=str(old))
    merge(job, new, new / "merged")
    worse = compare(job, new / "merged", new / "compare.md")
    return worse, (new / "compare.md").read_text(encoding="utf-8")


def test_a_comparison_knows_the_direction_of_a_metric_and_the_examples(tmp_path):
    right = np.ones(1000)
    right[:100] = 0
    fewer = right.copy()
    fewer[100:160] = 0
    worse, page = _compared(tmp_path / "shares", _kept(right), _kept(fewer))
    assert worse
    assert "-6.0 [" in page
    assert "percentage points | **worse** |" in page
    narrow = {**ERROR, "ci_low": 0.1, "value": 0.11, "ci_high": 0.12}
    worse, page = _compared(tmp_path / "errors", {**ERROR, "value": 0.5}, narrow)
    assert not worse
    assert "**better**" in page
    _, page = _compared(tmp_path / "data", _kept(right), _kept(fewer, data_digest="another"))
    assert (
        "accuracy of digits_mlp @ eager on laptop is not compared: it is another model or input, or other data" in page
    )
