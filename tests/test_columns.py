"""Every column of every table has a writer, and a reader or a mark that it is for readers of the CSV."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from joulesweep.analysis.anomalies import flags
from joulesweep.axes import AXES
from joulesweep.launches import columns, energy_row, latency_row
from joulesweep.launches.energy_launch import EnergyFigures, EnergyLaunch
from joulesweep.launches.latency_row import Corrected
from joulesweep.launches.table import Column, Table, columns_of
from joulesweep.merged.columns import CORRECTED, INCONSISTENT, MERGED, NO_JOURNAL, UNDETERMINED
from joulesweep.uncertainty.interval import Interval

from tests import synthetic

ROOT = Path(__file__).parents[1] / "workflow"
LIBRARY = ROOT / "scripts" / "joulesweep"
EVERYWHERE = {"schema", "check", *columns.IDENTITY}  # written by write_table, and before anything is measured


def _words(*patterns: str) -> set[str]:
    """Every text, argument and attribute that occurs in files of the library."""
    return {word for pattern in patterns for file in LIBRARY.glob(pattern) for word in _of_file(file)}


def _of_file(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.Attribute):
            yield node.attr


def test_every_column_of_latency_is_written_by_the_maker_of_rows():
    launches = [synthetic.launch(lab_s=(0.1, 0.2))] * 3
    sustained = [synthetic.sustained("ok", burst_s=0.1, sustained_s=0.2)]
    corrected = Corrected((1.0,), (1.0,), 1.0, 0.5, Interval(1.0, 1.0, 1.0))
    row = latency_row.row({} | dict.fromkeys(columns.IDENTITY, 1), launches, sustained, {}, synthetic.STEADY, corrected)
    assert EVERYWHERE | set(row) == {*columns.LATENCY.header, *(column.name for column in CORRECTED)}


def test_every_column_of_energy_is_written_by_the_maker_of_rows():
    figures = EnergyFigures("measured", "package", 5, 9, 9, 0.1, 9.0, 2.0, 1.0, 0.5, {"package": 1.0}, False, False)
    launches = [EnergyLaunch("ok", "", "", {}, 0, None, figures, None, None)] * 2
    row = energy_row.row({"meter": "rapl"}, launches, energy_row.spread([launches]))
    assert EVERYWHERE | set(row) == set(columns.ENERGY.header)


@pytest.mark.parametrize(
    ("table", "writers"),
    [
        (columns.COUNTS, ("counting/*.py", "counters/*.py")),
        (columns.LAYERS, ("counting/*.py", "counters/*.py")),
        (columns.ACCURACY, ("measure/accuracy/*.py",)),
        (columns.DEVICES, ("measure/device/describe.py",)),
        (MERGED["problems"], ("merged/problems.py",)),
    ],
    ids=lambda value: value.name if isinstance(value, Table) else "",
)
def test_every_column_has_a_writer(table, writers):
    assert set(table.header) - EVERYWHERE - set(AXES) <= _words(*writers)


def test_every_column_is_read_by_the_analysis_or_marked_as_raw():
    read = _words("analysis/**/*.py", "figures/*.py", "merged/*.py") | set(AXES)
    template = (ROOT / "templates" / "report.md.j2").read_text(encoding="utf-8")
    names = {name for table in (*MERGED.values(), columns.LAYERS) for name in table.header}
    assert {name for name in names if name not in read and name not in template} <= columns.RAW <= names


def test_every_flag_that_the_report_explains_or_the_merge_gives_is_documented_in_its_column():
    meanings = " ".join(
        column.meaning for table in MERGED.values() for column in table.columns if column.name == "flags"
    )
    documented = set(meanings.replace(",", " ").replace(";", " ").split())
    assert {*flags.FLAGS, NO_JOURNAL, INCONSISTENT, UNDETERMINED} <= documented


def test_a_figure_has_the_range_of_its_unit_unless_another_is_declared():
    (celsius,) = columns_of(float, hot_C="a temperature")
    (share,) = columns_of(float, (0, 1), value="a share")
    assert (celsius.least, celsius.most) == (-100, 250)
    assert (share.least, share.most) == (0, 1)


def test_values_that_ascend_may_differ_by_what_rounding_does():
    table = Table("t", (), (Column("low", float, ""), Column("high", float, "")), ascending=(("low", "high"),))
    assert table.faults({"low": 1.0 + 1e-12, "high": 1.0}) == []
    assert table.faults({"low": None, "high": 1.0}) == []
    assert table.faults({"low": 1.1, "high": 1.0}) == [("low", "1.1 is above high, 1")]


def test_an_axis_that_a_model_does_not_have_is_no_part_of_its_launches_keys():
    """So that a new axis measures nothing anew."""
    row = dict.fromkeys(columns.LATENCY.header, "") | dict.fromkeys(AXES) | {"batch": 1, "threads": 2}
    assert set(AXES) & columns.launch_key(row).keys() == {"batch", "threads"}
