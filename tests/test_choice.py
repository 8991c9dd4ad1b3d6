"""`choose`: which variant the limits leave, and the one line that says so."""

import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joulesweep.analysis.report.trade_off.choice import asked, lines
from joulesweep.merged.choice import decide, limits

from tests import synthetic

SLOW = synthetic.base_point("slow", "eager", 10e-3, 0.95)
FAST = synthetic.base_point("fast", "eager", 5e-3, 0.80)
RANKS = {"metric": "spearman", "unit": ""}
ERROR = {"metric": "mae", "unit": "", "higher_is_better": 0}


def _energy(joules: float, kind: str = "measured") -> dict[str, Any]:
    return {"energy": joules, "energy_low": joules / 1.02, "energy_high": joules * 1.02, "kind": kind}


def _judged(row: dict[str, Any], value: float) -> dict[str, Any]:
    """The base point with another value of its metric, known to ± 0.01."""
    return {**row, "accuracy": value, "accuracy_low": value - 0.01, "accuracy_high": value + 0.01}


def _line(choose: dict[str, Any], *rows: dict[str, Any]) -> str:
    """The answer for the only device."""
    (line,) = lines(choose, pd.DataFrame(list(rows)), ["laptop"])
    return line.removeprefix("**laptop:** ")


def test_the_most_accurate_that_meets_every_limit_is_taken_and_its_costs_are_said():
    line = _line({"max_latency_ms": 20, "min_accuracy": 75}, FAST, {**SLOW, **_energy(0.05)})
    assert line == (
        "take **slow @ eager**: top-1 accuracy 95.0 [94.0, 96.0] %, latency 10.0 ms ± 2.0 %, energy 50.0 mJ ± 2.0 %, peak memory "
        "300 MB, size 1.00 MB. Of those that meet the limits, it has the best top-1 accuracy."
    )


def test_a_limit_leaves_out_what_does_not_meet_it():
    assert _line({"max_latency_ms": 8}, FAST, SLOW).startswith("take **fast @ eager**")
    assert _line({"max_memory_MB": 310}, {**SLOW, "memory": 400e6}, {**FAST, "memory": 200e6}).startswith("take **fast")
    assert _line({"max_size_MB": 1}, {**SLOW, "weights": 1e6 + 1}, FAST).startswith("take **fast @ eager**")
    assert _line({"max_energy_mJ": 40}, {**SLOW, **_energy(0.05)}, {**FAST, **_energy(0.03)}).startswith("take **fast")
    assert _line({"min_accuracy": 90}, FAST, SLOW).startswith("take **slow @ eager**")


def test_of_accuracies_that_the_intervals_do_not_tell_apart_the_fastest_is_taken_and_that_is_said():
    near = synthetic.base_point("near", "eager", 7e-3, 0.945)
    line = _line({"max_latency_ms": 20}, SLOW, near, FAST)
    assert line.startswith("take **near @ eager**")
    assert line.endswith(
        "It is the fastest of the 2 that meet the limits and whose top-1 accuracy the intervals do not tell apart."
    )


def test_a_variant_that_meets_a_limit_by_its_figure_only_is_taken_only_where_none_does_better_and_the_line_says_so():
    line = _line({"max_latency_ms": 10.1}, SLOW)
    assert line.startswith("take **slow @ eager**")
    assert line.endswith(
        "But none meets them with its whole intervals: of this one, latency is within the limit by the figure only."
    )
    line = _line({"max_latency_ms": 10.1}, SLOW, FAST)
    assert line.startswith("take **fast @ eager**")
    assert line.endswith(
        "By the figures it would be slow @ eager, of which latency is within the limit by the figure only."
    )
    assert "figure" not in _line({"max_latency_ms": 10.3}, SLOW, FAST)


def test_what_the_figures_would_choose_is_not_said_of_a_variant_that_meets_every_limit_surely():
    """Beside a most accurate one that meets a limit by its figure only, another tie has another fastest member."""
    middle = synthetic.base_point("middle", "eager", 8e-3, 0.925)
    faster = synthetic.base_point("faster", "eager", 6e-3, 0.915)
    best = {**synthetic.base_point("best", "eager", 9e-3, 0.935), "memory": 309e6}
    line = _line({"max_memory_MB": 320}, middle, faster, best)
    assert line.startswith("take **faster @ eager**")
    assert "By the figures" not in line


def test_memory_counts_as_uncertain_by_5_percent_and_size_as_exact():
    assert "peak memory is within the limit by the figure only" in _line({"max_memory_MB": 310}, SLOW)
    assert "by the figure only" not in _line({"max_memory_MB": 316}, SLOW)
    assert "by the figure only" not in _line({"max_size_MB": 1}, SLOW)


