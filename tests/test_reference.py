"""The reference: what it is made of, that it leaves nothing behind, and the level that it is held against."""

import json
import math
import threading
import time

import pytest
from joulesweep.measure.crew import Crew
from joulesweep.measure.levelling import Levelling, look
from joulesweep.measure.reference import Reference
from joulesweep.measure.server import Server
from joulesweep.reference_levels import MIXTURE, TOGETHER, ReferenceLevels, kind, mixture_s


@pytest.mark.parametrize("threads", [1, 2])
def test_every_part_takes_its_time(threads):
    reference = Reference(threads)
    assert reference.parts == (MIXTURE if threads == 1 else (*MIXTURE, TOGETHER))
    found = reference.look()
    assert len(found) == len(reference.parts)
    assert all(seconds > 0 for seconds in found)


def test_a_crew_works_at_one_moment_on_as_many_threads_and_tells_the_slowest():
    met = threading.Barrier(3, timeout=30)
    crew = Crew(3)

    def work(number: int) -> None:
        met.wait()
        time.sleep(0.05 if number == 2 else 0)

    assert crew.run(work) >= 0.05
    assert crew.run(lambda number: None) < 0.05


def busy_after_a_look(_: dict) -> dict[str, float]:
    """Processor time that the process uses while it sleeps, right after a look, over the time that it sleeps."""
    Reference(2).look()
    before = time.process_time()
    time.sleep(0.1)
    return {"share": (time.process_time() - before) / 0.1}


def test_nothing_of_the_reference_goes_on_into_the_passes():
    """Threads of numpy that spin after a look would slow a runtime's own on the same cores, many times."""
    with Server([]) as server:
        assert server.run(busy_after_a_look, {}, 60).value["share"] < 0.1


def test_a_mixture_is_the_geometric_mean_of_its_parts_without_what_runs_together():
    one = dict.fromkeys(MIXTURE, 1e-3)
    assert mixture_s({**one, "matrix": 32e-3, TOGETHER: 9.0}) == pytest.approx(2e-3)
    assert mixture_s({"queue": 1e-3, "matrix": 4e-3}) == pytest.approx(2e-3)
    assert mixture_s({}) is None


def _levels(tmp_path, **kinds: list[list[float]]):
    parts = {name: [*MIXTURE, TOGETHER][: len(looks[0])] for name, looks in kinds.items()}
    text = {"reference": "r", "kinds": {name: {"parts": parts[name], "looks": kinds[name]} for name in kinds}}
    (tmp_path / "reference.json").write_text(json.dumps(text))
    return ReferenceLevels.read(tmp_path / "reference.json", "r")


def test_the_mixture_of_a_cpu_has_one_level_and_what_runs_together_one_for_each_number_of_threads(tmp_path):
    levels = _levels(tmp_path, **{"cpu-1": [[1.0] * 5] * 2, "cpu-2": [[3.0] * 6]})
    assert levels.seconds("cpu-1") == dict.fromkeys(MIXTURE, 1.0)
    assert levels.seconds("cpu-2") == {**dict.fromkeys(MIXTURE, 1.0), TOGETHER: 3.0}
    assert levels.seconds("eager-cuda") == levels.seconds("cpu-4") == {}


def test_levels_of_another_reference_are_none_and_what_is_no_file_of_levels_is_refused(tmp_path):
    _levels(tmp_path, **{"cpu-1": [[1.0] * 5]})
    path = tmp_path / "reference.json"
    assert ReferenceLevels.read(path, "another").looks == {}
    assert ReferenceLevels.read(tmp_path / "absent.json").looks == {}
    for text in ("", "[]", "{}", '{"reference": "r", "kinds": {"cpu-1": {"parts": ["matrix"], "looks": [[1, 2]]}}}'):
        path.write_text(text)
        with pytest.raises(ValueError, match="holds no levels"):
            ReferenceLevels.read(path)
        assert Levelling(path, "r").levels.looks == {}


def test_looks_for_a_level_are_taken_in_processes_of_their_own_and_kept_apart_by_threads(tmp_path, monkeypatch):
    levelling = Levelling(tmp_path / "reference.json", "r")
    with Server([]) as server:
        for threads in (1, 2, 2):
            levelling.maybe_look(server, kind("cpu", "onnxruntime", threads), "onnxruntime", threads)
    assert {name: len(looks) for name, looks in levelling.levels.looks.items()} == {"cpu-1": 1, "cpu-2": 1}
    assert math.isclose(levelling.levels.mixture_s("cpu-1"), levelling.levels.mixture_s("cpu-2"))


def test_a_look_names_its_parts():
    found = look({"runtime": "onnxruntime", "threads": 1})
    assert len(found["parts"]) == len(found["look"]) == len(MIXTURE)
