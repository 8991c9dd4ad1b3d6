"""Verdicts follow from the numbers, and say when there are none."""

from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joulesweep import plugins
from joulesweep.analysis.merge.job import merge
from joulesweep.analysis.report import verdicts
from joulesweep.analysis.report.verdicts import Finding, check
from joulesweep.hypotheses.base import Case
from joulesweep.launches import columns
from joulesweep.launches.table_file import write_table
from joulesweep.merged.base_points import base_points
from joulesweep.merged.load import load
from joulesweep.uncertainty import growth_fit, rank_correlation
from scipy.stats import spearmanr

from tests import synthetic

MODELS = list(synthetic.MODELS)


def _check(results: Path, hypothesis: dict[str, Any], **tables: list[dict[str, Any]]) -> Finding:
    """The finding on made-up rows, given as latency=…, energy=…, accuracy=…; the power is what energy and latency imply."""
    seconds = {
        tuple(row.get(name) for name in columns.LATENCY.key): row.get("raw_s") for row in tables.get("latency", ())
    }
    for row in tables.get("energy", ()):
        if taken_s := seconds.get(tuple(row.get(name) for name in columns.LATENCY.key)):
            row["power_W"] = row["energy_J"] / taken_s
    for name, rows in tables.items():
        for device in {row["device"] for row in rows}:
            for model in {row["model"] for row in rows}:
                mine = [row for row in rows if row["model"] == model and row["device"] == device]
                write_table(results / "devices" / device / name / f"{model}.csv", columns.TABLES[name], mine)
    job = synthetic.job()
    merge(job, results, results / "merged")
    merged = load(results / "merged", job["models"])
    assert merged.problems.empty
    return check(hypothesis, merged, base_points(merged))


def _pair(first: float, second: float, half: float = 0.02, **more: Any) -> list[dict[str, Any]]:
    return [
        synthetic.latency_row("laptop", "mobilenet_v3_small", "eager", first, half, **more),
        synthetic.latency_row("laptop", "resnet18", "eager", second, half, **more),
    ]


LESS = {"metric": "latency", "of": "mobilenet_v3_small", "less_than": "resnet18", "because": "it is small"}


@pytest.mark.parametrize(
    ("first", "second", "verdict"), [(0.01, 0.03, "supported"), (0.03, 0.01, "refuted"), (0.01, 0.0101, "undecided")]
)
def test_less_than_is_decided_by_the_interval_of_the_ratio(tmp_path, first, second, verdict):
    found = _check(tmp_path, LESS, latency=_pair(first, second))
    assert found.verdict == verdict
    assert "ratio" in found.cases[0].numbers


def test_less_than_is_undecided_where_there_is_no_interval(tmp_path):
    rows = _pair(0.01, 0.03, raw_ci_low_s=None, raw_ci_high_s=None)
    assert _check(tmp_path, LESS, latency=rows).verdict == "undecided"


def test_one_runtime_that_refutes_is_enough_and_is_counted(tmp_path):
    rows = [*_pair(0.01, 0.03), *_pair(0.03, 0.01)]
    rows[2]["runtime"] = rows[3]["runtime"] = "onnxruntime"
    found = _check(tmp_path, LESS, latency=rows)
    assert (found.verdict, found.reason) == ("refuted", "refuted in 1 and supported in 1 of 2 cases")


def test_variants_of_different_runtimes_can_be_compared(tmp_path):
    rows = _pair(0.01, 0.03)
    rows[0] |= {
        "model": "resnet18",
        "runtime": "onnxruntime",
        "model_digest": "m-resnet18",
        "input_digest": "i-resnet18",
    }
    hypothesis = {"metric": "latency", "of": "resnet18@onnxruntime", "less_than": "resnet18@eager"}
    assert _check(tmp_path, hypothesis, latency=rows).verdict == "supported"