def test_a_figure_without_an_interval_meets_a_limit_by_the_figure_only():
    single = {**SLOW, "latency_low": math.nan, "latency_high": math.nan}
    assert "latency is within the limit by the figure only" in _line({"max_latency_ms": 100}, single)


def test_where_none_meets_the_limits_the_nearest_is_named_and_which_limit_it_misses_by_how_much():
    middle = synthetic.base_point("middle", "eager", 6e-3, 0.90)
    assert _line({"max_latency_ms": 5, "min_accuracy": 96}, SLOW, middle) == (
        "no variant meets every limit. middle @ eager is the nearest: its latency of 6.00 ms ± 2.0 % is 20 % above the limit of 5 "
        "ms and its top-1 accuracy of 90.0 [89.0, 91.0] % is 6.0 percentage points below the limit of 96 %."
    )
    assert "is 10 times the limit of 1 ms" in _line({"max_latency_ms": 1, "min_accuracy": 90}, SLOW)


def test_where_no_accuracy_is_known_the_fastest_is_taken():
    line = _line(
        {"max_latency_ms": 20}, synthetic.base_point("a", "eager", 9e-3), synthetic.base_point("b", "eager", 7e-3)
    )
    assert line == (
        "take **b @ eager**: latency 7.00 ms ± 2.0 %, peak memory 300 MB, size 1.00 MB. No variant that meets the limits has an "
        "accuracy; it is the fastest of them."
    )


def test_variants_without_an_accuracy_are_counted_beside_those_that_have_one():
    line = _line({"max_latency_ms": 20}, SLOW, synthetic.base_point("a", "eager", 1e-3))
    assert line.startswith("take **slow @ eager**")
    assert line.endswith(" 1 further variant meets the limits, without an accuracy.")


def test_a_variant_without_a_figure_that_is_limited_is_not_judged_and_counted():
    line = _line({"max_energy_mJ": 100}, {**SLOW, **_energy(0.05)}, FAST)
    assert line.startswith("take **slow @ eager**")
    assert line.endswith(" Not judged: 1 variant without energy that can be used.")
    assert _line({"max_energy_mJ": 100}, FAST) == (
        "no variant can be judged. Not judged: 1 variant without energy that can be used."
    )
    no_latency = {**SLOW, "latency": math.nan}
    assert _line({"min_accuracy": 50}, no_latency, FAST).endswith(
        "Not judged: 1 variant without latency that can be used."
    )


def test_accuracies_on_different_data_are_not_ranked():
    line = _line({"max_latency_ms": 20}, SLOW, {**FAST, "dataset": "flowers"})
    assert line.startswith("accuracies on different data or by different metrics are not ranked. On digits")
    assert "On digits (top-1 accuracy), take **slow @ eager**" in line
    assert "On flowers (top-1 accuracy), take **fast @ eager**" in line


def test_data_on_which_no_variant_meets_the_limits_are_named_beside_those_on_which_one_does():
    line = _line({"min_accuracy": 90}, SLOW, {**FAST, "dataset": "flowers"})
    assert "On digits (top-1 accuracy), take **slow @ eager**" in line
    assert line.endswith(" On flowers (top-1 accuracy), no variant meets every limit.")
    line = _line({"max_latency_ms": 8}, SLOW, synthetic.base_point("a", "eager", 7e-3))
    assert line.endswith("No variant that meets the limits has an accuracy; it is the fastest of them.")


def test_a_least_accuracy_is_in_the_unit_of_the_metric():
    ranks = {**_judged(SLOW, 0.84), **RANKS}
    assert _line({"min_accuracy": 0.8}, ranks).startswith(
        "take **slow @ eager**: Spearman rank correlation with the labels 0.840 [0.830, 0.850], latency"
    )
    assert _line({"min_accuracy": 0.9}, ranks).endswith(
        "its Spearman rank correlation with the labels of 0.840 [0.830, 0.850] is 0.060 below the limit of 0.9."
    )
    assert _line({"min_accuracy": 90}, SLOW, {**ranks, "model": "ranks"}).startswith("accuracies on different data")


def test_an_accuracy_below_zero_is_the_farthest_from_a_limit():
    below = {**_judged(SLOW, -0.2), **RANKS}
    assert "slow @ eager is the nearest" in _line({"min_accuracy": 0.9}, below)
    assert "fast @ eager is the nearest" in _line({"min_accuracy": 0.9}, below, {**_judged(FAST, 0.1), **RANKS})


def test_where_less_is_better_the_smallest_value_is_taken():
    good, poor = ({**_judged(row, value), **ERROR} for row, value in ((SLOW, 0.2), (FAST, 0.5)))
    line = _line({"max_latency_ms": 20}, poor, good)
    assert line.startswith("take **slow @ eager**: mean absolute error 0.200 [0.190, 0.210], latency 10.0 ms")
    assert line.endswith("Of those that meet the limits, it has the best mean absolute error.")


