"""The lab report answers every question of the sheet in its order, and keeps what its writers wrote."""

import logging
import re
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from joulesweep.analysis.lab_report import own_words
from joulesweep.analysis.merge.job import merge
from joulesweep.analysis.report.job import lab_report
from joulesweep.errors import UserError
from joulesweep.launches import columns
from joulesweep.launches.table_file import write_table
from markdown_it import MarkdownIt

from tests import synthetic
from tests.digits_model import ROOT

TEMPLATE = ROOT / "workflow" / "templates" / "lab_report.md.j2"
CLAIMS = [
    {
        "metric": "latency",
        "of": "mobilenet_v3_small",
        "less_than": "resnet18",
        "because": "it has a tenth of the FLOPs",
    },
    {"metric": "energy", "tracks": "latency"},
]
LAB = {"group": "Group 7", "members": ["Ada", "Alan", "Grace", "Edsger"]}


def _written(results: Path, **job: Any) -> str:
    """The page, from the tables of the devices that are there."""
    job = synthetic.job(**{"hypotheses": CLAIMS, "lab": LAB, **job})
    merge(job, results, results / "merged")
    figures = synthetic.list_figures(results, job, drawn=False)
    lab_report(job, results / "merged", figures, TEMPLATE, results / "lab_report.md")
    return (results / "lab_report.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _written(synthetic.tree(tmp_path_factory.mktemp("lab"), ("laptop", "pi")))


def _answers(page: str) -> dict[str, str]:
    """What follows each question, up to the next one or the next part."""
    parts = re.split(r"^> \*\*(\d\.\d)\*\* .*$", page, flags=re.MULTILINE)
    return {
        number: re.split(r"^## ", text, flags=re.MULTILINE)[0]
        for number, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_every_question_of_the_sheet_is_asked_in_its_order_and_answered(page):
    answers = _answers(page)
    assert list(answers) == ["1.1", "1.2", "1.3", "2.1", "2.2", "2.3", "3.1", "3.2", "3.3", "4.1", "4.2", "5.1", "5.2", "6.1", "6.2", "6.3"]  # fmt: skip
    assert all(answer.strip() for answer in answers.values())
    for number, words in {
        "1.1": "| resnet18 |",
        "1.3": "Because it has a tenth of the FLOPs",
        "2.1": "parameters (lab's formula)",
        "2.2": "counts a parameter once",
        "3.1": "| mean of k = 10, ms | standard deviation, ms |",
        "3.2": "- batch 1, 2, 4, 8",
        "4.1": "| average power, W | × time per pass, ms | = energy per pass, mJ ± 95 % |",
        "5.1": "**Supported**",
        "6.1": "one multiply-add is two FLOPs",
        "6.2": "| pi |",
        "6.3": "Nothing that was measured on laptop is both faster and better on these data than: ",
    }.items():
        assert words in answers[number], number


def test_the_best_trade_off_holds_the_variant_that_the_limits_leave_where_some_are_asked_for(page, tmp_path):
    choose = {"max_latency_ms": 20, "device": "laptop"}
    answer = _answers(_written(synthetic.tree(tmp_path), choose=choose))["6.3"]
    assert "latency of at most 20 ms. [Which variant to take](report.md#which-variant-to-take)" in answer
    assert "- **laptop:** take **digits_" in answer
    assert "choose" not in _answers(page)["6.3"]


def test_the_best_on_each_data_set_are_named_apart(tmp_path):
    results = synthetic.tree(tmp_path)
    path = results / "devices/laptop/accuracy/digits_mlp.csv"
    write_table(
        path, columns.ACCURACY, [synthetic.accuracy_row("laptop", "digits_mlp", "eager", 0.7, dataset="flowers")]
    )
    answer = _answers(_written(results))["6.3"]
    assert re.search(
        r"better on these data than: digits_cnn @ .* on digits \(top-1 accuracy\); digits_mlp @ eager .* on flowers",
        answer,
    )


def test_watts_times_seconds_are_the_joules_beside_them(page):
    row = next(line for line in _answers(page)["4.1"].splitlines() if line.startswith("| resnet18 @ eager"))
    watts, milliseconds, joules = (float(cell.split()[0]) for cell in row.split(" | ")[4:7])
    assert watts * milliseconds == pytest.approx(joules, rel=0.1)


def test_names_stand_on_top_and_too_few_models_are_said(page, tmp_path):
    assert "**Group:** Group 7\n" in page
    assert "**Members:** Ada, Alan, Grace and Edsger\n" in page
    assert "The lab asks for two models" not in page
    few = _written(synthetic.tree(tmp_path / "few", models=["digits_mlp"]), models=["digits_mlp"])
    assert "that is 8 for 4 members; the configuration has" in few
    nobody = _written(
        synthetic.tree(tmp_path / "nobody", models=["digits_mlp"]), models=["digits_mlp"], lab={"members": []}
    )
    assert "**Group:** *(write `lab: {group: Group 7, members: [Ada, Alan]}` in config.yaml)*" in nobody


def test_modelled_energy_is_called_modelled_and_nothing_is_measured_says_so(tmp_path):
    words = _written(synthetic.tree(tmp_path / "modelled", kind="modelled"))
    assert "**Energy here is modelled.** Modelled energy is no measurement" in words
    assert "| **modelled** |" in _answers(words)["4.1"]
    assert "**Nothing has been measured yet:** run `make all`" in _written(tmp_path / "empty")


def test_it_renders_with_every_table_whole(page):
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(page)
    assert "| ---" not in html
    assert "nan" not in page


def test_words_survive_where_they_stand_when_the_page_is_made_again(tmp_path):
    results = synthetic.tree(tmp_path, models=["digits_mlp"])
    before = _written(results, models=["digits_mlp"])
    mine = "The fan was *loud*.\n\n- so we waited\n\n\n  <b>and</b> waited"
    begin = "<!-- your words: what was strange -->"
    (results / "lab_report.md").write_text(before.replace(f"{begin}\n*(your words)*", f"{begin}\n{mine}"))
    again = _written(results, models=["digits_mlp"], lab={"group": "Another", "members": []})
    assert f"{begin}\n{mine}\n<!-- end of your words -->" in again
    assert "**Group:** Another" in again
    assert again.count("*(your words)*") == before.count("*(your words)*") - 1
    assert sorted(path.name for path in results.glob("lab_report*")) == ["lab_report.md"]


def test_a_page_that_was_changed_elsewhere_is_kept_beside_the_new_one(tmp_path, caplog):
    results = synthetic.tree(tmp_path, models=["digits_mlp"])
    changed = _written(results, models=["digits_mlp"]).replace("## 1 Models", "## 1 Our models")
    (results / "lab_report.md").write_text(changed)
    with caplog.at_level(logging.WARNING):
        again = _written(results, models=["digits_mlp"])
    assert "## 1 Models" in again
    assert (results / "lab_report_before_1.md").read_text() == changed
    assert "the page as it was is kept in" in caplog.text
    (results / "lab_report.md").write_text(again.replace("## 5", "## V"))
    _written(results, models=["digits_mlp"])
    assert (results / "lab_report_before_2.md").exists()


@pytest.mark.parametrize("lost", ["<!-- end of your words -->", "<!-- your words: hypotheses -->"])
def test_a_lost_comment_is_one_line_and_nothing_is_overwritten(tmp_path, lost):
    results = synthetic.tree(tmp_path, models=["digits_mlp"])
    broken = _written(results, models=["digits_mlp"]).replace(lost, "", 1)
    (results / "lab_report.md").write_text(broken)
    with pytest.raises(UserError, match=r"lab_report.md, line \d+: .*put the missing one back"):
        _written(results, models=["digits_mlp"])
    assert (results / "lab_report.md").read_text() == broken


@hypothesis.given(
    st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r")), min_size=2, max_size=2)
)
def test_any_words_are_kept_as_they_are(tmp_path_factory, words):
    hypothesis.assume(not any(re.search("<!-- (your|end)|<!--$", text) for text in words))
    path = tmp_path_factory.mktemp("words") / "page.md"
    template = f"# A\n\n{own_words.place('one')}\n\n{own_words.place('two')}\n"
    own_words.replace(path, template)
    text = path.read_text(encoding="utf-8")
    for name, each in zip(("one", "two"), words, strict=True):
        text = text.replace(own_words.place(name), own_words.place(name, each))
    path.write_bytes(text.encode())
    assert own_words.replace(path, template) is None
    found = path.read_text(encoding="utf-8")
    for name, each in zip(("one", "two"), words, strict=True):
        kept = each.strip("\n") if each.strip() else "*(your words)*"
        assert own_words.place(name, kept) in found