def test_what_is_missing_is_named(tmp_path):
    rows = _pair(0.01, 0.03)
    rows[1] = synthetic.failed(rows[1], "oom", "killed")
    found = _check(tmp_path, LESS, latency=rows)
    assert found.verdict == "undecided"
    assert "no latency of resnet18" in found.cases[0].numbers
    assert _check(tmp_path / "none", LESS).reason == "nothing that it covers has a figure that can be used"


def test_only_the_base_point_is_compared(tmp_path):
    """The larger batch would turn the verdict round."""
    rows = _pair(0.01, 0.03) + _pair(0.9, 0.1, batch=8)
    assert _check(tmp_path, LESS, latency=rows).verdict == "supported"


@pytest.mark.parametrize(
    "hypothesis",
    [
        {"metric": "energy", "of": "mobilenet_v3_small", "less_than": "resnet18"},
        {"metric": "energy", "tracks": "latency"},
        {"metric": "energy", "grows": "linearly", "with": "batch"},
    ],
)
def test_modelled_energy_decides_nothing(tmp_path, hypothesis):
    synthetic.tree(tmp_path, kind="modelled")
    found = _check(tmp_path, hypothesis)
    assert found.verdict == "undecided"
    assert found.reason.startswith("modelled energy decides nothing")


@pytest.mark.parametrize(
    ("metric", "verdict"), [("params", "supported"), ("flops", "supported"), ("accuracy", "supported")]
)
def test_counts_and_accuracy_can_be_compared(tmp_path, metric, verdict):
    synthetic.tree(tmp_path)
    found = _check(tmp_path, {"metric": metric, "of": "digits_mlp", "less_than": "digits_cnn"})
    assert found.verdict == verdict
    assert _check(tmp_path, {"metric": metric, "of": "digits_cnn", "less_than": "digits_mlp"}).verdict == "refuted"


ORDERS = [
    ([1, 2, 3, 4, 5, 6, 7], "supported"),
    ([7, 6, 5, 4, 3, 2, 1], "refuted"),
    ([4, 1, 6, 3, 7, 2, 5], "undecided"),
]
MIRRORED = {"supported": "refuted", "refuted": "supported", "undecided": "undecided"}


def _ranked(results: Path, hypothesis: dict[str, Any], order: list[int]) -> Finding:
    """The finding where the first model is the fastest, and energy has this order."""
    models = MODELS[: len(order)]
    latency = [
        synthetic.latency_row("laptop", model, "eager", 0.01 * (place + 1)) for place, model in enumerate(models)
    ]
    energy = [synthetic.energy_row("laptop", model, "eager", float(order[place])) for place, model in enumerate(models)]
    return _check(results, hypothesis, latency=latency, energy=energy)


@pytest.mark.parametrize(("order", "verdict"), ORDERS)
@pytest.mark.parametrize("key", ["tracks", "predicts", "does_not_track"])
def test_a_relation_is_decided_by_the_order_of_the_models(tmp_path, key, order, verdict):
    found = _ranked(tmp_path, {"metric": "energy", key: "latency"}, order)
    assert found.verdict == (MIRRORED[verdict] if key == "does_not_track" else verdict)
    assert "n = 7" in found.cases[0].numbers


def test_no_relation_is_never_concluded_from_a_large_p(tmp_path):
    """With four models, ρ = 0.2 and p = 0.46 are what many a real relation gives."""
    found = _ranked(tmp_path, {"metric": "energy", "does_not_track": "latency"}, [3, 4, 1, 2])
    assert found.verdict == "undecided"


def test_four_models_in_the_same_order_support_it_and_three_are_not_judged(tmp_path):
    claim = {"metric": "energy", "tracks": "latency"}
    four = _ranked(tmp_path / "four", claim, [1, 2, 3, 4])
    assert (four.verdict, four.cases[0].numbers) == ("supported", "ρ = 1.00, one-sided p = 0.042 (exact), n = 4")
    assert _ranked(tmp_path / "turned", claim, [1, 2, 4, 3]).verdict == "undecided"
    three = _ranked(tmp_path / "three", claim, [1, 2, 3])
    assert (three.verdict, three.reason) == ("undecided", "too few models, it takes 4")
    assert three.cases[0].verdict == "not judged"


