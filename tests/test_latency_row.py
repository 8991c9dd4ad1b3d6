"""What the launches of a point say of the device, as the flags and columns of its row."""

import json
import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joulesweep.launches import latency_row, selection
from joulesweep.launches.columns import LATENCY
from joulesweep.launches.journal import Journal
from joulesweep.launches.latency_launch import LatencyLaunch, Round, SustainedLaunch, Timing
from joulesweep.launches.latency_row import Corrected
from joulesweep.launches.packing import pack
from joulesweep.launches.reference_baseline import MIXTURE
from joulesweep.merged.columns import CORRECTED
from joulesweep.uncertainty.interval import Interval

from tests.synthetic import STEADY, launch, state
from tests.synthetic import sustained as sustained_launch

IDENTITY = {
    "device": "here",
    "model": "m",
    "runtime": "onnxruntime",
    "batch": 4,
    "size": 8,
    "sequence": None,
    "threads": 1,
    "base": 1,
}
BASELINE_S = dict.fromkeys(MIXTURE, 1e-3)


def _row(*launches: LatencyLaunch, sustained: tuple[SustainedLaunch, ...] = ()) -> dict[str, Any]:
    return latency_row.row(IDENTITY, launches, sustained, BASELINE_S, STEADY)


def _flags(*launches: LatencyLaunch) -> set[str]:
    return set(_row(*launches)["flags"].split())


def test_an_undisturbed_point_has_no_flag_and_the_state_of_its_device():
    row = _row(*[launch()] * 3)
    assert row["flags"] == ""
    assert row["wait_s"] == 1.5
    assert (row["temperature_start_C"], row["temperature_end_C"]) == (50.0, 55.0)
    assert (row["clock_Hz"], row["load"], row["others_share"]) == (1e9, 0.5, 0.02)
    assert row["reference_s"] == pytest.approx(row["reference_baseline_s"]) == pytest.approx(1e-3)


def test_a_device_that_says_it_was_slowed_is_throttled():
    assert _flags(launch(), launch(), launch(after=state(throttling=("soft temperature limit",)))) == {"throttled"}
    assert _flags(launch(), launch(), launch(after=state(throttling=("under-voltage",)))) == {
        "throttled",
        "under_voltage",
    }
    assert _flags(launch(), launch(), launch(after=state(throttle_events=3), before=state(throttle_events=2))) == {
        "throttled"
    }
    assert (
        _flags(
            *[launch(before=state(throttling=(), throttle_events=3), after=state(throttling=(), throttle_events=3))] * 3
        )
        == set()
    )


def test_without_a_sensor_a_lower_clock_is_seen_by_the_reference():
    """A clock lowered by a half slows all but memory alike; a busy neighbour slows the parts unlike each other."""
    lower = dict.fromkeys(MIXTURE, 1.5) | {"memory": 1.05}
    busy = {"cache": 1.6, "python": 1.6, "memory": 1.6, "convolution": 1.4, "matrix": 1.05}
    assert "throttled" in _flags(launch(slower=lower), launch(slower=lower), launch())
    assert "throttled" not in _flags(launch(slower=lower), launch(), launch())
    assert "throttled" not in _flags(*[launch(slower=busy)] * 3)
    assert "reference_off" in _flags(*[launch(slower=busy)] * 3)


def test_other_processes_heat_and_unsettled_passes_are_flags():
    assert _flags(*[launch(others_share=0.5)] * 3) == {"busy"}
    assert _flags(launch(), launch(), launch(cool=False)) == {"still_warm"}
    assert _flags(launch(), launch(), launch(settled=False)) == {"not_settled"}
    assert _flags(*[launch()] * 3, launch(status="crashed", message="x")) == set()


def test_busy_launches_are_not_used_where_enough_others_were_undisturbed():
    busy = launch(0.03, others_share=0.5)
    row = _row(launch(), busy, launch(), launch())
    assert (row["launches"], row["launches_failed"], row["launches_set_aside"]) == (3, 0, 1)
    assert row["raw_s"] == pytest.approx(0.01)
    row = _row(launch(), busy, launch())
    assert (row["launches"], row["launches_set_aside"]) == (3, 0)
    assert row["flags"].split() == ["busy", "wide"]


def test_the_share_of_other_processes_is_the_time_of_all_cores_less_that_of_the_measuring_process():
    before, after = {"busy_s": 10.0}, {"busy_s": 13.0}
    cores = os.cpu_count() or 1
    assert selection.others_share(before, after, 1.0, 2.0) == pytest.approx(1.0 / cores)
    assert selection.others_share(before, after, 5.0, 2.0) == 0.0


