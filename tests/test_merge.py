"""The merge takes every sound row, names the rest, and never trips over a file."""

import csv
import dataclasses
import json
import math
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from joulesweep.analysis.merge import read_table
from joulesweep.analysis.merge.job import merge
from joulesweep.launches import columns, merge_inputs
from joulesweep.launches.table_file import write_table
from joulesweep.merged.load import load
from joulesweep.schema import SCHEMA

from tests import synthetic

NAME = "devices/laptop/latency/resnet18.csv"
ROWS = [synthetic.latency_row("laptop", "resnet18", "eager", 0.03 * batch, batch=batch) for batch in (1, 2, 4, 8)]


def _lines(tmp: Path) -> list[bytes]:
    path = tmp / "whole.csv"
    write_table(path, columns.LATENCY, ROWS)
    return path.read_bytes().splitlines(keepends=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    folder = tmp_path_factory.mktemp("csv")
    return folder / "case.csv", _lines(folder)


def _read(path: Path, content: bytes) -> tuple[list[read_table.Row], list[Any]]:
    path.write_bytes(content)
    rows, problems = read_table.read(path, columns.LATENCY, NAME)
    return [located.row for located in rows], problems


def _merged(results: Path, name: str) -> list[dict[str, str]]:
    with (results / "merged" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _merge(results: Path, job: dict[str, Any]) -> list[dict[str, str]]:
    merge(job, results, results / "merged")
    return _merged(results, "problems")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_truncated_file_gives_a_part_of_its_rows_unchanged(whole, data):
    path, lines = whole
    sound, _ = _read(path, b"".join(lines))
    content = b"".join(lines)
    length = data.draw(st.integers(0, len(content)))
    rows, problems = _read(path, content[:length])
    assert rows == sound[: len(rows)]
    complete = content[:length].count(b"\n")
    assert len(rows) == max(0, complete - 1)
    if not content[:length].endswith(b"\n"):
        assert problems


@settings(max_examples=150, deadline=None)
@given(place=st.integers(1, 5), garbage=st.binary(min_size=1, max_size=200))
def test_lines_of_garbage_between_the_rows_neither_change_nor_add_rows(whole, place, garbage):
    path, lines = whole
    sound, _ = _read(path, b"".join(lines))
    rows, problems = _read(path, b"".join([*lines[:place], garbage, b"\n", *lines[place:]]))
    assert rows == sound
    assert problems or not garbage.strip()


@settings(max_examples=150, deadline=None)
@given(line=st.integers(1, 4), start=st.integers(0, 400), garbage=st.binary(min_size=1, max_size=30))
@example(line=1, start=24, garbage=b"8")
def test_garbage_inside_one_row_takes_this_row_and_leaves_the_others_as_they_are(whole, line, start, garbage):
    path, lines = whole
    sound, _ = _read(path, b"".join(lines))
    garbage = garbage.replace(b"\n", b"")
    damaged = lines[line].rstrip(b"\n")
    damaged = damaged[:start] + garbage + damaged[start + len(garbage) :] + b"\n"
    rows, problems = _read(path, b"".join([*lines[:line], damaged, *lines[line + 1 :]]))
    if damaged in (lines[line], lines[line].replace(b"\n", b"\r\n")):
        assert rows == sound
    else:
        assert rows == [row for number, row in enumerate(sound, start=1) if number != line]
        assert problems


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=400))
def test_any_bytes_are_read_without_an_exception_and_give_no_rows(whole, content):
    assert _read(whole[0], content)[0] == []


