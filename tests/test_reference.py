"""The reference: what it is made of, that it leaves nothing behind, and the level that it is held against."""

import json
import time
from collections.abc import Callable

import numpy as np
import pytest
from joulesweep.launches.reference_baseline import MIXTURE, ReferenceBaseline, mixture_s, reference_name
from joulesweep.measure.latency.baseline_recorder import BaselineRecorder, sample
from joulesweep.measure.latency.reference import Reference
from joulesweep.measure.processes.server import Server


def test_every_part_does_its_work_and_is_timed_in_the_order_of_the_mixture(monkeypatch):
    """What each part leaves behind is wiped before, so that a part that does nothing is noticed."""
    reference = Reference()
    results = {
        "matrix": (reference._product, 192 * 0.25),
        "cache": (reference._small[2], 1.0),
        "convolution": (reference._out, 16 * 9 * 0.25),
    }
    for array, _ in results.values():
        array.fill(-1)
    reference._filled.fill(-1)
    reference._large[:] = np.arange(len(reference._large))[:, None]
    timed: list[str] = []

    def seconds(part: Callable[[], None]) -> float:
        timed.append(part.__name__.strip("_"))
        part()
        return float(len(timed))

    monkeypatch.setattr("joulesweep.measure.latency.reference._seconds", seconds)
    assert reference.sample() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert tuple(timed) == MIXTURE
    for array, value in results.values():
        assert (array == value).all()
    assert (reference._filled == 0.5).all()
    moved = (reference._large != np.arange(len(reference._large))[:, None]).all(axis=1)
    assert moved.sum() == 8, "four pieces in the run that does not count and four in the one that does"


def test_the_python_part_counts():
    """It has no result to look at, so its instructions are: it loops over as many numbers as it says."""
    reference, numbers = Reference(), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "joulesweep.measure.latency.reference.range",
            lambda count: numbers.append(count) or range(count),
            raising=False,
        )
        reference._python()
    assert numbers == [12_000]


def busy_after_a_look(_: dict) -> dict[str, float]:
    """Processor time that the process uses while it sleeps, right after a look, over the time that it sleeps."""
    Reference().sample()
    before = time.process_time()
    time.sleep(0.1)
    return {"share": (time.process_time() - before) / 0.1}


def test_nothing_of_the_reference_goes_on_into_the_passes():
    """Threads of numpy that spin after a look would slow a runtime's own on the same cores, many times."""
    with Server([]) as server:
        assert server.run(busy_after_a_look, {}, 60).value["share"] < 0.1


def test_a_mixture_is_the_geometric_mean_of_its_parts():
    assert mixture_s({"queue": 1e-3, "matrix": 4e-3}) == pytest.approx(2e-3)
    assert mixture_s({}) is None


def _levels(tmp_path, **kinds: list[list[float]]):
    text = {"reference": "r", "references": {name: {"parts": MIXTURE, "samples": kinds[name]} for name in kinds}}
    (tmp_path / "reference.json").write_text(json.dumps(text))
    return ReferenceBaseline.read(tmp_path / "reference.json", "r")


def test_a_level_is_the_median_of_the_samples_at_its_own_reference(tmp_path):
    levels = _levels(tmp_path, **{"cpu": [[1.0] * 5, [2.0] * 5, [9.0] * 5], "eager-cuda": [[4.0] * 5]})
    assert levels.seconds("cpu") == dict.fromkeys(MIXTURE, 2.0)
    assert levels.seconds("eager-cuda") == dict.fromkeys(MIXTURE, 4.0)
    assert levels.seconds("eager-mps") == {}
    assert reference_name("cpu", "eager") == reference_name("cpu", "onnxruntime") == "cpu"
    assert reference_name("cuda", "eager-cuda") == "eager-cuda"


def test_levels_of_another_reference_are_none_and_what_is_no_file_of_levels_is_refused(tmp_path):
    _levels(tmp_path, cpu=[[1.0] * 5])
    path = tmp_path / "reference.json"
    assert ReferenceBaseline.read(path, "another").samples == {}
    assert ReferenceBaseline.read(tmp_path / "absent.json").samples == {}
    for text in (
        "",
        "[]",
        "{}",
        '{"reference": "r", "references": {"cpu": {"parts": ["matrix"], "samples": [[1, 2]]}}}',
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match="holds no baseline"):
            ReferenceBaseline.read(path)
        assert BaselineRecorder(path, "r").baseline.samples == {}


def test_samples_for_a_level_are_taken_in_processes_of_their_own_and_spread_over_time(tmp_path):
    baseline = BaselineRecorder(tmp_path / "reference.json", "r")
    with Server([]) as server:
        for _ in range(3):
            baseline.sample_if_due(server, "cpu", "onnxruntime")
    assert [len(samples) for samples in baseline.baseline.samples.values()] == [1]
    assert set(baseline.baseline.seconds("cpu")) == set(MIXTURE)


def test_a_look_names_its_parts():
    found = sample({"runtime": "onnxruntime"})
    assert len(found["parts"]) == len(found["sample"]) == len(MIXTURE)