def test_launches_with_near_and_with_far_cores_are_told_as_two_levels():
    near, far = ((4e-7, 3e-7),) * 6, ((4e-7, 8e-7),) * 6
    varied = [1 + 0.01 * (number % 3) for number in range(12)]
    launches = [
        launch(0.01 * one * (1.5 if number % 3 == 0 else 1), core_s=far if number % 3 == 0 else near)
        for number, one in enumerate(varied)
    ]
    row = _row(*launches)
    assert {"two_levels", "cores_move"} <= set(row["flags"].split())
    assert row["low_level_s"] == pytest.approx(0.01, rel=0.02)
    assert row["high_level_s"] == pytest.approx(0.015, rel=0.02)
    assert row["high_share"] == pytest.approx(1 / 3)
    assert row["core_distance_s"] == pytest.approx(4e-7)
    assert row["low_level_s"] < row["raw_s"] < row["high_level_s"]
    one_level = _row(*[launch(0.01 * one, core_s=near) for one in varied])
    assert one_level["low_level_s"] is one_level["high_share"] is None
    assert "two_levels" not in one_level["flags"]


def test_levels_of_a_merged_row_are_at_the_typical_speed_as_its_figure_is():
    launches = [launch(0.01 * (1 + 0.2 * (number % 4))) for number in range(12)]
    by_reference = tuple(0.02 * (1 + number / 1000) * (1.5 if number % 3 == 0 else 1) for number in range(12))
    corrected = Corrected((0.02,) * 12, by_reference, 1.0, None, Interval(0.02, 0.01, 0.03))
    row = latency_row.row(IDENTITY, launches, (), BASELINE_S, STEADY, corrected)
    assert row["low_level_s"] == pytest.approx(0.02, rel=0.02)
    assert row["high_level_s"] == pytest.approx(0.03, rel=0.02)
    assert row["flags"] == "two_levels"
    assert _row(*launches)["low_level_s"] is None


def test_a_line_of_an_older_launch_without_the_distance_of_its_cores_is_still_one():
    line = launch().to_line()
    del line["timing"]["core_s"]
    assert LatencyLaunch.from_line(line).timing.core_s == ()
    assert _row(*[LatencyLaunch.from_line(line)] * 3)["core_distance_s"] is None


def test_a_sustained_speed_that_failed_is_in_the_message_and_takes_nothing_from_the_row():
    row = _row(*[launch()] * 3, sustained=(sustained_launch("timeout", "not done after 9 s"),))
    assert (row["status"], row["message"]) == ("ok", "sustained speed: timeout: not done after 9 s")
    row = _row(*[launch()] * 3, sustained=(sustained_launch("ok", "", 0.01, 0.02),))
    assert (row["message"], row["sustain_s"], row["burst_s"], row["sustained_s"]) == ("", 60.0, 0.01, 0.02)


def test_the_figure_of_a_launch_is_its_median_round_on_logarithms():
    rounds = tuple(Round(2, 1, seconds) for seconds in (0.01, 0.02, 0.08, 0.64))
    assert launch(rounds=4).seconds == pytest.approx(0.01)
    timed = launch(rounds=4)
    assert timed.timing is not None
    timing = Timing(**{**vars(timed.timing), "rounds": rounds})
    assert LatencyLaunch(**{**vars(timed), "timing": timing}).seconds == pytest.approx(0.04)


def test_a_device_that_was_seen_for_minutes_only_has_intervals_for_these_minutes():
    launches = [launch(seconds, started_s=30.0 * place) for place, seconds in enumerate((0.010, 0.011, 0.0105))]
    (drift,) = latency_row.drifts([(1, launches)]).values()
    assert "drift_unseen" in latency_row.row(IDENTITY, launches, (), BASELINE_S, drift)["flags"].split()
    longer = [launch(0.02, started_s=seconds) for seconds in (0.0, 200.0, 400.0)]
    (drift,) = latency_row.drifts([(1, launches), (1, longer)]).values()
    assert "drift_unseen" not in latency_row.row(IDENTITY, launches, (), BASELINE_S, drift)["flags"].split()


