"""The journal: no whole line is ever lost, none is invented, whatever a crash or a hand did to the file."""

import json
import logging
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from joulesweep.errors import UserError
from joulesweep.launches import packing
from joulesweep.launches.journal import Journal
from joulesweep.launches.latency_launch import LatencyLaunch

KEY = {"runtime": "eager", "batch": 1, "threads": 2}
OTHER = {**KEY, "batch": 2}


def _numbers(lines: list[dict]) -> list[int]:
    return [line["number"] for line in lines]


def test_lines_come_back_by_key_in_order(tmp_path):
    file = tmp_path / "deep" / "m.jsonl"
    for number in range(3):
        Journal(file).append(KEY, {"number": number, "status": "ok"})
        Journal(file).append(OTHER, {"number": 10 + number})
    assert _numbers(Journal(file).lines(KEY)) == [0, 1, 2]
    assert _numbers(Journal(file).lines(dict(reversed(OTHER.items())))) == [10, 11, 12]
    assert Journal(file).lines({**KEY, "threads": 4}) == []


def test_what_another_process_appended_is_seen(tmp_path):
    mine, its = Journal(tmp_path / "m.jsonl"), Journal(tmp_path / "m.jsonl")
    assert mine.lines(KEY) == []
    its.append(KEY, {"number": 1})
    assert _numbers(mine.lines(KEY)) == [1]
    mine.append(KEY, {"number": 2})
    assert _numbers(its.lines(KEY)) == _numbers(mine.lines(KEY)) == [1, 2]


def test_a_file_that_was_removed_is_empty(tmp_path):
    kept = Journal(tmp_path / "m.jsonl")
    kept.append(KEY, {"number": 1})
    assert _numbers(kept.lines(KEY)) == [1]
    (tmp_path / "m.jsonl").unlink()
    assert kept.lines(KEY) == []
    kept.append(KEY, {"number": 2})
    assert _numbers(kept.lines(KEY)) == [2]


def test_measuring_anew_supersedes_one_runtime_or_all_and_keeps_the_lines(tmp_path):
    file, foreign = tmp_path / "m.jsonl", {**KEY, "runtime": "onnxruntime"}
    kept = Journal(file)
    kept.append(KEY, {"number": 1})
    kept.append(foreign, {"number": 2})
    kept.supersede("eager")
    assert (_numbers(kept.lines(KEY)), _numbers(kept.lines(foreign))) == ([], [2])
    kept.append(KEY, {"number": 3})
    assert _numbers(kept.lines(KEY)) == [3]
    kept.supersede()
    assert kept.lines(KEY) == kept.lines(foreign) == []
    assert len(file.read_text().splitlines()) == 5


def test_torn_and_foreign_lines_are_named_once_with_file_and_line(tmp_path, caplog):
    file = tmp_path / "m.jsonl"
    kept = Journal(file)
    kept.append(KEY, {"number": 1})
    with file.open("a") as stream:
        stream.write('{"foreign": 1}\n')
    kept.append(KEY, {"number": 2})
    with file.open("a") as stream:
        stream.write('{"key": {"runt')
    with caplog.at_level(logging.WARNING):
        assert _numbers(kept.lines(KEY)) == [1, 2]
        assert _numbers(kept.lines(KEY)) == [1, 2]
        kept.append(KEY, {"number": 3})
        assert _numbers(kept.lines(KEY)) == [1, 2, 3]
    assert [message.partition(":")[0] for message in caplog.messages] == [f"{file}, line 2", f"{file}, line 4"]


def test_a_changed_figure_is_no_line(tmp_path):
    file = tmp_path / "m.jsonl"
    Journal(file).append(KEY, {"number": 1, "raw_s": 0.125})
    file.write_text(file.read_text().replace("0.125", "0.025"))
    assert Journal(file).lines(KEY) == []