def test_points_of_a_sweep_are_no_dots(tmp_path):
    rows = [synthetic.latency_row("laptop", m, "eager", 0.01 * b, batch=b) for m in MODELS[:2] for b in (1, 2, 4, 8)]
    energy = [synthetic.energy_row("laptop", m, "eager", 0.1 * b, batch=b) for m in MODELS[:2] for b in (1, 2, 4, 8)]
    found = _check(tmp_path, {"metric": "energy", "tracks": "latency"}, latency=rows, energy=energy)
    assert "n = 2" in found.cases[0].numbers


BATCHES = (1, 2, 4, 8)


def _grown(results: Path, grows: str, seconds: list[float], half: float = 0.02, batches: tuple = BATCHES) -> Finding:
    rows = [
        synthetic.latency_row("laptop", "resnet18", "eager", each, half, batch=batch)
        for batch, each in zip(batches, seconds, strict=True)
    ]
    return _check(results, {"metric": "latency", "grows": grows, "with": "batch"}, latency=rows)


@pytest.mark.parametrize(
    ("seconds", "verdicts"),
    [
        ([0.03, 0.06, 0.12, 0.24], ("supported", "refuted", "refuted")),
        ([0.23, 0.26, 0.32, 0.44], ("supported", "refuted", "refuted")),
        ([0.03, 0.10, 0.32, 1.03], ("refuted", "supported", "refuted")),
        ([0.03, 0.055, 0.095, 0.13], ("refuted", "refuted", "supported")),
    ],
)
def test_growth_is_told_by_the_distance_from_a_line_and_by_the_bend(tmp_path, seconds, verdicts):
    found = [_grown(tmp_path / grows, grows, seconds) for grows in ("linearly", "faster", "slower")]
    assert tuple(each.verdict for each in found) == verdicts


def test_a_line_is_told_by_its_fixed_cost_and_its_cost_per_unit(tmp_path):
    found = _grown(tmp_path, "linearly", [0.05 + 0.01 * batch for batch in BATCHES])
    assert found.cases[0].numbers.startswith("50.0 ms + 10.0 ms × batch; ")


def test_growth_is_undecided_where_intervals_are_wide_and_the_minutes_that_would_do_are_said(tmp_path):
    wide = _grown(tmp_path / "wide", "linearly", [0.03 * batch for batch in BATCHES], half=0.5)
    assert (wide.verdict, wide.reason) == ("undecided", "an interval of ± 50 % could hide a bend")
    assert wide.cure == "About 20 launches per point would decide it at best (`launches` in the section `latency`)."
    off = _grown(tmp_path / "off", "linearly", [0.03, 0.06 * 1.3, 0.12, 0.24], half=0.2)
    assert off.reason == "off by more than 10 %, but not by more than its interval"
    bent = _grown(tmp_path / "bent", "faster", [0.03 * batch**1.3 for batch in BATCHES], half=0.3)
    assert (bent.verdict, bent.reason) == ("undecided", "the interval of the bend leaves it open")


def test_two_values_of_an_axis_are_not_judged(tmp_path):
    found = _grown(tmp_path / "two", "linearly", [0.03, 0.24], batches=(1, 8))
    assert (found.verdict, found.reason) == ("undecided", "too few values of batch, it takes 3")
    none = _grown(tmp_path / "none", "linearly", [0.03], batches=(1,))
    assert none.reason == "nothing that it covers has a figure that can be used"