def test_where_less_is_better_a_least_accuracy_judges_no_variant_and_the_line_says_so():
    error = {**_judged(SLOW, 0.2), **ERROR, "model": "error"}
    left_out = "On digits (mean absolute error), less is better, so `min_accuracy` cannot limit it: "
    assert _line({"min_accuracy": 0.1}, error, {**error, "model": "other"}) == (
        f"no variant can be judged. {left_out}2 variants are left out."
    )
    line = _line({"min_accuracy": 90}, error, SLOW)
    assert line.startswith("take **slow @ eager**")
    assert line.endswith(f"{left_out}1 variant is left out.")


def test_modelled_energy_is_called_modelled_in_every_answer():
    modelled = {**SLOW, **_energy(0.05, "modelled")}
    assert "modelled energy 50.0 mJ" in _line({"max_latency_ms": 20}, modelled)
    assert "its modelled energy of 50.0 mJ ± 2.0 % is 25 % above the limit of 40 mJ" in _line(
        {"max_energy_mJ": 40}, modelled
    )
    assert "modelled" not in _line({"max_energy_mJ": 100}, {**SLOW, **_energy(0.05)})


def test_each_device_has_a_line_unless_one_is_named():
    points = pd.DataFrame([SLOW, {**FAST, "device": "pi"}])
    both = lines({"max_latency_ms": 20}, points, ["pi", "laptop"])
    assert [line.split("@")[0] for line in both] == ["**pi:** take **fast ", "**laptop:** take **slow "]
    (single,) = lines({"max_latency_ms": 20, "device": "laptop"}, points, ["pi", "laptop"])
    assert single.startswith("**laptop:** take **slow")
    (missing,) = lines({"max_latency_ms": 20, "device": "jetson"}, points, ["pi", "laptop"])
    assert missing == "There are no results of jetson; there are some of pi and laptop."


def test_without_limits_nothing_is_said_and_without_results_that_there_are_none():
    assert lines({}, pd.DataFrame([SLOW]), ["laptop"]) == []
    assert lines({"max_latency_ms": 20}, pd.DataFrame(), []) == ["There are no results yet."]


def test_what_is_asked_is_said_in_words():
    choose = {"min_accuracy": 95, "max_latency_ms": 20, "max_size_MB": 0.5, "device": "pi"}
    costs = "latency of at most 20 ms, size of at most 0.5 MB and"
    other, error = {**FAST, "metric": "f1"}, {**FAST, **ERROR}
    for rows, least in (
        ([SLOW, FAST], "top-1 accuracy of at least 95 %"),
        ([SLOW, other], "accuracy of at least 95 %"),
        ([SLOW, error], "accuracy of at least 95, in the unit of each metric"),
        ([error], "mean absolute error of at least 95"),
        ([synthetic.base_point("a", "eager", 1e-3)], "accuracy of at least 95"),
    ):
        assert asked(choose, pd.DataFrame(rows)) == f"{costs} {least}"


@pytest.mark.parametrize("percent", [57, 58, 95])
def test_a_figure_that_equals_its_limit_meets_it(percent):
    """As 57 % is the share 0.57."""
    (limit,) = limits({"min_accuracy": percent})
    assert limit.allows(pd.Series(synthetic.base_point("a", "eager", 1e-3, float(f"{percent}e-2"))))


@given(
    st.lists(st.tuples(st.floats(1e-3, 30e-3), st.floats(0.5, 1), st.floats(100e6, 900e6)), min_size=1, max_size=8),
    st.floats(2, 30),
    st.floats(50, 99),
)
def test_what_is_taken_meets_the_limits_and_nothing_that_meets_them_is_clearly_more_accurate(drawn, most_ms, least):
    rows = pd.DataFrame([synthetic.base_point(f"m{n}", "eager", s, a, memory=m) for n, (s, a, m) in enumerate(drawn)])
    bounds = limits({"max_latency_ms": most_ms, "min_accuracy": least, "max_memory_MB": 600})
    found = decide(rows, bounds)

    def surely(row: pd.Series) -> bool:
        return all(limit.surely_allows(row) for limit in bounds)

    meeting = [row for _, row in rows.iterrows() if all(limit.allows(row) for limit in bounds)]
    assert (found.nearest is None) == bool(meeting) == bool(found.picks)
    for pick in found.picks:
        assert all(limit.allows(pick.row) for limit in bounds)
        sure = [row for row in meeting if surely(row)]
        assert bool(pick.unsure) == (not sure)
        rivals = sure or meeting
        assert pick.row["accuracy"] >= max(row["accuracy"] for row in rivals) - math.hypot(0.01, 0.01) - 1e-9
        same = [row for row in rivals if row["accuracy"] >= pick.row["accuracy"]]
        assert pick.row["latency"] == min(row["latency"] for row in same)
