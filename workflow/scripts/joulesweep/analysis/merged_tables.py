"""The tables that the merge writes: what was measured, with one column that only a merge can know; and what it read."""

from dataclasses import replace

from joulesweep import records
from joulesweep.analysis.problems import PROBLEMS
from joulesweep.records import Column, Table

CONFIGURED = Column(
    "configured", str, "yes where this configuration names the variant, no where only another device does"
)

SOURCES = Table(
    "sources",
    ("path",),
    (
        Column("schema", int, "version of the table's columns"),
        Column("path", str, "file that the merge read, relative to results/"),
        Column("sha256", str, "digest of its content"),
    ),
)


def _marked(table: Table) -> Table:
    return replace(table, columns=(*table.columns, CONFIGURED))


COUNTS, LATENCY, ENERGY, ACCURACY = map(_marked, (records.COUNTS, records.LATENCY, records.ENERGY, records.ACCURACY))

MERGED = {table.name: table for table in (COUNTS, LATENCY, ENERGY, ACCURACY, records.DEVICES, PROBLEMS, SOURCES)}