@pytest.mark.parametrize(
    ("key", "by", "first", "verdict"),
    [
        ("less_than", 2, 0.010, "supported"),
        ("less_than", 2, 0.020, "refuted"),
        ("less_than", 2, 0.015, "undecided"),
        ("greater_than", None, 0.060, "supported"),
        ("greater_than", None, 0.010, "refuted"),
        ("greater_than", 2, 0.050, "refuted"),
        ("greater_than", 2, 0.090, "supported"),
    ],
)
def test_a_factor_moves_the_limit_of_the_ratio(tmp_path, key, by, first, verdict):
    claim = {"metric": "latency", "of": "mobilenet_v3_small", key: "resnet18"} | ({"by": by} if by else {})
    found = _check(tmp_path, claim, latency=_pair(first, 0.03))
    assert found.verdict == verdict
    assert ("by a factor of 2 or more" in found.sentence) == bool(by)


def test_accuracy_may_be_claimed_to_differ_by_percentage_points(tmp_path):
    synthetic.tree(tmp_path)
    claim = {"metric": "accuracy", "of": "digits_cnn", "greater_than": "digits_mlp"}
    assert _check(tmp_path, claim).verdict == "supported"
    found = _check(tmp_path, {**claim, "by": 50})
    assert (found.verdict, found.sentence[-36:]) == ("refuted", "digits_mlp, by 50 percentage points or more."[-36:])


@pytest.mark.parametrize(
    ("first", "half", "stays", "verdict"),
    [
        (0.0301, 0.01, "within 5 %", "supported"),
        (0.0360, 0.01, "within 5 %", "refuted"),
        (0.0250, 0.01, "within 5 %", "refuted"),
        (0.0301, 0.06, "within 5 %", "undecided"),
        (0.0301, 0.06, "within 20 %", "supported"),
    ],
)
def test_stays_is_decided_by_the_whole_interval(tmp_path, first, half, stays, verdict):
    claim = {"metric": "latency", "of": "mobilenet_v3_small", "stays": stays, "from": "resnet18"}
    found = _check(tmp_path, claim, latency=_pair(first, 0.03, half))
    assert found.verdict == verdict
    assert ("launches per point would decide it" in found.cure) == (verdict == "undecided")


def test_another_point_and_one_device_may_be_meant(tmp_path):
    """At the base point, and on the other device, the verdict is the opposite."""
    rows = _pair(0.01, 0.03) + _pair(0.9, 0.1, batch=8)
    there = _pair(0.03, 0.01)
    for row in there:
        row["device"] = "pi"
    at = _check(tmp_path / "at", {**LESS, "at": {"batch": 8}}, latency=rows)
    assert (at.verdict, at.sentence[-12:]) == ("refuted", " at batch 8.")
    both = _check(tmp_path / "both", LESS, latency=rows + there)
    assert (both.verdict, both.reason) == ("refuted", "refuted in 1 and supported in 1 of 2 cases")
    on = _check(tmp_path / "on", {**LESS, "device": "laptop"}, latency=rows + there)
    assert (on.verdict, on.sentence[-12:]) == ("supported", ", on laptop.")


def test_one_model_on_two_devices_is_compared_in_each_runtime_that_both_have(tmp_path):
    rows = [
        synthetic.latency_row(device, "resnet18", "eager", s, 0.02) for device, s in (("laptop", 0.03), ("pi", 0.3))
    ]
    claim = {"metric": "latency", "of": "resnet18 on laptop", "less_than": "resnet18 on pi", "by": 5}
    found = _check(tmp_path, claim, latency=rows)
    assert (found.verdict, found.cases[0].where) == ("supported", "eager on laptop against pi")
    unknown = _check(tmp_path / "unknown", {**claim, "less_than": "resnet18 on pie"}, latency=rows)
    assert (unknown.verdict, unknown.cases) == ("undecided", [])
    assert unknown.reason == "there are no results of pie; there are some of laptop and pi"