@settings(deadline=None)
@given(st.data())
def test_damage_never_loses_a_whole_line_and_never_invents_one(data):
    """Appends, cuts and garbage in any order: what is read is what was appended and lies whole in the file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "m.jsonl"
        written = []
        for number in range(data.draw(st.integers(1, 6), "steps")):
            Journal(file).append(KEY, {"number": number, "text": data.draw(st.text(max_size=5))})
            written.append((number, file.read_bytes().splitlines()[-1]))
            damage = data.draw(st.sampled_from(["none", "cut", "garbage"]))
            content = file.read_bytes()
            if damage == "cut":
                file.write_bytes(content[: data.draw(st.integers(0, len(content)))])
            elif damage == "garbage":
                at = data.draw(st.integers(0, len(content)))
                file.write_bytes(content[:at] + data.draw(st.binary(max_size=8)) + content[at:])
        present = set(file.read_bytes().split(b"\n"))
        expected = [number for number, raw in written if raw in present]
        found = _numbers(Journal(file).lines(KEY))
        # Garbage that leaves the line's meaning as it was, such as a space, leaves a whole line.
        assert set(expected) <= set(found) <= {number for number, _ in written}
        assert found == sorted(set(found))


def test_a_full_disk_is_one_line_and_leaves_the_lines_that_were_there(tmp_path, monkeypatch):
    kept = Journal(tmp_path / "m.jsonl")
    kept.append(KEY, {"number": 1})
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:10]))
        with pytest.raises(UserError, match="disk is full"):
            kept.append(KEY, {"number": 2})
    kept.append(KEY, {"number": 3})
    assert _numbers(Journal(tmp_path / "m.jsonl").lines(KEY)) == [1, 3]


@pytest.mark.parametrize("replace", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path.name)])
def test_a_journal_that_is_no_file_is_one_line_that_names_it(tmp_path, replace):
    path = tmp_path / "m.jsonl"
    replace(path)
    for ask in (lambda: Journal(path).lines(KEY), lambda: Journal(path).damaged()):
        with pytest.raises(
            UserError, match=r"m\.jsonl: the journal cannot be read: .*; remove it or make it readable"
        ) as caught:
            ask()
        assert "\n" not in str(caught.value)


def test_lines_that_are_no_launch_are_one_line_that_names_the_journal(tmp_path):
    Journal(tmp_path / "m.jsonl").append(KEY, {"status": "ok"})
    with pytest.raises(UserError, match=r"m\.jsonl: the journal holds something else than launches: .* is missing"):
        Journal(tmp_path / "m.jsonl").launches(KEY, LatencyLaunch)


def test_damaged_lines_are_numbered_and_a_torn_end_that_was_completed_since_is_none(tmp_path):
    path = tmp_path / "m.jsonl"
    Journal(path).append(KEY, {"number": 1})
    whole = path.read_bytes()
    path.write_bytes(b"garbage\n" + whole + whole[:20])
    journal = Journal(path)
    assert journal.damaged() == [1, 3]
    with path.open("ab") as file:
        file.write(whole[20:])
    assert journal.damaged() == [1]
    assert _numbers(journal.lines(KEY)) == [1, 1]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([("line", "a"), ("line", "b"), ("superseded", "a"), ("superseded", None)]), max_size=12)
)
def test_the_lines_of_a_key_are_those_after_the_last_line_that_supersedes_them(steps):
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "m.jsonl")
        expected: dict[str, list[int]] = {"a": [], "b": []}
        for number, (what, runtime) in enumerate(steps):
            if what == "line":
                journal.append({"runtime": runtime}, {"number": number})
                expected[runtime].append(number)
            else:
                journal.supersede(runtime)
                expected |= {name: [] for name in expected if runtime in (None, name)}
        for kept in (journal, Journal(Path(folder) / "m.jsonl")):
            assert {runtime: _numbers(kept.lines({"runtime": runtime})) for runtime in expected} == expected


@settings(deadline=None)
@given(arrays(st.sampled_from([np.float32, np.float64]), st.integers(0, 50)))
def test_packed_numbers_come_back_bit_for_bit_from_plain_text(array):
    text = packing.pack(array)
    back = packing.unpack(json.loads(json.dumps(text)))
    assert back.dtype == array.dtype
    assert back.tobytes() == array.tobytes()