@settings(max_examples=40, deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_in_a_device_description_are_survived(tmp_path_factory, content):
    results = tmp_path_factory.mktemp("results")
    (results / "devices/pi").mkdir(parents=True)
    (results / "devices/pi/device.json").write_bytes(content)
    problems = _merge(results, synthetic.job())
    assert [problem["file"] for problem in problems] == ["devices/pi/device.json"]


def _with(
    tmp_path: Path, change: dict[str, Any] | None = None, text: str | None = None, file: str = NAME
) -> dict[str, str]:
    """The only problem of a tree with one good row and one that was changed, after checking that the good one is kept."""
    rows = [ROWS[0], {**ROWS[1], **(change or {})}]
    path = tmp_path / file
    write_table(path, columns.LATENCY, rows)
    if text is not None:
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    (problem,) = _merge(tmp_path, synthetic.job())
    assert [row["batch"] for row in _merged(tmp_path, "latency")][:1] == ["1"]
    assert problem["file"] == file
    assert problem["cure"]
    return problem


def test_a_row_with_too_few_fields_is_named_with_its_line(tmp_path):
    problem = _with(tmp_path, text="1,laptop,resnet18\n")
    assert (problem["row"], problem["problem"]) == (
        "4",
        f"3 fields where the header has {len(columns.LATENCY.columns)}; the row is left out",
    )


def test_a_last_line_without_its_end_is_torn_even_if_it_has_all_fields(tmp_path):
    path = tmp_path / NAME
    write_table(path, columns.LATENCY, ROWS[:2])
    path.write_text(path.read_text(encoding="utf-8")[:-3], encoding="utf-8")
    (problem,) = _merge(tmp_path, synthetic.job())
    assert problem["row"] == "3"
    assert "torn" in problem["problem"]
    assert len(_merged(tmp_path, "latency")) == 1


def test_a_value_that_is_no_number_is_named_with_its_line_and_column(tmp_path):
    problem = _with(tmp_path, {"mean_s": "12 ms"})
    assert (problem["row"], problem["column"]) == ("3", "mean_s")
    assert "'12 ms' is not a number" in problem["problem"]
    assert [row["batch"] for row in _merged(tmp_path, "latency")] == ["1"]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1_000", "0x10", "1e999", "12 ms"])
def test_what_only_python_takes_for_a_number_is_refused(tmp_path, value):
    assert _with(tmp_path, {"raw_s": value})["column"] == "raw_s"


def test_an_ok_row_without_its_figure_is_refused_with_the_command_that_makes_it_again(tmp_path):
    problem = _with(tmp_path, {"raw_s": None})
    assert problem["column"] == "raw_s"
    assert "make remeasure MODEL=resnet18 RUNTIME=eager" in problem["cure"]


def test_a_status_outside_the_list_is_named(tmp_path):
    assert _with(tmp_path, {"status": "fine"})["column"] == "status"


def test_of_two_rows_for_one_point_the_newer_stays_and_the_older_is_named(tmp_path):
    newer = {**ROWS[0], "load_s": 0.5, "measured_at": "2026-11-21T00:00:00+00:00"}
    write_table(tmp_path / NAME, columns.LATENCY, [ROWS[0], newer])
    (problem,) = _merge(tmp_path, synthetic.job())
    assert problem["row"] == "2"
    assert [row["load_s"] for row in _merged(tmp_path, "latency")] == ["0.5"]


def test_rows_of_another_schema_are_named_once_a_file(tmp_path):
    path = tmp_path / NAME
    write_table(path, columns.LATENCY, ROWS)
    path.write_text(path.read_text(encoding="utf-8").replace(f"\n{SCHEMA},", "\n99,"), encoding="utf-8")
    (problem,) = _merge(tmp_path, synthetic.job())
    assert "4 rows are of schema '99'" in problem["problem"]
    assert "update Joulesweep here" in problem["cure"]
    assert _merged(tmp_path, "latency") == []


def test_a_table_from_before_an_axis_is_read_as_it_is(tmp_path):
    narrower = dataclasses.replace(
        columns.LATENCY, columns=tuple(column for column in columns.LATENCY.columns if column.name != "frames")
    )
    write_table(tmp_path / NAME, narrower, ROWS)
    assert _merge(tmp_path, synthetic.job()) == []
    assert [row["frames"] for row in _merged(tmp_path, "latency")] == [""] * len(ROWS)


def test_a_column_that_is_unknown_or_missing_is_named_and_the_rows_are_taken(tmp_path):
    path = tmp_path / NAME
    write_table(path, columns.LATENCY, ROWS)
    path.write_text(path.read_text(encoding="utf-8").replace("p95_s", "p95", 1), encoding="utf-8")
    problems = _merge(tmp_path, synthetic.job())
    assert [problem["column"] for problem in problems] == ["p95_s", "'p95'"]
    assert [row["p95_s"] for row in _merged(tmp_path, "latency")] == [""] * 4


def test_a_file_without_a_column_of_the_key_is_left_out(tmp_path):
    path = tmp_path / NAME
    write_table(path, columns.LATENCY, ROWS)
    path.write_text(path.read_text(encoding="utf-8").replace("runtime", "runner", 1), encoding="utf-8")
    problems = _merge(tmp_path, synthetic.job())
    assert any(problem["column"] == "runtime" and "left out" in problem["problem"] for problem in problems)
    assert _merged(tmp_path, "latency") == []


def test_rows_that_name_another_device_than_their_folder_are_foreign(tmp_path):
    write_table(tmp_path / NAME.replace("laptop", "copied"), columns.LATENCY, ROWS)
    (problem,) = _merge(tmp_path, synthetic.job())
    assert (problem["file"], problem["column"]) == ("devices/copied/latency/resnet18.csv", "device")
    assert _merged(tmp_path, "latency") == []


@pytest.mark.parametrize("digest", ["model_digest", "input_digest"])
def test_two_devices_with_other_weights_or_inputs_under_one_name_are_a_conflict(tmp_path, digest):
    write_table(tmp_path / NAME, columns.LATENCY, ROWS)
    others = [{**row, "device": "pi", digest: "other"} for row in ROWS]
    write_table(tmp_path / NAME.replace("laptop", "pi"), columns.LATENCY, others)
    (problem,) = _merge(tmp_path, synthetic.job())
    assert (problem["file"], problem["column"]) == ("devices/pi/latency/resnet18.csv", digest)
    assert {row["device"] for row in _merged(tmp_path, "latency")} == {"laptop"}


def test_a_failed_row_without_digests_is_in_no_conflict(tmp_path):
    lost = {**synthetic.failed(ROWS[0], "crashed", "signal 9"), "device": "pi", "model_digest": "", "input_digest": ""}
    write_table(tmp_path / NAME, columns.LATENCY, ROWS)
    write_table(tmp_path / NAME.replace("laptop", "pi"), columns.LATENCY, [lost])
    assert _merge(tmp_path, synthetic.job()) == []
    assert len(_merged(tmp_path, "latency")) == 5


def test_this_device_gives_what_is_configured_and_others_give_all(tmp_path):
    synthetic.tree(tmp_path, ("laptop", "pi"))
    job = synthetic.job(models=["resnet18"])
    job["models"]["resnet18"]["runtimes"] = ["eager"]
    assert _merge(tmp_path, job) == []
    rows = _merged(tmp_path, "latency")
    assert {(row["model"], row["runtime"]) for row in rows if row["device"] == "laptop"} == {("resnet18", "eager")}
    assert {row["model"] for row in rows if row["device"] == "pi"} == set(synthetic.MODELS)
    assert all(
        (row["configured"] == "yes") == (row["model"] == "resnet18" and row["runtime"] == "eager") for row in rows
    )


def test_counts_of_a_model_that_was_removed_are_left_out_without_a_word(tmp_path):
    synthetic.tree(tmp_path, ("laptop",))
    assert _merge(tmp_path, synthetic.job(models=["resnet18", "digits_cnn"])) == []
    assert {row["model"] for row in _merged(tmp_path, "counts")} == {"resnet18", "digits_cnn"}


def test_a_row_whose_launches_are_not_there_stays_raw(tmp_path):
    write_table(tmp_path / NAME, columns.LATENCY, ROWS)
    assert _merge(tmp_path, synthetic.job()) == []
    row = _merged(tmp_path, "latency")[3]
    assert row["corrected_s"] == row["raw_s"]
    assert (row["ci_low_s"], row["ci_high_s"]) == (row["raw_ci_low_s"], row["raw_ci_high_s"])
    assert row["correction"] == ""
    assert float(row["throughput_per_s"]) == pytest.approx(8 / 0.24)


def _launched(results: Path, slowdowns: Sequence[float] = synthetic.SLOWDOWNS) -> None:
    """The journals behind the rows, and the device's level: launches that a device so many times slower made."""
    synthetic.journal(results, NAME, ROWS, slowdowns)


def test_what_the_reference_shows_of_the_device_is_taken_off(tmp_path):
    """Launches on a device that was up to a half slower, as the reference beside them was."""
    write_table(tmp_path / NAME, columns.LATENCY, ROWS)
    _launched(tmp_path)
    assert _merge(tmp_path, synthetic.job()) == []
    for row in _merged(tmp_path, "latency"):
        assert float(row["correction"]) > 0.9
        assert float(row["corrected_s"]) == pytest.approx(float(row["raw_s"]), rel=0.02)
        narrower = float(row["ci_high_s"]) / float(row["ci_low_s"])
        assert narrower < 1 + 0.3 * (math.exp(2 * 2.776 * 0.15 / math.sqrt(5)) - 1)


def test_the_launches_behind_the_rows_are_a_table_of_their_own(tmp_path):
    write_table(tmp_path / NAME, columns.LATENCY, ROWS)
    assert _merge(tmp_path, synthetic.job()) == []
    assert _merged(tmp_path, "launches") == []
    _launched(tmp_path)
    assert _merge(tmp_path, synthetic.job()) == []
    launches = _merged(tmp_path, "launches")
    assert [launch["batch"] for launch in launches] == [str(row["batch"]) for row in ROWS for _ in synthetic.SLOWDOWNS]
    first = launches[: len(synthetic.SLOWDOWNS)]
    fastest = min(float(launch["launch_raw_s"]) for launch in first)
    for launch, slowdown in zip(first, synthetic.SLOWDOWNS, strict=True):
        assert float(launch["launch_raw_s"]) / fastest == pytest.approx(slowdown, rel=1e-3)
        assert float(launch["launch_corrected_s"]) == pytest.approx(ROWS[0]["raw_s"], rel=0.05)
        assert (launch["base"], launch["configured"]) == ("1", "yes")


def test_the_journal_is_the_truth_where_its_table_is_older(tmp_path):
    """The table says twice as much of launches that the journal holds; one more launch was made since."""
    older = [{**row, "raw_s": 2 * row["raw_s"], "raw_ci_high_s": 3 * row["raw_s"]} for row in ROWS]
    write_table(tmp_path / NAME, columns.LATENCY, [{**row, "launches": 4} for row in older])
    _launched(tmp_path)
    assert _merge(tmp_path, synthetic.job()) == []
    for merged, row in zip(_merged(tmp_path, "latency"), ROWS, strict=True):
        assert float(merged["raw_s"]) == pytest.approx(row["raw_s"], rel=1e-6)
        assert merged["launches"] == "5"


def test_a_journal_that_lacks_launches_is_named_and_its_rows_are_taken_from_the_table(tmp_path):
    write_table(tmp_path / NAME, columns.LATENCY, ROWS)
    _launched(tmp_path, [1.0, 1.5, 1.1])
    (problem,) = _merge(tmp_path, synthetic.job())
    assert problem["file"] == NAME.replace(".csv", ".jsonl")
    assert "lacks launches" in problem["problem"]
    rows = _merged(tmp_path, "latency")
    assert {(row["correction"], row["flags"]) for row in rows} == {("", "no_journal")}
    assert [row["raw_s"] for row in rows] == [f"{row['raw_s']:.10g}" for row in ROWS]


@pytest.mark.parametrize("content", ["{", "[" * 100_000, "[]", None])
def test_a_bad_baseline_is_named_and_no_journal_is_blamed_for_it(tmp_path, content):
    write_table(tmp_path / NAME, columns.LATENCY, ROWS)
    _launched(tmp_path)
    path = tmp_path / "devices/laptop/reference.json"
    path.unlink()
    if content is not None:
        path.write_text(content)
    (problem,) = _merge(tmp_path, synthetic.job())
    assert problem["file"] == "devices/laptop/reference.json"
    assert "latency stays uncorrected" in problem["problem"]
    rows = _merged(tmp_path, "latency")
    assert [(row["correction"], row["corrected_s"]) for row in rows] == [("", row["raw_s"]) for row in rows]
    assert {row["flags"] for row in rows}.isdisjoint({"no_journal"})


def test_neither_time_stamps_nor_the_order_of_writing_change_a_byte(tmp_path):
    trees = [tmp_path / "one", tmp_path / "two"]
    for results in trees:
        synthetic.tree(results, ("laptop", "pi"))
    files = [path for path in trees[1].rglob("*") if path.is_file()]
    random.Random(1).shuffle(files)
    for place, path in enumerate(files):
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content)
        os.utime(path, (4e9 - place, 4e9 - place))
    for results in trees:
        _merge(results, synthetic.job())
    for path in (trees[0] / "merged").iterdir():
        assert path.read_bytes() == (trees[1] / "merged" / path.name).read_bytes()