def test_a_case_that_lacks_what_a_verdict_needs_drags_no_other_with_it(tmp_path):
    latency = [
        synthetic.latency_row("laptop", model, "eager", 0.01 * (place + 1)) for place, model in enumerate(MODELS)
    ]
    for place, model in enumerate(("resnet18", "digits_cnn")):
        row = synthetic.latency_row("laptop", model, "onnxruntime-int8", 0.02 - 0.01 * place)
        latency.append(row)
    energy = [synthetic.energy_row("laptop", model, "eager", place + 1.0) for place, model in enumerate(MODELS)]
    energy += [
        synthetic.energy_row("laptop", row["model"], "onnxruntime-int8", 1.0 + place)
        for place, row in enumerate(latency[-2:])
    ]
    found = _check(tmp_path, {"metric": "energy", "tracks": "latency"}, latency=latency, energy=energy)
    assert found.verdict == "supported"
    assert found.reason == "onnxruntime-int8 on laptop is not judged (too few models, it takes 4)"


def test_figures_that_are_too_close_to_each_other_are_said_to_need_no_more_minutes(tmp_path):
    found = _check(tmp_path, LESS, latency=_pair(0.01, 0.0101, half=0.1))
    assert found.cure == "The numbers are too close to the limit: no reasonable time of measuring would decide it."
    near = _check(tmp_path / "near", LESS, latency=_pair(0.01, 0.0105, half=0.05))
    assert near.cure.startswith("About ")


@pytest.mark.parametrize("seed", range(12))
def test_the_exact_p_is_that_of_counting_all_orders_one_by_one(seed):
    random = np.random.default_rng(seed)
    n = int(random.integers(4, 7))
    x, y = random.normal(size=n), np.round(random.normal(size=n), 0 if seed % 2 else 6)
    if len(set(y)) == 1:
        y[0] += 1
    found = rank_correlation.spearman(list(x), list(y))
    observed = spearmanr(x, y).statistic
    sign = 1 if observed >= 0 else -1
    all_ = np.array([sign * spearmanr(x, order).statistic for order in permutations(y)])
    assert found.exact
    assert found.rho == pytest.approx(observed)
    assert found.p == pytest.approx(np.mean(np.abs(all_) >= abs(observed) - 1e-9))
    assert found.p_one_sided == pytest.approx(np.mean(all_ >= abs(observed) - 1e-9))


def test_many_models_get_a_p_from_seeded_orders_that_is_near_the_known_one():
    random = np.random.default_rng(5)
    x = random.normal(size=20)
    y = 0.5 * x + random.normal(size=20)
    found = rank_correlation.spearman(list(x), list(y))
    assert not found.exact
    assert found.p == pytest.approx(spearmanr(x, y).pvalue, abs=0.01)
    assert found.p_one_sided == pytest.approx(spearmanr(x, y, alternative="greater").pvalue, abs=0.01)
    assert found == rank_correlation.spearman(list(x), list(y))


def test_a_metric_whose_values_are_all_equal_leaves_rho_undefined(tmp_path):
    latency = [synthetic.latency_row("laptop", model, "eager", 0.01) for model in MODELS]
    energy = [synthetic.energy_row("laptop", model, "eager", place + 1.0) for place, model in enumerate(MODELS)]
    found = _check(tmp_path, {"metric": "energy", "tracks": "latency"}, latency=latency, energy=energy)
    assert (found.verdict, found.reason) == ("undecided", "ρ is undefined")
    assert found.cases[0].numbers == "all values of one side are equal, or not told apart by their intervals, n = 7"


def test_what_no_model_has_is_named(tmp_path):
    latency = [synthetic.latency_row("laptop", model, "eager", place + 1.0) for place, model in enumerate(MODELS)]
    found = _check(tmp_path, {"metric": "energy", "tracks": "latency"}, latency=latency)
    assert found.cases[0].numbers == "no model has energy per pass at this point"


