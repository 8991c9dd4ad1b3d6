"""Metrics: each is what its definition says, its interval holds what it should, and pairs are compared more sharply than two intervals are."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joulesweep import plugins
from joulesweep.errors import Unsupported
from joulesweep.uncertainty import bootstrap, share
from joulesweep.uncertainty.interval import of_median

SYMBOLS = ("<pad>", "<unk>", "|", "A", "B", "C")


def _scores(name: str, outputs: Any, labels: Any, **more: Any) -> tuple[Any, np.ndarray]:
    """The metric, and what it keeps of these examples."""
    metric = plugins.load("metrics", name)(**more)
    kept = [metric.score(np.asarray(output), label) for output, label in zip(outputs, labels, strict=True)]
    return metric, np.array(kept, dtype=float)


def _value(name: str, outputs: Any, labels: Any, **more: Any) -> float:
    metric, scores = _scores(name, outputs, labels, **more)
    return metric.value(scores)


def test_every_metric_declares_its_words_unit_direction_interval_and_labels():
    for name in plugins.names("metrics"):
        metric = plugins.load("metrics", name)
        literals = ("words", "unit", "higher_is_better", "interval", "labels", "needs")
        for attribute in literals:
            assert plugins.declared("metrics", name, attribute) == getattr(metric, attribute), name
        assert metric.unit in ("", "%")
        assert metric.labels in ("classes", "numbers", "texts")


def test_top_1_and_top_5_count_labels_among_the_largest_outputs_and_give_nothing_for_equal_ones():
    outputs = np.eye(8)[[0, 1, 2, 3]] + np.linspace(0, 0.1, 8)
    assert _value("top-1", outputs, [0, 1, 2, 4]) == 0.75
    assert _value("top-5", outputs, [0, 7, 0, 4]) == 0.75
    assert _value("top-1", np.zeros((4, 8)), [0, 1, 2, 3]) == 0.25
    assert _value("top-5", np.zeros((2, 8)), [4, 5]) == 0.5


def test_top_5_of_five_classes_would_always_be_right_so_it_is_refused():
    with pytest.raises(Unsupported, match="write metric: top-1"):
        _value("top-5", np.eye(5), range(5))


@pytest.mark.parametrize(
    ("name", "output", "label", "words"),
    [
        ("top-1", np.zeros((4, 7)), 0, r"shape \[4, 7\] per example; the metric takes one number per class"),
        ("f1", np.zeros(1), 0, "one number per class"),
        ("mae", np.zeros(2), 0.0, "takes a single number"),
        ("spearman", np.zeros((2, 2)), 0.0, "takes a single number"),
        ("word-accuracy", np.zeros((9, 4)), "a", r"takes \[time, symbols\], and the data have 6 symbols"),
    ],
)
def test_an_output_of_another_shape_is_refused_in_words(name, output, label, words):
    metric = plugins.load("metrics", name)(SYMBOLS)
    with pytest.raises(Unsupported, match=words):
        metric.score(output, label)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
def test_macro_f1_is_that_of_scikit_learn(pairs):
    sklearn = pytest.importorskip("sklearn.metrics")
    answers, labels = zip(*pairs, strict=True)
    wanted = sklearn.f1_score(labels, answers, average="macro", zero_division=0.0)
    assert _value("f1", np.eye(5)[list(answers)], labels) == pytest.approx(wanted)


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=2, max_size=40))
def test_spearman_is_that_of_scipy_with_ties_and_undefined_where_that_is(pairs):
    from scipy import stats

    outputs, labels = zip(*pairs, strict=True)
    found = _value("spearman", [[float(output)] for output in outputs], labels)
    if len(set(outputs)) == 1 or len(set(labels)) == 1:
        assert math.isnan(found)
    else:
        assert found == pytest.approx(stats.spearmanr(outputs, labels).statistic)


def test_mean_absolute_error_is_the_mean_distance():
    assert _value("mae", [[1.0], [2.0], [5.0]], [1, 4, 1]) == 2.0


def _spoken(text: str) -> np.ndarray:
    """An output that spells a text, each symbol twice, with blanks where two equal ones follow each other."""
    places: list[int] = []
    for letter in text.replace(" ", "|"):
        place = SYMBOLS.index(letter)
        places += [0, place, place] if places and places[-1] == place else [place, place]
    return np.eye(len(SYMBOLS))[places] if places else np.eye(len(SYMBOLS))[[0]]


@pytest.mark.parametrize(
    ("said", "label", "wanted"),
    [
        ("A B C", "a b c", 1.0),
        ("AA BB", "AA BB", 1.0),
        ("A B", "A B C", 2 / 3),
        ("A C", "A B", 0.5),
        ("A B C", "A", -1.0),
        ("", "A B", 0.0),
    ],
)
def test_word_accuracy_is_one_less_the_words_to_change_over_those_that_should_be_there(said, label, wanted):
    assert _value("word-accuracy", [_spoken(said)], [label], symbols=SYMBOLS) == pytest.approx(wanted)


def test_symbols_in_angle_brackets_are_no_part_of_a_text():
    output = np.eye(len(SYMBOLS))[[3, 1, 4]]
    assert _value("word-accuracy", [output], ["ab"], symbols=SYMBOLS) == 1.0


WORDS = st.lists(st.sampled_from("ABC"), max_size=6)


@given(WORDS, WORDS)
def test_word_errors_are_a_distance(one, other):
    def errors(said: list[str], label: list[str]) -> float:
        return _scores("word-accuracy", [_spoken(" ".join(said))], [" ".join(label)], symbols=SYMBOLS)[1][0, 0]

    assert errors(one, other) == errors(other, one)
    assert errors(one, one) == 0
    assert abs(len(one) - len(other)) <= errors(one, other) <= max(len(one), len(other))


@given(st.integers(1, 2000).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
def test_wilson_s_interval_solves_its_equation_and_holds_the_share(pair):
    """Its ends are the shares p with |right / n - p| = z sqrt(p (1 - p) / n)."""
    right, count = pair
    found = share.wilson(right, count)
    assert 0 <= found.low <= right / count == found.value <= found.high <= 1
    for end in (found.low, found.high):
        assert math.isclose(abs(right / count - end), 1.959964 * math.sqrt(end * (1 - end) / count), abs_tol=1e-6)


def test_pairs_that_agree_are_told_apart_far_better_than_by_two_intervals():
    """Both wrong on the same 50 of 500: each share is known to 2.7 points, their difference to half a point."""
    right = np.ones(500)
    right[:50] = 0
    found = share.paired_difference(right, right)
    assert found.value == 0
    assert -0.006 < found.low < 0 < found.high < 0.006
    assert share.wilson(450, 500).high - share.wilson(450, 500).low > 0.05


@pytest.mark.parametrize("more", [0.0, 0.02, 0.06])
def test_the_interval_of_a_paired_difference_holds_the_true_one_in_95_of_100_cases(more):
    """Drawn with a true difference of `more`; 1000 draws of 200 examples."""
    generator = np.random.default_rng(7)
    held = 0
    for _ in range(1000):
        case = generator.choice(4, 200, p=[0.85 - more, 0.03 + more, 0.03, 0.09])
        found = share.paired_difference((case <= 1).astype(float), (case % 2 == 0).astype(float))
        held += found.low <= more <= found.high
    assert 0.93 <= held / 1000 <= 0.995


def test_the_bootstrap_interval_of_a_mean_is_about_that_of_its_standard_error_and_the_same_each_time():
    values = np.random.default_rng(1).exponential(size=400)
    found = bootstrap.interval(lambda places: float(values[places].mean()), len(values))
    half = 1.96 * values.std() / math.sqrt(len(values))
    assert found.value == values.mean()
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.1)
    assert found == bootstrap.interval(lambda places: float(values[places].mean()), len(values))


def test_one_example_has_no_interval():
    found = bootstrap.interval(lambda places: float(len(places)), 1)
    assert found.value == 1
    assert math.isnan(found.low)
    assert math.isnan(found.high)


@pytest.mark.parametrize("name", ["f1", "mae", "spearman"])
def test_a_difference_is_paired_and_its_interval_narrower_than_that_of_independent_values(name):
    generator = np.random.default_rng(3)
    if name == "f1":
        labels = generator.integers(0, 3, 300)
        first = np.where(generator.random(300) < 0.2, 0, labels)
        second = np.where(generator.random(300) < 0.02, 0, first)
        outputs = [np.eye(3)[answers] for answers in (first, second)]
    else:
        labels = generator.normal(size=300)
        first = labels + generator.normal(size=300)
        outputs = [first[:, None], (first + 0.05 * generator.normal(size=300))[:, None]]
    (metric, a), (_, b) = (_scores(name, output, labels) for output in outputs)
    found = metric.difference(a, b)
    apart = [metric.estimate(each) for each in (a, b)]
    assert found.value == pytest.approx(apart[0].value - apart[1].value)
    assert found.low <= found.value <= found.high
    assert found.high - found.low < 0.6 * math.hypot(*(each.high - each.low for each in apart))


@pytest.mark.parametrize(("count", "place"), [(6, 0), (9, 1), (50, 17)])
def test_the_interval_of_a_median_lies_between_the_values_that_the_sign_test_names(count, place):
    """Conover, table A3: of 50 values the 18th and the 33rd."""
    found = of_median(list(range(count)))
    assert (found.low, found.high) == (place, count - 1 - place)
    assert found.value == (count - 1) / 2


def test_five_values_have_a_median_and_no_interval():
    assert math.isnan(of_median([1.0, 2.0, 3.0, 4.0, 5.0]).low)
