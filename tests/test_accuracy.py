"""Accuracy on labelled data."""

import csv
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joulesweep import plugins
from joulesweep.launches import columns

from tests.digits_model import digits_spec

pytest.importorskip("torch")
pytest.importorskip("sklearn")


def _evaluate(exported, tmp_path, runtimes, **spec):
    from joulesweep.measure import accuracy

    job = {
        "device": "test-accuracy",
        "model": {**digits_spec(), "runtimes": runtimes, **spec},
        "threads": 1,
        "code_digest": dict.fromkeys(runtimes, "c"),
        "versions": {runtime: {"torch": "2"} for runtime in runtimes},
    }
    accuracy.evaluate(job, exported, tmp_path / "accuracy.csv")
    with (tmp_path / "accuracy.csv").open() as rows:
        return list(csv.DictReader(rows))


def test_the_shipped_network_reads_digits_in_every_runtime(exported, tmp_path):
    rows = _evaluate(exported, tmp_path, ["eager", "onnxruntime", "onnxruntime-int8"])
    assert [row["status"] for row in rows] == ["ok"] * 3
    assert all(float(row["value"]) > 0.95 for row in rows)
    assert all(float(row["ci_low"]) < float(row["value"]) < float(row["ci_high"]) for row in rows)
    assert rows[0]["value"] == rows[1]["value"]
    assert set(rows[0]) == set(columns.ACCURACY.header)


def test_a_runtime_that_fails_is_a_row_and_the_others_are_measured(exported, tmp_path, monkeypatch):
    def broken(*_):
        raise MemoryError("no room")

    monkeypatch.setattr(plugins.load("runtimes", "eager"), "load", broken)
    rows = _evaluate(exported, tmp_path, ["eager", "onnxruntime"])
    assert [row["status"] for row in rows] == ["error", "ok"]
    assert rows[0]["message"] == "MemoryError: no room"
    assert not rows[0]["value"]


@given(st.integers(1, 2000).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
def test_wilson_s_interval_solves_its_equation_and_holds_the_share(pair):
    """Its ends are the shares p with |right / n - p| = z sqrt(p (1 - p) / n)."""
    from joulesweep.measure.accuracy import wilson

    right, count = pair
    low, high = wilson(right, count)
    assert 0 <= low <= right / count <= high <= 1
    for end in (low, high):
        assert math.isclose(abs(right / count - end), 1.959964 * math.sqrt(end * (1 - end) / count), abs_tol=1e-6)


def test_the_digits_are_split_into_parts_that_share_no_example():
    found = plugins.load("datasets", "digits")().load()
    assert found.test_inputs.shape == (500, 1, 8, 8)
    assert len(found.train_inputs) + len(found.test_inputs) == 1797
    assert 0 == found.train_inputs.min() < found.train_inputs.max() == 1
    assert np.bincount(found.test_labels).min() > 30


def test_the_split_is_the_one_that_the_shipped_weights_were_trained_with():
    found = plugins.load("datasets", "digits")().load()
    assert found.test_labels[:8].tolist() == [6, 4, 2, 3, 6, 9, 7, 0]
