"""Verdicts follow from the numbers, and say when there are none."""

from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joulesweep.analysis.merge.job import merge
from joulesweep.analysis.report.verdicts import KINDS, Finding, check
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


@pytest.mark.parametrize(
    ("order", "verdict"),
    [([1, 2, 3, 4, 5, 6, 7], "supported"), ([7, 6, 5, 4, 3, 2, 1], "refuted"), ([4, 1, 6, 3, 7, 2, 5], "undecided")],
)
def test_tracking_is_decided_by_the_order_of_the_models(tmp_path, order, verdict):
    latency = [
        synthetic.latency_row("laptop", model, "eager", 0.01 * (place + 1)) for place, model in enumerate(MODELS)
    ]
    energy = [synthetic.energy_row("laptop", model, "eager", float(order[place])) for place, model in enumerate(MODELS)]
    found = _check(tmp_path, {"metric": "energy", "tracks": "latency"}, latency=latency, energy=energy)
    assert found.verdict == verdict
    assert "n = 7" in found.cases[0].numbers


def test_so_few_models_that_chance_is_never_ruled_out_are_said(tmp_path):
    latency = [synthetic.latency_row("laptop", model, "eager", place + 1.0) for place, model in enumerate(MODELS[:4])]
    energy = [synthetic.energy_row("laptop", model, "eager", place + 1.0) for place, model in enumerate(MODELS[:4])]
    found = _check(tmp_path, {"metric": "energy", "tracks": "latency"}, latency=latency, energy=energy)
    assert found.verdict == "undecided"
    assert found.reason == "too few models, 5 or more can decide it"
    assert "with 4 models p cannot be below 0.083" in found.cases[0].numbers


def test_points_of_a_sweep_are_no_dots(tmp_path):
    rows = [synthetic.latency_row("laptop", m, "eager", 0.01 * b, batch=b) for m in MODELS[:2] for b in (1, 2, 4, 8)]
    energy = [synthetic.energy_row("laptop", m, "eager", 0.1 * b, batch=b) for m in MODELS[:2] for b in (1, 2, 4, 8)]
    found = _check(tmp_path, {"metric": "energy", "tracks": "latency"}, latency=rows, energy=energy)
    assert "n = 2" in found.cases[0].numbers


@pytest.mark.parametrize(("power", "verdict"), [(1.0, "supported"), (0.5, "refuted"), (2.0, "refuted")])
def test_growth_is_linear_where_the_exponent_is_one(tmp_path, power, verdict):
    noise = np.random.default_rng(3).lognormal(0, 0.005, 4)
    rows = [
        synthetic.latency_row("laptop", "resnet18", "eager", 0.03 * batch**power * error, batch=batch)
        for batch, error in zip((1, 2, 4, 8), noise, strict=True)
    ]
    assert (
        _check(tmp_path, {"metric": "latency", "grows": "linearly", "with": "batch"}, latency=rows).verdict == verdict
    )


def test_growth_is_undecided_where_noise_or_too_few_values_leave_it_open(tmp_path):
    hypothesis = {"metric": "latency", "grows": "linearly", "with": "batch"}
    noisy = [
        synthetic.latency_row("laptop", "resnet18", "eager", s, batch=b) for b, s in ((1, 1), (2, 4), (4, 3), (8, 9))
    ]
    assert _check(tmp_path / "noisy", hypothesis, latency=noisy).verdict == "undecided"
    two = [synthetic.latency_row("laptop", "resnet18", "eager", float(b), batch=b) for b in (1, 8)]
    found = _check(tmp_path / "two", hypothesis, latency=two)
    assert found.reason == "too few values of batch"
    assert (
        _check(tmp_path / "none", hypothesis, latency=two[:1]).reason
        == "nothing that it covers has a figure that can be used"
    )


@pytest.mark.parametrize("seed", range(12))
def test_the_exact_p_is_that_of_counting_all_orders_one_by_one(seed):
    random = np.random.default_rng(seed)
    n = int(random.integers(3, 7))
    x, y = random.normal(size=n), np.round(random.normal(size=n), 0 if seed % 2 else 6)
    if len(set(y)) == 1:
        y[0] += 1
    found = rank_correlation.spearman(list(x), list(y))
    observed = abs(spearmanr(x, y).statistic)
    counted = [abs(spearmanr(x, order).statistic) >= observed - 1e-9 for order in permutations(y)]
    assert found.exact
    assert found.rho == pytest.approx(spearmanr(x, y).statistic)
    assert found.p == pytest.approx(np.mean(counted))


def test_many_models_get_a_p_from_seeded_orders_that_is_near_the_known_one():
    random = np.random.default_rng(5)
    x = random.normal(size=20)
    y = 0.5 * x + random.normal(size=20)
    found = rank_correlation.spearman(list(x), list(y))
    assert not found.exact
    assert found.p == pytest.approx(spearmanr(x, y).pvalue, abs=0.01)
    assert found == rank_correlation.spearman(list(x), list(y))


def test_a_metric_whose_values_are_all_equal_leaves_rho_undefined(tmp_path):
    latency = [synthetic.latency_row("laptop", model, "eager", 0.01) for model in MODELS]
    energy = [synthetic.energy_row("laptop", model, "eager", place + 1.0) for place, model in enumerate(MODELS)]
    found = _check(tmp_path, {"metric": "energy", "tracks": "latency"}, latency=latency, energy=energy)
    assert (found.verdict, found.reason) == ("undecided", "ρ is undefined")
    assert found.cases[0].numbers == "all values of one side are equal, n = 7"


def test_what_no_model_has_is_named(tmp_path):
    latency = [synthetic.latency_row("laptop", model, "eager", place + 1.0) for place, model in enumerate(MODELS)]
    found = _check(tmp_path, {"metric": "energy", "tracks": "latency"}, latency=latency)
    assert found.cases[0].numbers == "no model has energy per pass at the base point"


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
        (
            ["refuted", "supported", "undecided"],
            "refuted",
            "refuted in 1, supported in 1 and undecided in 1 of 3 cases",
        ),
    ],
)
def test_the_verdict_over_cases_is_counted_in_words(monkeypatch, verdicts, verdict, reason):
    cases = [Case("here", one, "too few" if one == "undecided" else "", "1") for one in verdicts]
    kind = type("Kind", (), {"sentence": staticmethod(str), "cases": staticmethod(lambda *_: cases)})
    monkeypatch.setitem(KINDS, "less_than", kind)
    found = check({"less_than": "x"}, None, None)
    assert (found.verdict, found.reason) == (verdict, reason)


def test_equal_values_have_no_rank_correlation():
    assert np.isnan(rank_correlation.spearman([1, 2, 3], [5, 5, 5]).rho)


def test_the_interval_of_the_exponent_holds_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(11)
    x = np.array([1.0, 2, 4, 8])
    held = 0
    for _ in range(400):
        found = growth_fit.exponent(list(x), list(x**0.9 * random.lognormal(0, 0.03, 4)))
        held += found.low <= 0.9 <= found.high
    assert 0.91 <= held / 400 <= 0.985
