"""Copied results that were damaged on the way: the damaged file is named, every sound row is kept, and nothing hangs."""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joulesweep.analysis.merge.job import merge
from joulesweep.axes import AXES
from joulesweep.launches import columns
from joulesweep.launches.journal import Journal
from joulesweep.launches.reference_baseline import MIXTURE, ReferenceBaseline
from joulesweep.launches.table_file import write_table

from tests import synthetic

MODELS = ("digits_mlp", "digits_cnn")
TABLES = ("counts", "latency", "energy", "accuracy")
LATENCY = "devices/pi/latency/digits_cnn.csv"
JOURNAL = "devices/pi/latency/digits_cnn.jsonl"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of two devices; one model of the foreign one has its journal."""
    results = synthetic.tree(tmp_path_factory.mktemp("whole"), ("laptop", "pi"), models=MODELS)
    with (results / LATENCY).open(newline="") as file:
        rows = list(csv.DictReader(file))
    journal = Journal(results / JOURNAL)
    for row in rows:
        key = columns.launch_key(row | {name: int(row[name]) if row[name] else None for name in AXES})
        for _ in range(5):
            launch = synthetic.launch(float(row["raw_s"]), first_stage=5)
            journal.append(key, launch.to_line())
    baseline = ReferenceBaseline().with_sample("cpu", MIXTURE, [1e-3] * len(MIXTURE))
    (results / "devices/pi/reference.json").write_text(baseline.to_json("r"))
    assert _problems(results) == []
    return results


def _problems(results: Path) -> list[dict[str, str]]:
    merge(synthetic.job(models=MODELS), results, results / "merged")
    return _rows(results, "problems")


def _rows(results: Path, table: str) -> list[dict[str, str]]:
    with (results / "merged" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _keys(results: Path, table: str) -> set[tuple[str, ...]]:
    names = [name for name in ("device", "model", "runtime", *AXES) if name in columns.TABLES[table].header]
    return {tuple(row[name] for name in names) for row in _rows(results, table)}


def _directory(path: Path) -> None:
    path.mkdir()


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def _device_file(path: Path) -> None:
    path.symlink_to("/dev/zero")


PLACES = (LATENCY, JOURNAL, "devices/pi/reference.json", "devices/pi/device.json", "models/digits_cnn/counts.csv")


@pytest.mark.parametrize("replace", [_directory, _fifo, _loop, _dangling, _device_file])
@pytest.mark.parametrize("place", PLACES)
def test_whatever_lies_in_the_place_of_a_file_is_named_and_the_rest_merged(whole, tmp_path, place, replace: Callable):
    results = copytree(whole, tmp_path / "results")
    (results / place).unlink()
    replace(results / place)
    problems = _problems(results)
    assert [problem["file"] for problem in problems] == [place]
    lost = {LATENCY: "latency", "models/digits_cnn/counts.csv": "counts"}.get(place, "")
    for table in TABLES:
        missing = _keys(whole, table) - _keys(results, table)
        assert {key[1] if table != "counts" else key[0] for key in missing} == (
            {"digits_cnn"} if table == lost else set()
        )


@pytest.mark.parametrize("replace", [_fifo, _loop, _dangling, lambda path: path.write_text("a file")])
@pytest.mark.parametrize("place", ["devices/pi/latency", "devices/old", "models/old"])
def test_whatever_lies_in_the_place_of_a_folder_is_named(whole, tmp_path, place, replace: Callable):
    results = copytree(whole, tmp_path / "results")
    if (results / place).exists():
        for path in (results / place).iterdir():
            path.unlink()
        (results / place).rmdir()
    replace(results / place)
    assert [problem["file"] for problem in _problems(results)] == [place]


def test_a_journal_that_is_torn_or_changed_is_named_with_its_lines_and_its_rows_are_kept(whole, tmp_path):
    results = copytree(whole, tmp_path / "results")
    lines = (results / JOURNAL).read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b'"load_s": 0.1', b'"load_s": 0.2')
    (results / JOURNAL).write_bytes(b"".join(lines))
    (problem,) = _problems(results)
    assert problem["file"] == JOURNAL
    assert "line 2" in problem["problem"]
    assert _keys(results, "latency") == _keys(whole, "latency")


def test_lines_that_are_whole_but_no_launches_are_named_and_the_rows_are_taken_from_the_table(whole, tmp_path):
    results = copytree(whole, tmp_path / "results")
    key = json.loads((results / JOURNAL).read_text().splitlines()[0])["key"]
    Journal(results / JOURNAL).append(key, {"status": "ok"})
    (problem,) = _problems(results)
    assert problem["file"] == JOURNAL
    assert "is missing" in problem["problem"]
    flags = [
        row["flags"] for row in _rows(results, "latency") if row["device"] == "pi" and row["model"] == "digits_cnn"
    ]
    assert flags.count("no_journal") == 1


@pytest.mark.parametrize("column", ["model_digest", "versions", "runtime"])
def test_a_damaged_first_line_is_said_of_the_table_and_not_of_its_journal(whole, tmp_path, column):
    results = copytree(whole, tmp_path / "results")
    content = (results / LATENCY).read_text()
    (results / LATENCY).write_text(content.replace(column, column[:-1], 1))
    assert {problem["file"] for problem in _problems(results)} == {LATENCY}


@pytest.mark.parametrize("lines", [1, 2, 5])
def test_a_table_that_was_cut_after_a_whole_line_is_named(whole, tmp_path, lines):
    results = copytree(whole, tmp_path / "results")
    content = (results / LATENCY).read_bytes().splitlines(keepends=True)
    (results / LATENCY).write_bytes(b"".join(content[:lines]))
    (problem,) = _problems(results)
    assert (problem["file"], problem["row"]) == (LATENCY, str(lines))
    assert "was cut" in problem["problem"]
    assert len(_keys(whole, "latency") - _keys(results, "latency")) == len(content) - lines


def _as_measured(table: str, row: dict[str, str]) -> dict[str, str]:
    """A merged row without what it owes to the launches of other rows: its corrected figure, and flags about it."""
    names = columns.TABLES[table].header if table in columns.TABLES else list(row)
    return {name: row[name] for name in names if name in row and name != "flags"}


@pytest.mark.slow
@settings(max_examples=40)
@given(data=st.data())
def test_random_damage_never_raises_never_loses_a_sound_row_and_names_the_file(whole, tmp_path_factory, data):
    """Bytes overwritten, removed or added somewhere in a file of the foreign device."""
    results = copytree(whole, tmp_path_factory.mktemp("damaged") / "results")
    files = sorted(path.relative_to(results).as_posix() for path in (results / "devices/pi").rglob("*.*"))
    place = data.draw(st.sampled_from(files))
    before = (results / place).read_bytes()
    start = data.draw(st.integers(0, len(before)))
    end = data.draw(st.integers(start, min(len(before), start + 40)))
    after = before[:start] + data.draw(st.binary(max_size=40)) + before[end:]
    (results / place).write_bytes(after)
    problems = _problems(results)
    assert {problem["file"] for problem in problems} <= {place}
    damaged = len(set(before.split(b"\n")) - set(after.split(b"\n")))
    lost = sum(len(_keys(whole, table) - _keys(results, table)) for table in TABLES)
    if place.endswith(".csv") and after.split(b"\n")[0] == before.split(b"\n")[0]:
        assert lost <= damaged
        assert problems or lost == 0
        for table in TABLES:
            sound = [_as_measured(table, row) for row in _rows(whole, table)]
            assert [row for row in _rows(results, table) if _as_measured(table, row) not in sound] == []
    elif place.endswith(".jsonl"):
        assert lost == 0


@pytest.mark.parametrize(
    ("table", "change", "column", "words"),
    [
        ("accuracy", {"value": -1e300}, "value", "-1e+300 is below -1e+12"),
        ("accuracy", {"ci_high": 0.5}, "value", "is above ci_high"),
        ("accuracy", {"unit": "ms"}, "unit", "'ms' is none of %"),
        ("accuracy", {"metric": ""}, "metric", "is empty although the status is ok"),
        ("latency", {"raw_ci_high_s": 1e308}, "raw_ci_high_s", "1e+308 is above 1e+07"),
        ("latency", {"raw_ci_low_s": -1.0}, "raw_ci_low_s", "-1 is below 1e-09"),
        ("latency", {"raw_ci_low_s": 5.0}, "raw_ci_low_s", "5 is above raw_s"),
        ("latency", {"min_s": 5.0}, "min_s", "5 is above median_s"),
        ("latency", {"threads": None}, "threads", "is empty"),
        ("latency", {"batch": 0}, "batch", "0 is below 1"),
        ("latency", {"base": 2}, "base", "2 is above 1"),
        ("latency", {"launches": -3}, "launches", "-3 is below 0"),
        ("latency", {"others_share": 40.0}, "others_share", "40 is above 2"),
        ("energy", {"energy_J": 0.0}, "energy_J", "0 is below 1e-12"),
        ("energy", {"ci_low_J": 1e6}, "ci_low_J", "1e+06 is above energy_J"),
        ("energy", {"net_ci_high_J": -1.0}, "net_energy_J", "is above net_ci_high_J"),
        ("energy", {"kind": "guessed"}, "kind", "'guessed' is none of measured, modelled"),
        ("energy", {"kind": None}, "kind", "is empty although the status is ok"),
        ("energy", {"power_W": 1e9}, "power_W", "is above"),
        ("accuracy", {"model": "digits\0cnn"}, "model", "control characters"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_column(whole, tmp_path, table, change, column, words):
    results = copytree(whole, tmp_path / "results")
    row = {
        "latency": synthetic.latency_row("pi", "digits_cnn", "eager", 0.1),
        "energy": synthetic.energy_row("pi", "digits_cnn", "eager", 1.4),
        "accuracy": synthetic.accuracy_row("pi", "digits_cnn", "eager", 0.9),
    }[table]
    name = f"devices/pi/{table}/digits_cnn.csv"
    (results / JOURNAL).unlink()
    write_table(results / name, columns.TABLES[table], [row | change])
    (problem,) = _problems(results)
    assert (problem["file"], problem["row"], problem["column"]) == (name, "2", column)
    assert words in problem["problem"]
    assert not [row for row in _rows(results, table) if (row["device"], row["model"]) == ("pi", "digits_cnn")]


def test_a_value_of_a_device_that_cannot_be_is_taken_as_not_known(whole, tmp_path):
    results = copytree(whole, tmp_path / "results")
    path = results / "devices/pi/device.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "memory_bytes": -1}))
    (problem,) = _problems(results)
    assert (problem["file"], problem["column"]) == ("devices/pi/device.json", "memory_bytes")
    assert [row["memory_bytes"] for row in _rows(results, "devices") if row["device"] == "pi"] == [""]