def test_what_was_read_is_kept_with_the_digest_of_its_content(tmp_path):
    synthetic.tree(tmp_path, ("laptop",), models=["digits_cnn"])
    (tmp_path / "devices/laptop/latency/._digits_cnn.csv").write_bytes(b"left by a copying program")
    (tmp_path / "devices/laptop/latency/folder.csv").mkdir()
    found = merge_inputs.digests(tmp_path)
    assert sorted(found) == [
        "devices/laptop/accuracy/digits_cnn.csv",
        "devices/laptop/device.json",
        "devices/laptop/energy/digits_cnn.csv",
        "devices/laptop/latency/digits_cnn.csv",
        "devices/laptop/latency/folder.csv",
        "devices/laptop/time_shares/digits_cnn.csv",
        "models/digits_cnn/counts.csv",
        "models/digits_cnn/layers.csv",
    ]
    assert found["devices/laptop/latency/folder.csv"] == "unreadable"
    (problem,) = _merge(tmp_path, synthetic.job())
    assert (problem["file"], problem["problem"]) == ("devices/laptop/latency/folder.csv", "it is a folder; left out")
    assert json.loads((tmp_path / "merged" / "inputs.json").read_text())["files"] == found


def test_the_token_stays_while_the_files_do_and_changes_when_one_comes_changes_or_goes(tmp_path):
    results, merged = tmp_path, tmp_path / "merged"
    nothing = merge_inputs.token(results, merged)
    synthetic.tree(results, ("laptop",), models=["digits_cnn"])
    first = merge_inputs.token(results, merged)
    merge_inputs.write(results, merged, "given before the tables were made")
    assert merge_inputs.token(results, merged) == "given before the tables were made"
    file = results / "devices/laptop/latency/digits_cnn.csv"
    content = file.read_bytes()
    seen = set()
    for change in (lambda: file.write_bytes(content + b"x"), file.unlink):
        change()
        seen.add(merge_inputs.token(results, merged))
    assert len(seen | {"given before the tables were made", first, nothing}) == 5
    file.write_bytes(content)
    assert merge_inputs.token(results, merged) == "given before the tables were made"