def test_points_with_one_thread_and_with_several_and_those_of_another_reference_drift_by_themselves():
    kinds = latency_row.drifts(
        [(1, [launch()]), (2, [launch()]), (4, [launch()]), (1, [launch(reference="cuda")]), (1, [])]
    )
    assert set(kinds) == {("cpu", False), ("cpu", True), ("cuda", False)}


def test_the_columns_of_the_correction_are_those_of_the_merged_table():
    corrected = Corrected((0.01,) * 3, (0.01,) * 3, 0.5, 0.25, Interval(0.02, 0.01, 0.03))
    row = latency_row.row(IDENTITY, [launch()] * 3, (), BASELINE_S, STEADY, corrected)
    assert {name: row[name] for name in (column.name for column in CORRECTED)} == {
        "corrected_s": 0.02,
        "ci_low_s": 0.01,
        "ci_high_s": 0.03,
        "correction": 0.5,
        "core_correction": 0.25,
        "throughput_per_s": 200.0,
    }
    assert not {column.name for column in CORRECTED} & set(_row(*[launch()] * 3))


def test_a_row_without_enough_launches_says_the_commonest_failure():
    failed = [
        launch(status="timeout", message="late"),
        launch(status="oom", message="m"),
        launch(status="oom", message="m"),
    ]
    row = _row(*failed, launch())
    assert (row["status"], row["message"], row["launches"], row["launches_failed"]) == ("oom", "m", 1, 3)
    assert (_row(launch())["status"], _row(launch())["message"]) == ("error", "too few launches")
    assert _row()["status"] == "error"


@settings(deadline=None)
@given(st.lists(st.sampled_from(["ok", "crashed"]), max_size=6), st.floats(1e-6, 10), st.floats(0, 1))
def test_a_row_keeps_the_promises_of_its_table(statuses, seconds, others_share):
    row = _row(*(launch(seconds, status=status, others_share=others_share) for status in statuses))
    assert set(row) <= set(LATENCY.header)
    assert LATENCY.faults(row) == []


@settings(deadline=None)
@given(st.floats(1e-6, 10), st.sampled_from(["ok", "oom"]), st.booleans())
def test_a_launch_comes_back_from_its_line(tmp_path_factory, seconds, status, cool):
    path = tmp_path_factory.mktemp("journal") / "m.jsonl"
    written = launch(seconds, status=status, cool=cool)
    Journal(path).append({"runtime": "eager"}, written.to_line())
    assert Journal(path).launches({"runtime": "eager"}, LatencyLaunch) == [written]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"wall_s": "long"}, r"wall_s: 'long' is not a finite number"),
        ({"order": 1.5}, "order: 1.5 is not a whole number"),
        ({"before": []}, r"before: \[\] is not an object"),
        ({"cool": 1}, "cool: 1 is not true or false"),
        ({"timing": {"load_s": 1}}, "timing: first_s, settled, .* is missing"),
        ({"timing": None}, "ended ok needs a timing"),
    ],
)
def test_a_line_that_is_no_launch_is_refused_with_the_place(change, words):
    line = json.loads(json.dumps(launch().to_line())) | change
    with pytest.raises(ValueError, match=words):
        LatencyLaunch.from_line(line)


@pytest.mark.parametrize(
    "change",
    [
        {"rounds": []},
        {"samples": [[1e-3] * 5]},
        {"rounds": [{"passes": 1, "used": 2, "mean_s": 1.0}] * 5},
        {"core_s": [[4e-7]]},
        {"core_s": [[0.0]] * 6},
    ],
)
def test_a_timing_whose_parts_do_not_fit_each_other_is_refused(change):
    line = json.loads(json.dumps(launch().to_line()))
    with pytest.raises(ValueError, match=r"needs|more than 0 s"):
        LatencyLaunch.from_line({**line, "timing": line["timing"] | change})


def test_passes_that_do_not_fit_their_rounds_are_refused():
    timed = launch(rounds=5)
    other = launch(rounds=6)
    assert timed.timing is not None
    assert other.timing is not None
    with pytest.raises(ValueError, match="holds 12 passes, its rounds 10"):
        _ = Timing(**{**vars(timed.timing), "pass_s": other.timing.pass_s}).used_pass_s


def test_of_each_round_the_last_passes_are_used():
    rounds = (Round(3, 2, 1.0), Round(2, 1, 1.0))
    timing = launch(rounds=2).timing
    assert timing is not None
    timing = Timing(**{**vars(timing), "rounds": rounds, "pass_s": pack(np.arange(5.0))})
    assert timing.used_pass_s.tolist() == [1, 2, 4]