@pytest.mark.parametrize("flag", ["inconsistent", "undetermined"])
def test_a_row_from_which_nothing_may_be_concluded_counts_as_missing(tmp_path, flag):
    rows = _pair(0.01, 0.03)
    rows[1] |= {"flags": f"wide {flag}"}
    found = _check(tmp_path, LESS, latency=rows)
    assert (found.verdict, found.reason) == ("undecided", "a value is missing")


def test_what_this_configuration_does_not_name_decides_nothing(tmp_path):
    rows = [*_pair(0.01, 0.03), *_pair(0.03, 0.01)]
    for row in rows[2:]:
        row["runtime"] = "eager-cuda"
    found = _check(tmp_path, LESS, latency=rows)
    assert (found.verdict, len(found.cases)) == ("supported", 1)


@pytest.mark.parametrize(
    ("verdicts", "verdict", "reason"),
    [
        (["supported"], "supported", ""),
        (["refuted"], "refuted", ""),
        (["supported"] * 3, "supported", "in all 3 cases"),
        (["refuted"] * 2, "refuted", "in both cases"),
        (["supported", "undecided"], "undecided", "supported in 1 and undecided in 1 of 2 cases"),
        (["undecided", "undecided"], "undecided", "too few, in both cases"),
        (["undecided"], "undecided", "too few"),
        (["supported", "not judged"], "supported", "here is not judged (too few)"),
        (["not judged"] * 2, "undecided", "too few, in both cases"),
        (["supported"] * 2 + ["not judged"] * 3, "supported", "in both cases; 3 further cases are not judged"),
        (
            ["refuted", "supported", "undecided"],
            "refuted",
            "refuted in 1, supported in 1 and undecided in 1 of 3 cases",
        ),
    ],
)
def test_the_verdict_over_cases_is_counted_in_words(monkeypatch, verdicts, verdict, reason):
    cases = [Case("here", one, "too few" if one in ("undecided", "not judged") else "", "1") for one in verdicts]
    kind = plugins.load("hypotheses", "tracks")
    monkeypatch.setattr(kind, "cases", lambda *_: cases)
    points = pd.DataFrame({"device": []})
    found = check({"metric": "latency", "tracks": "params"}, None, points)
    assert (found.verdict, found.reason) == (verdict, reason)


def test_random_orders_are_those_of_the_ranks_themselves(monkeypatch):
    """Orders are drawn once for every number of dots and used for all ranks, in parts that fit into memory."""
    random = np.random.default_rng(3)
    x, y = random.normal(size=12), random.integers(0, 5, 12)
    first, second = (rank_correlation.Series(values).rank().to_numpy() - 6.5 for values in (x, y))
    shuffled = np.random.default_rng(0).permuted(np.broadcast_to(second, (99_999, 12)), axis=1) @ first
    as_strong = np.abs(shuffled) >= abs(second @ first) - 1e-9
    found = rank_correlation.spearman(list(x), list(y))
    assert found.p == pytest.approx((as_strong.sum() + 1) / 100_000, abs=1e-12)
    monkeypatch.setattr(rank_correlation, "_AT_ONCE", 100_000)
    assert rank_correlation.spearman(list(x), list(y)) == found


def test_equal_values_and_fewer_than_four_have_no_rank_correlation():
    assert np.isnan(rank_correlation.spearman([1, 2, 3, 4], [5, 5, 5, 5]).rho)
    assert np.isnan(rank_correlation.spearman([1, 2, 3], [5, 6, 7]).rho)


