"""The report says what was found, what failed, and what is modelled."""

import re
from pathlib import Path
from typing import Any

import pytest
from joulesweep import plugins
from joulesweep.analysis.draw_figures import draw
from joulesweep.analysis.merge.job import merge
from joulesweep.analysis.report.job import report
from joulesweep.analysis.report.markdown import text
from joulesweep.formatting import digits, percent, si, with_interval
from markdown_it import MarkdownIt

from tests import synthetic
from tests.digits_model import ROOT

HYPOTHESES = [
    {
        "metric": "latency",
        "of": "mobilenet_v3_small",
        "less_than": "resnet18",
        "because": "it has a tenth of the FLOPs",
    },
    {"metric": "energy", "tracks": "latency"},
    {"metric": "latency", "grows": "linearly", "with": "batch"},
]


def _report(results: Path, **job: Any) -> str:
    job = synthetic.job(hypotheses=HYPOTHESES, **job)
    merge(job, results, results / "merged")
    figures = results / "figures" / "figures.json"
    draw(job, results / "merged", figures, "")
    report(job, results / "merged", figures, ROOT / "workflow/templates/report.md.j2", results / "report.md")
    return (results / "report.md").read_text(encoding="utf-8")


def _parts(words: str) -> dict[str, str]:
    return {part.split("\n", 1)[0]: part for part in re.split(r"^## ", words, flags=re.MULTILINE)}


@pytest.fixture(scope="module")
def modelled(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _report(synthetic.tree(tmp_path_factory.mktemp("modelled"), kind="modelled"))


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _report(synthetic.tree(tmp_path_factory.mktemp("three"), ("laptop", "pi", "jetson")))


def test_the_parts_come_in_the_order_of_the_design(modelled):
    assert [part for part in _parts(modelled) if not part.startswith("#")] == [
        "What was benchmarked, and why",
        "Answers in five lines",
        "Hypotheses",
        "Parameters and FLOPs",
        "Latency",
        "Energy (modelled)",
        "What tracks what",
        "Accuracy against latency",
        "Devices",
        "What looked strange",
        "Difficulties met",
        "How it was measured",
        "To cite",
    ]


def test_the_answers_are_five_lines(modelled):
    assert len(re.findall(r"^- ", _parts(modelled)["Answers in five lines"], re.MULTILINE)) == 5


def test_a_modelled_figure_is_never_shown_as_a_measured_one(modelled):
    energy = _parts(modelled)["Energy (modelled)"]
    rows = [line for line in energy.splitlines() if re.match(r"\| \w+ @ ", line)]
    assert rows
    assert all("modelled" in line for line in rows)
    assert all("modelled" in line for line in energy.splitlines() if line.startswith(("#", "![")))
    assert "| measured |" not in modelled
    assert "**Energy (modelled, not measured):**" in modelled
    assert "undecided: modelled" in _parts(modelled)["Hypotheses"]


def test_measured_energy_is_called_measured(three):
    assert "| measured |" in three
    assert "modelled" not in _parts(three)["Energy"]


def test_failed_rows_are_there_with_their_reason(modelled):
    assert "| vit_tiny @ onnxruntime | *timeout*: 300 s passed |" in modelled
    strange = _parts(modelled)["What looked strange"]
    assert (
        "latency failed at 1 of 5 points (size 128), status oom: the kernel killed the process: out of memory."
        in strange
    )
    assert "all 5 points, status timeout" in strange
    assert "`not_settled`" in strange


def test_every_hypothesis_has_a_verdict_and_numbers(modelled):
    part = _parts(modelled)["Hypotheses"]
    assert (
        "1. **supported** — The latency of mobilenet_v3_small is less than that of resnet18. *Because: it has" in part
    )
    assert "ratio 0.27" in part
    assert "exponent 0.9" in part


def test_the_report_says_whether_the_formula_accounts_for_sharing(modelled):
    part = _parts(modelled)["Parameters and FLOPs"]
    assert "counts it once" in part
    assert "vit_tiny uses 4.10 k elements more than once" in part


def test_every_figure_is_linked_relative_with_words(modelled):
    links = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", modelled)
    figures = {name.replace("-", "_"): plugins.load("figures", name) for name in plugins.names("figures")}
    drawn = [f"{n}_{a}" for n, f in figures.items() for a in (("batch", "size") if f.per_axis else ())]
    drawn += [name for name, figure in figures.items() if not figure.per_axis]
    assert sorted(link for _, link in links) == sorted(f"figures/{name}.png" for name in drawn)


def test_it_says_how_to_measure_again_and_what_to_cite(modelled):
    assert "make remeasure MODEL=mobilenet_v3_small RUNTIME=eager" in modelled
    cite = _parts(modelled)["To cite"]
    for words in ("commit ", "configuration 0123456789abcdef", "device laptop", "torch=2.14.1", "2026-11-20T10:00:00"):
        assert words in cite


def test_several_devices_stand_side_by_side(three):
    for device in ("laptop", "pi", "jetson"):
        assert f"### Latency on {device}" in three


def test_what_other_devices_alone_measured_is_marked(tmp_path):
    words = _report(synthetic.tree(tmp_path, ("laptop", "pi")), models=["resnet18"])
    assert "† Not in this configuration, measured on another device:" in words
    assert "squeezenet1_1 @ eager †" in words


def test_difficulties_are_listed_with_what_to_do(tmp_path):
    synthetic.tree(tmp_path)
    path = tmp_path / "devices/laptop/latency/resnet18.csv"
    path.write_text(path.read_text(encoding="utf-8") + "torn", encoding="utf-8")
    part = _parts(_report(tmp_path))["Difficulties met"]
    assert "devices/laptop/latency/resnet18.csv" in part
    assert "torn" in part


def test_an_empty_set_makes_a_report_that_says_so(tmp_path):
    words = _report(tmp_path)
    assert "Nothing has been measured yet." in words
    assert "nothing to compare was measured" in words


@pytest.mark.parametrize("which", ["modelled", "three"])
def test_it_renders_with_every_table_whole(which, request):
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(request.getfixturevalue(which))
    assert "| ---" not in html
    assert html.count("<table>") >= 8
    assert "nan" not in re.sub(r"<[^>]+>", " ", html).split()


def test_words_of_users_cannot_break_a_table():
    assert text("a | b\n<script> *c*") == "a \\| b &lt;script&gt; \\*c\\*"


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.0312, "0.0312"), (9.996, "10.0"), (128.4, "128"), (1234, "1230"), (0, "0"), (float("nan"), "–")],
)
def test_figures_have_three_digits_and_no_exponent(value, written):
    assert digits(value) == written


def test_counts_and_intervals_are_written_for_people():
    assert si(11_689_512) == "11.7 M"
    assert si(999_999, "B") == "1.00 MB"
    assert si(12) == "12"
    assert with_interval(0.0123, 0.0120, 0.0126, 1e3) == "12.3 ± 2.5 %"
    assert percent(1.4) == "140 %"
