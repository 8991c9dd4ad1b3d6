"""The fronts of accuracy against each cost: which variants are compared, and what the report says of them."""

import re
from typing import Any

import pandas as pd
import pytest
from joulesweep.analysis.merge.job import merge
from joulesweep.analysis.report import findings
from joulesweep.analysis.report.trade_off.fronts import sentences
from joulesweep.merged.base_points import base_points
from joulesweep.merged.fronts import ranked
from joulesweep.merged.load import load
from joulesweep.uncertainty.pareto import BEATEN, BEST, POSSIBLE

from tests import synthetic

FAST = synthetic.base_point("fast", "onnxruntime", 1e-3, 0.80)
GOOD = synthetic.base_point("good", "onnxruntime", 3e-3, 0.95)
GOOD_EAGER = synthetic.base_point("good", "eager", 4.2e-3, 0.95)
WORSE = synthetic.base_point("worse", "eager", 4e-3, 0.90)
OTHER_DATA = {"dataset": "flowers"}
ERROR = {"metric": "mae", "unit": "", "higher_is_better": 0}


def _points(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows))


def _standings(cost: str, *rows: dict[str, Any]) -> list[str]:
    """The standing of each row, in their order; those that cannot be compared are left out."""
    return list(ranked(_points(*rows), cost).sort_index()["standing"])


def _said(cost: str, *rows: dict[str, Any]) -> str:
    """The line on one cost, of one device and data set."""
    (line,) = [
        line for line in sentences(_points(*rows)) if re.match(rf"\*\*(modelled )?{cost}\b", line, re.IGNORECASE)
    ]
    return line


def test_each_variant_is_best_beaten_or_left_open_and_the_line_is_that_of_the_figures():
    compared = ranked(_points(WORSE, GOOD, FAST, GOOD_EAGER), "latency")
    assert list(compared.index) == [2, 1, 0, 3], "the cheapest first"
    assert list(compared["standing"]) == [BEST, BEST, BEATEN, BEATEN]
    assert list(compared["on_line"]) == [True, True, False, False]
    assert list(compared["beaten_by"]) == [None, None, 1, 1]


def test_a_variant_is_dominated_by_one_that_is_not_dominated_itself_then_by_one_of_its_own_model():
    better = synthetic.base_point("better", "eager", 2.5e-3, 0.951)
    compared = ranked(_points(GOOD, better, GOOD_EAGER), "latency").sort_index()
    assert list(compared["beaten_by"]) == [1, None, 1]
    alike = synthetic.base_point("alike", "eager", 2.99e-3, 0.95)
    compared = ranked(_points(GOOD, alike, GOOD_EAGER), "latency").sort_index()
    assert list(compared["beaten_by"]) == [None, None, 0]


def test_modelled_energy_is_compared_only_where_none_is_measured():
    rows = [
        {**row, "energy": joules, "energy_low": joules / 1.02, "energy_high": joules * 1.02, "kind": "measured"}
        for row, joules in ((FAST, 0.01), (GOOD, 0.03), (WORSE, 0.04))
    ]
    modelled = [{**row, "kind": "modelled"} for row in rows]
    assert _standings("energy", *rows) == _standings("energy", *modelled) == [BEST, BEST, BEATEN]
    assert _standings("energy", rows[0], modelled[1], rows[2]) == [BEST, BEST]
    line = _said("energy", rows[0], modelled[1], rows[2])
    assert line.startswith("**Energy:** On the front beyond the intervals: fast @ onnxruntime and worse @ eager.")
    assert line.endswith(" 1 variant with modelled energy is not compared with measured energy.")
    assert _said("energy", *modelled).startswith("**Modelled energy:** On the front")


def test_memory_within_5_percent_is_not_told_apart_and_size_is_exact():
    rows = [GOOD, {**GOOD_EAGER, "memory": 306e6, "weights": 1.01e6}]
    assert _standings("memory", *rows) == [POSSIBLE, POSSIBLE]
    assert _standings("memory", GOOD, {**GOOD_EAGER, "memory": 330e6}) == [BEST, BEATEN]
    assert _standings("weights", *rows) == [BEST, BEATEN]
    assert _said("size", *rows) == (
        "**Size:** On the front beyond the intervals: good @ onnxruntime. good @ eager is dominated by good @ onnxruntime: it "
        "needs 1.0 % more space for its weights, and its top-1 accuracy is not better."
    )


def test_a_dominated_variant_is_named_with_the_one_that_dominates_it_and_in_what_it_is_worse():
    assert _said("latency", FAST, GOOD, GOOD_EAGER, WORSE) == (
        "**Latency:** On the front beyond the intervals: fast @ onnxruntime and good @ onnxruntime. "
        "good @ eager is dominated by good @ onnxruntime: it needs 1.4 times the time, and its top-1 accuracy is not better. "
        "worse @ eager is dominated by good @ onnxruntime: it needs 1.3 times the time, and its top-1 accuracy is worse."
    )
    about_as_fast = synthetic.base_point("worse", "eager", 3.02e-3, 0.90)
    assert _said("latency", GOOD, about_as_fast).endswith("it needs no less time, and its top-1 accuracy is worse.")