def test_what_the_intervals_do_not_tell_apart_is_no_order(tmp_path):
    """Four models whose latencies and joules rise by a thousandth each, with intervals of 2 % and more."""
    models = MODELS[:4]
    latency = [
        synthetic.latency_row("laptop", model, "eager", 0.01 + 1e-5 * place) for place, model in enumerate(models)
    ]
    energy = [synthetic.energy_row("laptop", model, "eager", 1 + 1e-3 * place) for place, model in enumerate(models)]
    found = _check(tmp_path, {"metric": "energy", "tracks": "latency"}, latency=latency, energy=energy)
    assert (found.verdict, found.reason) == ("undecided", "ρ is undefined")
    memory = {"metric": "memory", "tracks": "latency"}
    rows = [
        synthetic.latency_row("laptop", model, "eager", 0.01 * (place + 1), peak_bytes=300_000_000 + 100_000 * place)
        for place, model in enumerate(models)
    ]
    assert _check(tmp_path / "memory", memory, latency=rows).verdict == "undecided"


@pytest.mark.parametrize("seconds", [[0.0505, 0.05, 0.05, 0.0495], [0.08, 0.06, 0.05, 0.04]])
@pytest.mark.parametrize("grows", ["linearly", "faster", "slower"])
def test_what_does_not_grow_refutes_every_kind_of_growth(tmp_path, grows, seconds):
    found = _grown(tmp_path, grows, seconds)
    assert (found.verdict, found.reason) == ("refuted", "it does not grow")


@given(
    seconds=st.lists(st.floats(0.01, 10), min_size=3, max_size=5),
    half=st.floats(0.005, 0.4),
)
def test_no_two_kinds_of_growth_are_ever_supported_by_the_same_figures(seconds, half):
    values, figures = pd.Series([1.0, 2, 4, 8, 16][: len(seconds)]), pd.Series(seconds)
    kind = plugins.load("hypotheses", "grows")
    claims = [
        kind({"metric": "latency", "grows": grows, "with": "batch"}) for grows in ("linearly", "faster", "slower")
    ]
    cases = [claim._case("here", values, figures, np.full(len(seconds), half), False) for claim in claims]
    assert sum(case.verdict == "supported" for case in cases) <= 1


def test_a_chain_of_near_neighbours_keeps_the_order_of_its_ends(tmp_path):
    """Each model is 10 % slower than the one before, with intervals of 10 %: neighbours are not told apart, the ends are."""
    latency = [synthetic.latency_row("laptop", m, "eager", 0.01 * 1.1**place, 0.1) for place, m in enumerate(MODELS)]
    energy = [synthetic.energy_row("laptop", m, "eager", 2.0**place) for place, m in enumerate(MODELS)]
    found = _check(tmp_path, {"metric": "latency", "tracks": "energy"}, latency=latency, energy=energy)
    assert (found.verdict, found.cases[0].verdict) == ("supported", "supported")


def test_a_large_fixed_cost_is_growth_all_the_same(tmp_path):
    found = _grown(tmp_path, "linearly", [0.1, 0.1017, 0.105, 0.1117], half=0.003)
    assert found.verdict == "supported"


@pytest.mark.parametrize("megabytes", [(300, 390, 480), (300, 306, 312)])
def test_memory_is_not_said_to_need_more_measuring(tmp_path, megabytes):
    rows = [
        synthetic.latency_row("laptop", "resnet18", "eager", 0.03 * batch, batch=batch, peak_bytes=1_000_000 * size)
        for batch, size in zip((1, 2, 4), megabytes, strict=True)
    ]
    found = _check(tmp_path, {"metric": "memory", "grows": "slower", "with": "batch"}, latency=rows)
    assert found.cure == ""


def test_memory_stays_by_its_figures_alone(tmp_path):
    rows = _pair(0.01, 0.03)
    for row, bytes_ in zip(rows, (300_000_000, 306_000_000), strict=True):
        row["peak_bytes"] = bytes_
    claim = {"metric": "memory", "of": "mobilenet_v3_small", "stays": "within 3 %", "from": "resnet18"}
    assert _check(tmp_path, claim, latency=rows).verdict == "supported"
    assert _check(tmp_path, {**claim, "stays": "within 1 %"}, latency=rows).verdict == "refuted"


