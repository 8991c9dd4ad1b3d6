"""How many launches a point still needs: never above the caps, and the same however often the run was killed."""

import random
from dataclasses import dataclass
from typing import Any

from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from joulesweep.measure import missing

LIMITS = {"timeout_s": 60, "memory_bytes": None}
OTHER = {"timeout_s": 1, "memory_bytes": None}


@dataclass(frozen=True)
class Launch:
    """What the rule looks at in a launch."""

    status: str = "ok"
    others_share: float = 0.0
    seconds: float = 1.0
    limits: Any = None
    meter_failures: int = 0

    @property
    def ok(self) -> bool:
        return self.status == "ok"


def _settings(**changes: Any) -> dict[str, Any]:
    return {"launches": 3, "busy_retries": 0, "precision": 1.0, **changes}


SETTINGS = st.builds(
    _settings, launches=st.integers(3, 6), busy_retries=st.integers(0, 4), precision=st.floats(0.001, 1.0)
)
LAUNCHES = st.builds(
    Launch,
    status=st.sampled_from(["ok", "ok", "ok", "ok", "crashed", "timeout"]),
    others_share=st.sampled_from([0.0, 0.0, 0.5]),
    seconds=st.floats(0.5, 2.0),
    limits=st.sampled_from([LIMITS, LIMITS, OTHER]),
)
BUDGETS = st.integers(0, 50)  # launches beyond the first stage that time allows


def _missing(launches: list[Launch], settings: dict[str, Any], budget: int = 0) -> int:
    """What is missing now: of the first stage, or of what its spread asks for and the budget allows."""
    given: Any = launches
    first = missing.missing_in_first_stage(given, settings, LIMITS)
    wanted = min(budget, missing.wanted_beyond(given, settings, LIMITS))
    return first or missing.missing_beyond(given, wanted, settings, LIMITS)


@given(st.lists(LAUNCHES, max_size=40), SETTINGS, BUDGETS)
def test_a_point_never_gets_more_than_the_caps(launches, settings, budget):
    settled = [launch for launch in launches if launch.ok or launch.limits == LIMITS]
    count = _missing(launches, settings, budget)
    cap = settings["launches"] + settings["busy_retries"] + min(budget, missing.MOST_FURTHER)
    assert 0 <= count <= cap
    assert count == 0 or len(settled) + count <= cap


@given(st.lists(LAUNCHES, max_size=20), SETTINGS, LAUNCHES)
def test_one_more_launch_of_the_first_stage_never_raises_what_is_missing_in_it(launches, settings, more):
    """A point that was given up gets no more launches."""
    assume(not missing.is_given_up(launches, LIMITS))  # type: ignore[arg-type]
    assert _missing([*launches, more], settings) <= _missing(launches, settings)


@hypothesis_settings(max_examples=500)
@given(st.integers(0), SETTINGS, BUDGETS)
def test_a_run_that_is_killed_anywhere_ends_with_the_launches_of_one_that_is_not(seed, chosen, budget):
    """Launches come in the same order; a killed run asks again how many are missing, a whole one after each stage."""
    chance = random.Random(seed)
    outcomes = [
        Launch(
            status=chance.choice(["ok"] * 9 + ["crashed"]),
            others_share=chance.choice([0.0, 0.0, 0.5]),
            seconds=chance.uniform(0.5, 2.0),
            limits=LIMITS,
        )
        for _ in range(80)
    ]
    assert _measure(outcomes, chosen, budget, None) == _measure(outcomes, chosen, budget, chance)


def _measure(outcomes: list[Launch], settings: dict[str, Any], budget: int, chance: random.Random | None) -> int:
    """Make launches with these outcomes until none is missing, killed now and then; returns how many were made."""
    made: list[Launch] = []
    while count := _missing(made, settings, budget):
        if chance is not None:
            count = chance.randint(1, count)
        for _ in range(count):
            if missing.is_given_up(made, LIMITS):  # type: ignore[arg-type]
                break
            made.append(outcomes[len(made)])
    return len(made)


def test_a_spread_asks_for_further_launches_at_most_forty():
    spread = [Launch(seconds=seconds) for seconds in (1.0, 1.5, 2.0)]
    assert _missing(spread, _settings(precision=1e-9), budget=1000) == 40
    assert _missing(spread, _settings(precision=1e-9), budget=4) == 4
    assert _missing([Launch()] * 3, _settings(precision=0.05), budget=1000) == 0


def test_points_share_the_time_evenly_and_what_some_do_not_want_goes_to_the_others():
    assert missing.affordable([2, 10, 0, 10], [1.0, 2.0, 9.0, 3.0], 100.0) == [2, 10, 0, 10]
    assert missing.affordable([2, 10, 0, 10], [1.0, 2.0, 9.0, 3.0], 22.0) == [2, 4, 0, 4]
    assert missing.affordable([2, 10, 0, 10], [1.0, 2.0, 9.0, 3.0], 6.5) == [1, 1, 0, 1]
    assert missing.affordable([2, 10], [1.0, 1.0], -5.0) == [0, 0]
    assert missing.affordable([], [], 5.0) == []


@given(st.lists(st.tuples(st.integers(0, 40), st.floats(0.1, 5)), max_size=8), st.floats(-10, 200))
def test_what_is_given_to_points_is_never_more_than_they_want_nor_than_there_is_time_for(points, budget_s):
    wanted, launch_s = [count for count, _ in points], [each for _, each in points]
    found = missing.affordable(wanted, launch_s, budget_s)
    assert all(0 <= got <= asked for got, asked in zip(found, wanted, strict=True))
    assert sum(got * each for got, each in zip(found, launch_s, strict=True)) <= max(0.0, budget_s) + 1e-6


def test_launches_beside_other_processes_are_repeated_so_often_and_no_more():
    busy = [Launch(others_share=0.5)] * 3
    assert [_missing(busy, _settings(busy_retries=retries)) for retries in (0, 2, 9)] == [0, 2, 3]
    busy += [Launch()] * 2
    assert [_missing(busy, _settings(busy_retries=retries)) for retries in (0, 2, 9)] == [0, 0, 1]


def test_a_point_that_fails_twice_is_given_up_until_its_limits_change():
    failed: Any = [Launch("timeout", limits=OTHER)] * 2
    assert _missing(failed, _settings()) == 3
    assert missing.missing_in_first_stage(failed, _settings(), OTHER) == 0
    assert _missing([Launch("timeout", limits=LIMITS)], _settings()) == 2


def test_what_a_meter_failed_is_repeated_when_the_job_knows_of_it():
    lost = [Launch(), Launch("no_meter", limits=LIMITS, meter_failures=0), Launch("crashed", limits=LIMITS)]
    assert missing.missing_windows(lost, _settings(), LIMITS, 0) == 0  # type: ignore[arg-type]
    assert missing.missing_windows(lost, _settings(), LIMITS, 1) == 1  # type: ignore[arg-type]