def test_where_less_is_better_the_smaller_value_dominates_and_the_smallest_are_named_first():
    fast, good, *others = (
        {**row, **ERROR, "accuracy": error, "accuracy_low": error - 0.01, "accuracy_high": error + 0.01}
        for row, error in ((FAST, 0.95), (GOOD, 0.2), *(({**WORSE, "model": f"m{n}"}, 0.9 - n / 10) for n in range(5)))
    )
    assert _standings("latency", fast, good, *others) == [BEST, BEST, *[BEATEN] * 5]
    compared = ranked(_points(good, fast), "latency")
    assert list(compared["on_line"]) == [True, True], "the slower one has the smaller error"
    line = _said("latency", fast, good, *others)
    assert (
        "m4 @ eager is dominated by good @ onnxruntime: it needs 1.3 times the time, and its mean absolute error is worse."
        in line
    )
    assert [name for name in ("m0", "m1", "m2", "m3", "m4") if name in line] == ["m2", "m3", "m4"]


def test_a_front_that_the_intervals_do_not_separate_says_so():
    near = synthetic.base_point("near", "eager", 3.02e-3, 0.951)
    assert _said("latency", GOOD, near) == (
        "**Latency:** On the front beyond the intervals: no variant. Left open by the intervals: good @ onnxruntime and near @ eager."
    )


def test_of_thirty_variants_a_few_are_named_and_the_others_counted():
    many = [synthetic.base_point(f"m{place}", "eager", 5e-3, 0.90) for place in range(29)]
    line = _said("latency", GOOD, *many)
    assert line.count(" is dominated by good @ onnxruntime: ") == 3
    assert line.endswith(" 26 further variants are dominated.")
    alike = _said("latency", *many[:10])
    assert alike.endswith(
        "Left open by the intervals: m0 @ eager, m1 @ eager, m2 @ eager, m3 @ eager and 6 other variants."
    )


def test_a_variant_without_the_cost_is_left_out_and_counted():
    unknown = {**FAST, "latency": float("nan")}
    assert _said("latency", GOOD, WORSE, unknown).endswith(" 1 variant is left out: no latency that can be used.")
    assert _said("latency", GOOD, unknown) == (
        "**Latency:** There are no two variants whose latency can be compared. 1 variant is left out: no latency that can be used."
    )


def test_accuracies_on_different_data_or_by_different_metrics_are_not_compared():
    for other in (OTHER_DATA, {"metric": "f1"}):
        lines = sentences(_points(GOOD, WORSE, {**GOOD_EAGER, **other}, {**FAST, **other}))
        assert len(lines) == 8
        assert not any("eager is dominated by good @ onnxruntime" in line for line in lines if "good @ eager" in line)
        assert [line for line in lines if line.startswith("**Latency, digits (top-1 accuracy):**")]


def test_devices_have_lines_of_their_own_and_are_named_where_there_are_several():
    lines = sentences(_points(GOOD, WORSE, {**FAST, "device": "pi"}, {**GOOD, "device": "pi"}))
    assert len(lines) == 8
    assert "**Latency on pi:** On the front beyond the intervals: fast @ onnxruntime and good @ onnxruntime." in lines


def test_without_an_accuracy_nothing_is_said():
    assert sentences(_points(synthetic.base_point("a", "eager", 1e-3))) == []


def test_the_best_trade_off_is_said_per_data_set():
    line = findings._trade_off(_points(GOOD, WORSE, {**FAST, **OTHER_DATA}))
    assert "accuracies on different data or by different metrics are not ranked." in line
    assert "On digits (top-1 accuracy), good @ onnxruntime has the best top-1 accuracy with 95.0" in line
    assert "On flowers (top-1 accuracy), only fast @ onnxruntime was evaluated; its top-1 accuracy is 80.0" in line
    assert "not ranked" not in findings._trade_off(_points(GOOD, WORSE))


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The base points of a whole results tree."""
    results = synthetic.tree(tmp_path_factory.mktemp("tree"), models=["resnet18", "digits_mlp", "digits_cnn"])
    job = synthetic.job(models=["resnet18", "digits_mlp", "digits_cnn"])
    merge(job, results, results / "merged")
    return base_points(load(results / "merged", job["models"]))


def test_each_runtime_has_the_size_of_its_own_file(points):
    sizes = points.set_index(["model", "runtime"])["weights"]
    params = synthetic.MODELS["resnet18"][1]
    assert list(sizes["resnet18"]) == [4 * params, 4 * params, params]
    assert set(points["dataset"].dropna()) == {"digits"}


def test_the_tables_of_a_tree_give_a_line_for_each_cost(points):
    lines = sentences(points)
    assert [line.partition(":**")[0] for line in lines] == ["**Latency", "**Energy", "**Peak memory", "**Size"]
    assert "digits_cnn @ eager is dominated by digits_cnn @ onnxruntime-int8: it needs 4.0 times the space" in lines[3]
