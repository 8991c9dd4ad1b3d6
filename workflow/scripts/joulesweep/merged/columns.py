"""The tables that the merge writes: what was measured, with one column that only a merge can know."""

from dataclasses import replace

from joulesweep import records
from joulesweep.analysis.problems import PROBLEMS
from joulesweep.records import Column, Table

CONFIGURED = Column(
    "configured", str, "yes where this configuration names the variant, no where only another device does"
)


def _marked(table: Table) -> Table:
    return replace(table, columns=(*table.columns, CONFIGURED))


COUNTS, LATENCY, ENERGY, ACCURACY = map(_marked, (records.COUNTS, records.LATENCY, records.ENERGY, records.ACCURACY))

MERGED = {table.name: table for table in (COUNTS, LATENCY, ENERGY, ACCURACY, records.DEVICES, PROBLEMS)}