def _counted(results: Path, params: tuple[int, int]) -> None:
    for model, count in zip(("mobilenet_v3_small", "resnet18"), params, strict=True):
        row = {"model": model, "runtime": "eager", "batch": 1, "size": 224, "base": 1, "status": "ok", "params": count}
        row |= {"params_every_use": count, "params_by_storage": count, **synthetic.provenance(model)}
        write_table(results / "models" / model / "counts.csv", columns.COUNTS, [row])


@pytest.mark.parametrize(
    ("params", "by", "verdict"),
    [
        ((0, 1000), None, "supported"),
        ((0, 0), None, "refuted"),
        ((1000, 0), None, "refuted"),
        ((500, 1000), 2, "supported"),
        ((501, 1000), 2, "refuted"),
        ((1000, 1000), None, "refuted"),
    ],
)
def test_counts_are_compared_exactly_and_a_model_may_have_none(tmp_path, params, by, verdict):
    _counted(tmp_path, params)
    claim = {**LESS, "metric": "params"} | ({"by": by} if by else {})
    assert _check(tmp_path, claim, latency=_pair(0.01, 0.03)).verdict == verdict


def test_accuracy_is_the_same_at_another_batch_and_not_known_at_another_size(tmp_path):
    synthetic.tree(tmp_path)
    claim = {"metric": "accuracy", "of": "digits_mlp", "less_than": "digits_cnn"}
    assert _check(tmp_path, {**claim, "at": {"batch": 4}}).verdict == "supported"
    assert _check(tmp_path, {**claim, "at": {"size": 16}}).verdict == "undecided"


def test_how_long_more_launches_take_follows_from_those_that_were_made(tmp_path):
    """Five launches per point a minute apart took five minutes; nine times as many take forty minutes more."""
    name = "devices/laptop/latency/resnet18.csv"
    rows = _pair(0.0101, 0.01)[1:]
    write_table(tmp_path / name, columns.LATENCY, rows)
    synthetic.journal(tmp_path, name, rows, (1.0, 1.04, 0.96, 1.02, 0.98))
    merge(synthetic.job(), tmp_path, tmp_path / "merged")
    merged = load(tmp_path / "merged", synthetic.job()["models"])
    case = Case("here", "undecided", "close", "1", narrower=3.0)
    assert verdicts._cure({"metric": "latency"}, [case], merged) == (
        "About 45 launches per point would decide it at best (`launches` in the section `latency`, which takes about 40 minutes "
        "more)."
    )


def test_the_interval_of_a_rank_correlation_is_that_of_bonett_and_wright():
    """For six models: tanh(artanh(0.6) ± 1.96 · √((1 + ρ² / 2) / 3))."""
    found = rank_correlation.spearman([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5])
    known = np.tanh(np.arctanh(found.rho) + 1.959964 * np.array([-1, 1]) * np.sqrt((1 + found.rho**2 / 2) / 3))
    assert (found.low, found.high) == pytest.approx(tuple(known))


@pytest.mark.parametrize("power", [1.0, 1.5])
def test_the_interval_of_the_bend_holds_the_truth_about_as_often_as_it_says(power):
    random = np.random.default_rng(11)
    x, half = np.array([1.0, 2, 3, 4]), 0.06
    exact = growth_fit.bend(list(x), list(x**power), [half] * 4).value
    held = 0
    for _ in range(400):
        found = growth_fit.bend(list(x), list(x**power * random.lognormal(0, half / 1.96, 4)), [half] * 4)
        held += found.low <= exact <= found.high
    assert 0.92 <= held / 400 <= 0.995


def test_no_cost_of_a_line_is_below_zero():
    steep = growth_fit.line([1, 2, 4], [1, 4, 16], [0.02] * 3)
    assert steep.fixed == 0
    assert max(map(abs, steep.distances)) > 0.3
    falling = growth_fit.line([1, 2, 4], [4, 2, 1], [0.02] * 3)
    assert falling.per_unit == 0