def test_one_machine_under_two_names_is_named_and_its_former_name_is_not_configured(tmp_path):
    synthetic.tree(tmp_path, ("laptop", "old", "pi"), models=["digits_cnn"])
    for device, machine in (("laptop", "1"), ("old", "1"), ("pi", "2")):
        path = tmp_path / "devices" / device / "device.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "machine_id": machine}))
    (problem,) = _merge(tmp_path, synthetic.job(models=["digits_cnn"]))
    assert (problem["file"], problem["column"]) == ("devices/old/device.json", "machine_id")
    assert "the same machine as 'laptop'" in problem["problem"]
    for table in ("latency", "energy", "accuracy"):
        marks = {(row["device"], row["configured"]) for row in _merged(tmp_path, table)}
        assert marks == {("laptop", "yes"), ("old", "no"), ("pi", "yes")}
    merged = load(tmp_path / "merged", synthetic.job(models=["digits_cnn"])["models"])
    assert set(merged.ok("latency")["device"]) == {"laptop", "old", "pi"}
    assert set(merged.sound("latency")["device"]) == {"laptop", "pi"}


def test_one_machine_in_two_power_modes_is_two_devices(tmp_path):
    synthetic.tree(tmp_path, ("laptop", "laptop.15W"), models=["digits_cnn"])
    for device, mode in (("laptop", "MAXN"), ("laptop.15W", "15W")):
        path = tmp_path / "devices" / device / "device.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "machine_id": "1", "power_mode": mode}))
    assert not _merge(tmp_path, synthetic.job(models=["digits_cnn"]))
    marks = {(row["device"], row["configured"]) for row in _merged(tmp_path, "latency")}
    assert marks == {("laptop", "yes"), ("laptop.15W", "yes")}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "'=1", "'quoted'", "plain"])
def test_a_formula_in_a_name_of_another_device_is_written_as_text_and_read_back_as_it_was(tmp_path, text):
    synthetic.tree(tmp_path, ("laptop",), models=["digits_cnn"])
    path = tmp_path / "devices/laptop/device.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "machine": text}))
    write_table(
        tmp_path / "devices/laptop/latency/digits_mlp.csv",
        columns.LATENCY,
        [synthetic.failed(synthetic.latency_row("laptop", "digits_mlp", "eager", 1.0), "error", text)],
    )
    assert _merge(tmp_path, synthetic.job()) == []
    for table in ("devices", "latency"):
        assert not [
            cell for row in _merged(tmp_path, table) for cell in row.values() if cell[:1] in ("=", "+", "-", "@")
        ]
    merged = load(tmp_path / "merged", synthetic.job()["models"])
    assert merged.devices["machine"].tolist() == [text]
    assert text in merged.latency["message"].tolist()


def test_an_empty_folder_merges_into_empty_tables(tmp_path):
    assert _merge(tmp_path, synthetic.job()) == []
    assert _merged(tmp_path, "latency") == []
