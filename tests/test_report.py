"""The report says what was found, what failed, and what is modelled."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from joulesweep import plugins
from joulesweep.analysis.anomalies.flags import FLAGS
from joulesweep.analysis.merge.job import merge
from joulesweep.analysis.page import job as page_job
from joulesweep.analysis.report import job as report_job
from joulesweep.analysis.report import tables
from joulesweep.analysis.report.job import report
from joulesweep.analysis.report.markdown import listing, shortened, text, verbatim
from joulesweep.analysis.report.markdown import table as table_of
from joulesweep.formatting import (
    MOST_NAMED,
    bracketed,
    digits,
    first_of,
    half_width,
    percent,
    scored,
    si,
    significant,
    with_interval,
)
from joulesweep.launches import columns
from joulesweep.launches.table_file import write_table
from joulesweep.measure.missing import MOST_FURTHER
from joulesweep.merged.load import load
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


def _report(results: Path, images: bool = False, **job: Any) -> str:
    """The report; with `images` every figure that has data counts as drawn, without them none does."""
    job = synthetic.job(**{"hypotheses": HYPOTHESES, **job})
    merge(job, results, results / "merged")
    figures = synthetic.list_figures(results, job, drawn=images)
    report(job, results / "merged", figures, ROOT / "workflow/templates/report.md.j2", results / "report.md")
    return (results / "report.md").read_text(encoding="utf-8")


def _parts(words: str) -> dict[str, str]:
    return {part.split("\n", 1)[0]: part for part in re.split(r"^## ", words, flags=re.MULTILINE)}


@pytest.fixture(scope="module")
def modelled(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _report(synthetic.tree(tmp_path_factory.mktemp("modelled"), kind="modelled"), images=True)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _report(synthetic.tree(tmp_path_factory.mktemp("three"), ("laptop", "pi", "jetson")))


def test_the_parts_come_in_the_order_of_the_design(modelled):
    assert [part for part in _parts(modelled) if not part.startswith("#")] == [
        "What was benchmarked, and why",
        "Answers in five lines",
        "Hypotheses",
        "Parameters and FLOPs",
        "Where each variant ran",
        "Latency",
        "Energy (modelled)",
        "What tracks what",
        "Accuracy against its cost",
        "Devices",
        "Why: where the time goes",
        "What looked strange",
        "Difficulties",
        "How it was measured",
        "To cite",
    ]


def test_the_answers_are_five_lines(modelled):
    assert len(re.findall(r"^- ", _parts(modelled)["Answers in five lines"], re.MULTILINE)) == 5


def test_the_answers_are_the_fastest_the_thriftiest_the_smallest_the_best_trade_off_and_what_to_beware_of(three):
    lines = re.findall(r"^- (.*)", _parts(three)["Answers in five lines"], re.MULTILINE)
    assert [line.split(":**")[0] for line in lines] == ["**Speed", "**Energy", "**Size", "**Best trade-off", "**Beware"]
    speed, energy, size, trade_off, beware = lines
    assert "digits_mlp @ onnxruntime is the fastest" in speed
    assert "onnxruntime takes 0." in speed
    assert "needs the least" in energy
    assert "digits_mlp is the smallest with 9.03 k parameters, resnet18 the largest with 11.7 M." in size
    assert "has the best top-1 accuracy with 98" in trade_off
    assert "without a latency that can be used" in beware
    assert beware.endswith("[What looked strange](#what-looked-strange) has the details.")


def test_the_variant_that_the_limits_leave_is_named_before_the_other_answers_in_one_line_per_device(tmp_path):
    results = synthetic.tree(tmp_path, ("laptop", "pi"), kind="modelled")
    words = _report(results, choose={"max_latency_ms": 20, "min_accuracy": 95})
    parts = _parts(words)
    assert list(parts).index("Which variant to take") == list(parts).index("Answers in five lines") - 1
    part = parts["Which variant to take"]
    assert "latency of at most 20 ms and top-1 accuracy of at least 95 %, at the base point" in part
    lines = re.findall(r"^- (.*)", part, re.MULTILINE)
    assert [line.split(" @ ")[0] for line in lines] == ["**laptop:** take **digits_cnn", "**pi:** take **digits_cnn"]
    assert all("top-1 accuracy 98" in line and re.search(r"modelled energy \d", line) for line in lines)
    assert len(re.findall(r"^- ", parts["Answers in five lines"], re.MULTILINE)) == 5


def test_without_limits_no_variant_is_named_to_take(three):
    assert "Which variant to take" not in three
    assert "choose" not in three


def test_the_fronts_are_told_per_device_and_cost_and_modelled_energy_is_called_so(three, modelled):
    lines = re.findall(r"^- (\*\*.*?:\*\*)", _parts(three)["Accuracy against its cost"], re.MULTILINE)
    costs = ("Latency", "Energy", "Peak memory", "Size")
    assert lines == [f"**{cost} on {device}:**" for device in ("jetson", "laptop", "pi") for cost in costs]
    lines = re.findall(r"^- (\*\*.*?:\*\*)", _parts(modelled)["Accuracy against its cost"], re.MULTILINE)
    assert lines == ["**Latency:**", "**Modelled energy:**", "**Peak memory:**", "**Size:**"]


def test_where_nothing_is_to_be_bewared_of_the_answer_says_so(tmp_path):
    row = synthetic.latency_row("laptop", "digits_mlp", "eager", 0.03, 0.01)
    write_table(tmp_path / "devices/laptop/latency/digits_mlp.csv", columns.LATENCY, [row])
    answers = _parts(_report(tmp_path, models=["digits_mlp"]))["Answers in five lines"]
    assert "**Beware:** nothing was found that speaks against these lines." in answers
    assert "**Size:** no model was counted." in answers
    assert "cannot be weighed against cost" in answers


def test_what_latency_follows_is_the_first_line_of_what_tracks_what(three):
    lines = _parts(three)["What tracks what"].splitlines()
    assert next(filter(None, lines[1:])).startswith(
        "Over the 7 models in eager on laptop, latency rises with FLOPs (ρ = "
    )


def test_a_modelled_figure_is_never_shown_as_a_measured_one(modelled):
    energy = _parts(modelled)["Energy (modelled)"]
    rows = [line for line in energy.splitlines() if re.match(r"\| \w+ @ ", line)]
    assert rows
    assert all("modelled" in line for line in rows)
    assert all("modelled" in line for line in energy.splitlines() if line.startswith(("#", "![")))
    assert "| measured |" not in modelled
    assert "**Energy (modelled, not measured):**" in modelled
    assert "**Undecided**: modelled energy decides nothing" in _parts(modelled)["Hypotheses"]


def test_measured_energy_is_called_measured(three):
    assert "| measured |" in three
    assert "modelled" not in _parts(three)["Energy"]


def test_failed_rows_are_there_with_their_reason_whole_variants_first(modelled):
    assert "| vit_tiny @ onnxruntime | *timeout*: 300 s passed |" in modelled
    lines = re.findall("^- (.*)", _parts(modelled)["Difficulties"], re.MULTILINE)
    assert lines[0] == "**vit_tiny @ onnxruntime on laptop: latency failed** at all 5 points: timeout, 300 s passed."
    assert (
        "resnet18 @ onnxruntime-int8 on laptop: latency failed at size 128: oom, the kernel killed the process: out of memory."
        in lines[1:]
    )
    assert "**Not everything worked:**" in modelled.split("## ")[0]


def test_flags_are_explained_with_what_to_do(modelled):
    lines = modelled.splitlines()
    (line,) = [line for line in lines if line.startswith("- **not_settled** in latency, 1 of ")]
    assert ": pass times were still changing" in line
    assert line.endswith("Seen in resnet18 @ eager on laptop at the base point.")


def test_a_flag_that_many_variants_have_names_four_of_them_and_counts_the_rest(tmp_path):
    for model in synthetic.MODELS:
        rows = [
            synthetic.latency_row("laptop", model, runtime, 0.03, flags="wide") for runtime in ("eager", "onnxruntime")
        ]
        write_table(tmp_path / f"devices/laptop/latency/{model}.csv", columns.LATENCY, rows)
    part = _parts(_report(tmp_path))["What looked strange"]
    (line,) = [line for line in part.splitlines() if line.startswith("- **wide** in latency, 14 of 14 points: ")]
    assert line.count(" on laptop at the base point") == 4
    assert line.endswith("; 10 more (column `flags` of `results/merged/latency.csv`).")


def test_a_latency_on_two_levels_is_told_with_both(tmp_path):
    row = synthetic.latency_row("laptop", "resnet18", "eager", 0.036, flags="two_levels cores_move")
    row |= {"low_level_s": 0.03, "high_level_s": 0.054, "high_share": 0.3}
    write_table(tmp_path / "devices/laptop/latency/resnet18.csv", columns.LATENCY, [row])
    parts = _parts(_report(tmp_path, models=["resnet18"]))
    assert re.search(r"resnet18 @ eager \| 36.* \(30 or 54\) \|", parts["Latency"])
    assert "In brackets: the launches fell into two groups" in parts["Latency"]
    strange = parts["What looked strange"]
    assert "**two_levels** in latency, 1 of 1 point: the launches form a faster and a slower group" in strange
    assert (
        "Seen in resnet18 @ eager on laptop at the base point (30.0 ms, and 54.0 ms in 30 % of the launches)."
        in strange
    )
    assert "because the host of a virtual machine moves them" in parts["What looked strange"]


def test_a_variant_that_computes_another_model_is_named_at_the_top_and_explained(tmp_path):
    faithful = synthetic.latency_row("laptop", "resnet18", "eager", 0.036)
    ran_on = "CPUExecutionProvider, 60 of 60 operators, int8"
    off = {"max_error": 0.31, "tolerance": 0.1, "agrees": "no", "flags": "differs", "ran_on": ran_on}
    other = synthetic.latency_row("laptop", "resnet18", "onnxruntime-int8", 0.02, **off)
    write_table(tmp_path / "devices/laptop/latency/resnet18.csv", columns.LATENCY, [faithful, other])
    words = _report(tmp_path, models=["resnet18"])
    part = _parts(words)["Where each variant ran"]
    assert "**Not every variant computes the model whose name it has:**" in words.partition("## ")[0]
    assert re.search(r"resnet18 @ eager \| torch on cpu, float32 \| below 0.001 \| 0.10 \| yes \|", part)
    assert re.search(rf"resnet18 @ onnxruntime-int8 \| {ran_on} \| 31 \| 10 \| \*\*no\*\* \|", part)
    assert "an output is off by 31 % of the largest one" in part
    assert "**differs** in latency, 1 of 2 points" in words


def test_where_launches_of_energy_ran_is_named_only_if_they_ran_elsewhere(tmp_path):
    write_table(
        tmp_path / "devices/laptop/latency/resnet18.csv",
        columns.LATENCY,
        [synthetic.latency_row("laptop", "resnet18", runtime, 0.036) for runtime in ("eager", "onnxruntime")],
    )
    rows = [
        synthetic.energy_row("laptop", "resnet18", "eager", 0.4),
        synthetic.energy_row("laptop", "resnet18", "onnxruntime", 0.4, ran_on="another provider"),
    ]
    write_table(tmp_path / "devices/laptop/energy/resnet18.csv", columns.ENERGY, rows)
    part = _parts(_report(tmp_path, models=["resnet18"]))["Where each variant ran"]
    assert "| resnet18 @ eager | torch on cpu, float32 |" in part
    assert "| resnet18 @ onnxruntime | torch on cpu, float32; in launches of energy: another provider |" in part


def test_a_variant_that_was_not_compared_is_said_to_be_not_compared(tmp_path):
    nothing = {"max_error": None, "tolerance": None, "agrees": None}
    write_table(
        tmp_path / "devices/laptop/latency/resnet18.csv",
        columns.LATENCY,
        [synthetic.latency_row("laptop", "resnet18", "eager", 0.036, **nothing)],
    )
    words = _report(tmp_path, models=["resnet18"])
    assert "| – | – | not compared |" in _parts(words)["Where each variant ran"]
    assert "Not every variant computes" not in words


def test_every_flag_of_a_table_has_a_meaning():
    """The columns list the flags that exist."""
    for table in (columns.LATENCY, columns.ENERGY):
        (column,) = [column for column in table.columns if column.name == "flags"]
        named = re.findall(r"\b[a-z]+(?:_[a-z]+)*\b", column.meaning.partition(":")[2].replace("and by the merge", ""))
        assert named
        assert set(named) <= set(FLAGS), set(named) - set(FLAGS)


def test_under_voltage_is_explained_with_what_to_do(tmp_path):
    row = synthetic.latency_row("laptop", "resnet18", "eager", 0.03, flags="throttled under_voltage")
    write_table(tmp_path / "devices/laptop/latency/resnet18.csv", columns.LATENCY, [row])
    part = _parts(_report(tmp_path, models=["resnet18"]))["What looked strange"]
    assert "**under_voltage** in latency, 1 of 1 point: the supply voltage" in part
    assert "use the official power supply" in part


def test_every_hypothesis_has_a_number_a_verdict_and_numbers(modelled):
    part = _parts(modelled)["Hypotheses"]
    assert (
        "1. The latency of mobilenet_v3_small is less than that of resnet18. **Supported**: in all 3 cases. *Expected because it has"
        in part
    )
    assert re.search(r"ratio 0\.2\d* ", part)
    assert "each further unit). **Undecided**: supported in 15 and undecided in 1 of 16 cases" in part
    assert re.search(r"\d ms \+ \d+\.\d+ ms × batch; ", part)


def test_the_report_says_whether_the_formula_accounts_for_sharing(modelled):
    part = _parts(modelled)["Parameters and FLOPs"]
    assert "counts a parameter once if several modules use it" in part
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
    for words in ("commit ", "configuration 0123456789abcdef", "device laptop", "torch=2.14.1", "2026-11-20 10:00 UTC"):
        assert words in cite


def test_several_devices_stand_side_by_side(three):
    for device in ("laptop", "pi", "jetson"):
        assert f"### Latency on {device}" in three
    (row,) = re.findall(r"^\| digits_mlp \| [^|]*ms.*", three.replace("± ", "ms ± "), re.MULTILINE)[:1]
    assert row.count("(onnxruntime)") == 3, "each device with the runtime that is the fastest there"


def test_a_long_table_shows_its_first_rows_and_names_the_file_with_all_of_them():
    rows = [[f"m{number}", str(number)] for number in range(30)]
    shown = table_of(["model", "ms"], rows, numbers=1) + "\n\nIn brackets: something."
    assert shortened(shown, 30, "results/merged/latency.csv") == shown
    short = shortened(shown, 10, "results/merged/latency.csv")
    assert short.splitlines()[:12] == shown.splitlines()[:12]
    assert "| m10 |" not in short
    assert "The first 10 of 30 rows" in short
    assert "`results/merged/latency.csv` has all of them" in short
    assert short.endswith("\n\nIn brackets: something.")
    assert shortened("", 10, "results/merged/latency.csv") == ""


def test_a_long_list_and_a_long_sentence_say_how_much_they_leave_out():
    assert listing(map(str, range(3)), 2).splitlines() == ["- 0", "- 1", "- and 1 more like these"]
    assert listing(["a", "b"], 2) == "- a\n- b"
    names = [f"m{number}" for number in range(MOST_NAMED + 2)]
    assert first_of(names) == [*names[:-2], "2 more"]
    assert first_of(names[:-2]) == names[:-2]


def test_many_devices_share_the_rows_of_a_section(tmp_path, monkeypatch):
    """A page that a code host would not show is no use; the device that is reported keeps its first variants too."""
    monkeypatch.setattr(report_job, "_MOST_ROWS", 6)
    monkeypatch.setattr(report_job, "_MOST_CASES", 7)
    monkeypatch.setattr(report_job, "_MOST_MODELS", 6)
    words = _report(synthetic.tree(tmp_path, ("laptop", "pi", "jetson")))
    for device in ("laptop", "pi", "jetson"):
        section = words.partition(f"### Latency on {device}\n")[2].partition("\n#")[0]
        assert len(re.findall(r"^\| \w+ @ ", section, re.MULTILINE)) == 2
        assert "The first 2 of 17 rows, in the order of the configuration; `results/merged/latency.csv`" in section
    assert "<details><summary>The 7 models</summary>" in words
    assert re.search(r"the numbers of 7 of \d+ cases", words)
    assert "more like these" in words


def test_what_this_configuration_does_not_name_is_marked_and_left_out_of_answers(tmp_path):
    words = _report(synthetic.tree(tmp_path, ("laptop", "pi")), models=["resnet18", "vit_tiny"])
    assert "† Not named by this configuration" in words
    assert "- pi: digits_cnn @ eager, " in words
    assert "squeezenet1_1 @ eager †" in words
    for part in ("Answers in five lines", "Hypotheses", "What tracks what"):
        assert "squeezenet" not in _parts(words)[part]


def test_a_device_under_a_former_name_is_no_answer(tmp_path):
    """Its rows are marked by the merge, whatever the reason is that the configuration does not name them."""
    words = _report(synthetic.tree(tmp_path, ("former",)), device="laptop", models=[])
    assert "The device of this configuration, laptop, has no results yet." in words
    assert "There is nothing to answer from yet." in words


def test_every_device_of_a_cluster_without_results_is_named(tmp_path):
    words = _report(synthetic.tree(tmp_path, ("laptop", "pi")), device="head", devices=["laptop", "pi", "orin"])
    assert re.findall(r"The device of this configuration, (\S+), has no results yet", words) == ["orin"]


def test_a_device_of_a_cluster_has_results_where_it_has_them_in_a_power_mode(tmp_path):
    synthetic.tree(tmp_path, ("laptop", "orin.15W"))
    path = tmp_path / "devices" / "orin.15W" / "device.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "power_mode": "15W"}))
    words = _report(tmp_path, device="head", devices=["laptop", "orin", "laptop.15W"])
    assert re.findall(r"The device of this configuration, (\S+), has no results yet", words) == ["laptop.15W"]


def test_a_report_of_another_devices_results_answers_for_that_device(tmp_path):
    words = _report(synthetic.tree(tmp_path, ("pi",)), device="laptop")
    assert "On pi, at the base point." in words
    assert "laptop" not in _parts(words)["Difficulties"]


def test_a_row_that_contradicts_itself_is_marked_explained_and_no_answer(tmp_path):
    rows = [
        synthetic.latency_row("laptop", "resnet18", "eager", 0.03),
        synthetic.latency_row("laptop", "resnet18", "onnxruntime", 0.129, flags="inconsistent"),
    ]
    write_table(tmp_path / "devices/laptop/latency/resnet18.csv", columns.LATENCY, rows)
    words = _report(tmp_path, models=["resnet18"])
    assert "| resnet18 @ onnxruntime ‡ | 129 ± " in words
    assert re.search(
        r"\*\*inconsistent\*\* in latency, 1 of 2 points: .*Seen in resnet18 @ onnxruntime",
        _parts(words)["What looked strange"],
    )
    assert "129" not in _parts(words)["Answers in five lines"]
    assert "Nothing else was measured." in _parts(words)["Answers in five lines"]


def test_a_model_without_any_result_is_the_first_difficulty(tmp_path):
    results = synthetic.tree(tmp_path, models=["resnet18", "digits_mlp"])
    part = _parts(_report(results, models=["resnet18", "vit_tiny", "digits_mlp"]))["Difficulties"]
    assert re.findall("^- (.*)", part, re.MULTILINE)[0].startswith("**vit_tiny has no results on laptop.**")


def test_a_run_in_which_everything_worked_says_so(tmp_path):
    results = synthetic.tree(tmp_path, models=["digits_mlp"])
    words = _report(results, models=["digits_mlp"])
    assert "No failures: every configured model has results" in _parts(words)["Difficulties"]
    assert "Not everything worked" not in words


def test_difficulties_are_listed_with_what_to_do(tmp_path):
    synthetic.tree(tmp_path)
    path = tmp_path / "devices/laptop/latency/resnet18.csv"
    path.write_text(path.read_text(encoding="utf-8") + "torn", encoding="utf-8")
    part = _parts(_report(tmp_path))["Difficulties"]
    assert "devices/laptop/latency/resnet18.csv" in part
    assert "torn" in part


def test_an_empty_set_makes_a_report_that_says_so(tmp_path):
    words = _report(tmp_path)
    assert "Nothing has been measured yet." in words
    assert "nothing that it covers has a figure that can be used" in words
    assert "None" not in _parts(words)["Difficulties"]
    assert "No model was counted." in words


def test_wide_intervals_are_the_first_lines_with_cause_cure_and_time(tmp_path):
    rows = [
        synthetic.latency_row("laptop", model, "eager", 0.03, 0.2, flags="busy")
        for model in ("resnet18", "squeezenet1_1", "vit_tiny")
    ]
    for row in rows:
        write_table(tmp_path / f"devices/laptop/latency/{row['model']}.csv", columns.LATENCY, [row])
    first = _report(tmp_path, models=["resnet18", "squeezenet1_1", "vit_tiny"]).split("## ")[0]
    assert "**Most intervals are wider than ± 10 %:** 3 of 3 intervals of latency (median ± 20 %)" in first
    assert "close what is not needed" in first
    assert "`threads: 1`" in first
    assert "With about 20 launches per point (`launches` in the section `latency`" in first
    assert "about ± 10 % can be expected at best" in first


def test_where_more_time_would_not_do_the_report_says_so(tmp_path):
    row = synthetic.latency_row("laptop", "resnet18", "eager", 0.03, 0.8)
    write_table(tmp_path / "devices/laptop/latency/resnet18.csv", columns.LATENCY, [row])
    assert "More `launches` will not make them narrow enough." in _report(tmp_path, models=["resnet18"]).split("## ")[0]


@pytest.mark.parametrize("flags", ["", "busy"])
def test_where_no_latency_can_be_used_the_first_lines_say_why_and_what_to_do(tmp_path, flags):
    """All intervals reach beyond ± 100 %, as on a machine on which other processes work all the time."""
    for model in ("resnet18", "vit_tiny"):
        rows = [synthetic.latency_row("laptop", model, "eager", 0.03, 1.6, flags=flags)]
        write_table(tmp_path / f"devices/laptop/latency/{model}.csv", columns.LATENCY, rows)
    words = _report(tmp_path, models=["resnet18", "vit_tiny"])
    first, difficulties = words.split("## ")[0], _parts(words)["Difficulties"]
    assert (
        "**No latency can be used:** `undetermined` at 2 points. [Difficulties](#difficulties) has the reason" in first
    )
    cause = (
        "Other processes used the cores: close what is not needed, and measure on an idle machine."
        if flags
        else "idle, cool"
    )
    assert cause in first
    assert "measure again, model by model: `make remeasure MODEL=resnet18`." in first
    assert difficulties.count("the interval reaches to 2.60 times the figure") == 2


def test_where_every_launch_failed_the_first_lines_name_the_failures_and_no_other_cause(tmp_path):
    row = synthetic.latency_row("laptop", "resnet18", "eager", 0.03)
    rows = [
        synthetic.failed(row | {"batch": batch, "base": int(batch == 1)}, "timeout", "300 s passed") for batch in (1, 2)
    ]
    rows.append(synthetic.failed(row | {"batch": 4, "base": 0}, "oom", "out of memory"))
    write_table(tmp_path / "devices/laptop/latency/resnet18.csv", columns.LATENCY, rows)
    words = _report(tmp_path, models=["resnet18"])
    first = words.split("## ")[0]
    assert "**No latency can be used:** `timeout` at 2 points and `oom` at 1 point." in first
    assert "`make remeasure MODEL=resnet18`" in first
    assert "idle" not in first
    assert "300 s passed" in _parts(words)["Difficulties"]


def test_narrow_intervals_need_no_advice(tmp_path):
    row = synthetic.latency_row("laptop", "resnet18", "eager", 0.03, 0.01)
    write_table(tmp_path / "devices/laptop/latency/resnet18.csv", columns.LATENCY, [row])
    assert "Most intervals are wider" not in _report(tmp_path, models=["resnet18"])


ODD = "{x} 100 % `a` | <b>b</b> _c_ $d$ ~~e~~ &lt; # [f](g) ![h](i)"


def test_any_text_of_a_user_is_shown_as_text(tmp_path):
    """Braces, percent signs, backticks, pipes, HTML, mathematics and links, in title, reasons and device names."""
    rows = [synthetic.latency_row(ODD.replace("/", ""), "resnet18", "eager", 0.03)]
    device = ODD.replace("/", "")
    write_table(tmp_path / "devices" / device / "latency" / "resnet18.csv", columns.LATENCY, rows)
    job = synthetic.job(models=["resnet18"])
    job["models"]["resnet18"]["why"] = ODD
    hypothesis = {**HYPOTHESES[0], "because": ODD}
    words = _report(tmp_path, device=device, title=ODD, models=["resnet18"], hypotheses=[hypothesis])
    html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(words)
    assert f"<h1>{escaped(ODD)}</h1>" in html
    assert f"Measured on {escaped(device)}." in html
    assert f"Expected because {escaped(ODD)}." in html
    assert "<b>" not in html
    assert f"device {verbatim(device)}" in words


def escaped(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@pytest.mark.parametrize("words", ["- a", "+ a", "1. a", "12) a", "---", "=== ", "# a", "_a_", "a_b", "-3 °C", "0.86"])
def test_text_at_the_start_of_a_line_is_text(words):
    html = MarkdownIt("commonmark").render(f"title\n{text(words)}")
    assert html == f"<p>title\n{words.strip()}</p>\n"


def test_a_column_without_spread_leaves_rho_undefined(tmp_path):
    models = ["resnet18", "squeezenet1_1", "vit_tiny", "digits_mlp"]
    for model in models:
        rows = [synthetic.latency_row("laptop", model, "eager", 0.03)]
        write_table(tmp_path / f"devices/laptop/latency/{model}.csv", columns.LATENCY, rows)
        joules = [synthetic.energy_row("laptop", model, "eager", 0.4)]
        write_table(tmp_path / f"devices/laptop/energy/{model}.csv", columns.ENERGY, joules)
    words = _report(tmp_path, models=models)
    assert "| energy and latency | eager | laptop | undefined | – | 4 | all values of one side are equal |" in words
    assert "nan" not in words


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
    assert scored(0.983, 0.963, 0.993, "%") == "98.3 [96.3, 99.3] %"
    assert scored(0.43, 0.38, 0.5, "") == "0.43 [0.38, 0.50]"
    assert percent(1.4) == "140 %"


@pytest.mark.parametrize(
    ("value", "low", "high", "places"),
    [
        (12.3, 12.0, 12.6, 3),
        (12.3, 8.0, 16.6, 2),
        (98.7, 64.0, 133.0, 2),
        (0.0313, 0.031, 0.0316, 3),
        (5.0, 1.0, 9.0, 1),
    ],
)
def test_a_number_ends_where_its_interval_does(value, low, high, places):
    assert significant(value, low, high) == places


@pytest.mark.parametrize(
    ("factor", "written"),
    [
        (1.35, "12 ms ± 35 %"),
        (2.4, "12 ms, within a factor of 2.4"),
        (143, "not determined (about 10 ms, uncertain by more than a factor of 10)"),
    ],
)
def test_an_interval_beyond_100_percent_is_a_factor_or_not_determined(factor, written):
    assert with_interval(0.0123, 0.0123 / factor, 0.0123 * factor, 1e3, "ms") == written


def test_no_width_is_written_beyond_100_percent():
    assert [half_width(half) for half in (0.023, 1.0, 1.4, 142)] == [
        "± 2.3 %", "± 100 %", "within a factor of 2.4", "uncertain by more than a factor of 10",
    ]  # fmt: skip


def test_a_number_and_its_interval_end_at_the_same_place():
    assert bracketed(0.2689, 0.2421, 0.2987) == "0.269 [0.242, 0.299]"
    assert bracketed(3.14159, 1.2, 5.3) == "3.1 [1.2, 5.3]"
    assert bracketed(13.14159, 9.0, 17.0) == "13 [9, 17]"
    assert bracketed(-0.0004, -0.3, 0.3) == "0.00 [-0.30, 0.30]"
    assert bracketed(98.3, float("nan"), float("nan")) == "98.3 (no interval)"


def test_what_the_export_noted_of_a_model_stands_beside_its_counts(tmp_path):
    notes = "the weights file's prefix 'module.' was removed"
    row = {"model": "resnet18", "runtime": "eager", "batch": 1, "size": 224, "base": 1, "status": "ok", "params": 5}
    row |= {"export_notes": notes, **synthetic.provenance("resnet18")}
    write_table(tmp_path / "models/resnet18/counts.csv", columns.COUNTS, [row])
    words = _report(tmp_path, models=["resnet18"])
    assert "What the export noted:" in words
    assert "- resnet18: the weights file" in words


def test_rows_that_cannot_be_used_are_not_called_missing(tmp_path):
    row = synthetic.latency_row("laptop", "resnet18", "eager", 0.03, flags="inconsistent")
    write_table(tmp_path / "devices/laptop/latency/resnet18.csv", columns.LATENCY, [row])
    words = _report(tmp_path, models=["resnet18"])
    assert "no latency that was measured at the base point can be used (‡)" in words
    assert "no latency was measured" not in words


def test_how_many_launches_minutes_can_add_is_what_the_report_says():
    assert f"up to {MOST_FURTHER} further launches per point" in FLAGS["wide"]


def test_an_emulated_device_is_named_in_the_first_lines(tmp_path):
    synthetic.tree(tmp_path, ("laptop", "pi"), models=["digits_cnn"])
    path = tmp_path / "devices" / "pi" / "device.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"emulator": "qemu-aarch64"}))
    top, _, _ = _report(tmp_path).partition("## What was benchmarked")
    assert "**The processor of pi is emulated:** qemu-aarch64 translates every instruction." in top
    assert "emulated by qemu-aarch64, " in top
    assert top.count("**The processor of ") == 1


def test_the_devices_table_shows_chip_clock_accelerator_and_power_mode(tmp_path):
    synthetic.tree(tmp_path, ("laptop", "orin.15W"), models=["digits_cnn"])
    path = tmp_path / "devices" / "orin.15W" / "device.json"
    facts = {"soc": "tegra234", "max_clock_Hz": 1.5104e9, "accelerator": "NVIDIA GA10B (Ampere)", "power_mode": "15W"}
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))
    job = synthetic.job(models=["digits_cnn"])
    merge(job, tmp_path, tmp_path / "merged")
    merged = load(tmp_path / "merged", job["models"])
    (row,) = [line for line in tables.devices(merged, ["laptop", "orin.15W"]).splitlines() if "orin" in line]
    for shown in ("; tegra234; up to 1.51 GHz |", "| NVIDIA GA10B (Ampere) |", "| performance, 15W |"):
        assert shown in row
    known = dict(map(tuple, page_job._devices(merged)["orin.15W"]))
    assert known["power mode"] == "15W"
    assert known["highest clock"] == "1.51 GHz"
