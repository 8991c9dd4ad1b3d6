"""The tables that the merge writes: what was measured, with one column that only a merge can know."""

from dataclasses import replace

from joulesweep.launches import columns
from joulesweep.launches.columns import Column, Table
from joulesweep.merged.problems import PROBLEMS

CONFIGURED = Column(
    "configured", str, "yes where this configuration names the variant, no where only another device does"
)


def _marked(table: Table) -> Table:
    return replace(table, columns=(*table.columns, CONFIGURED))


COUNTS, LATENCY, ENERGY, ACCURACY = map(_marked, (columns.COUNTS, columns.LATENCY, columns.ENERGY, columns.ACCURACY))

MERGED = {table.name: table for table in (COUNTS, LATENCY, ENERGY, ACCURACY, columns.DEVICES, PROBLEMS)}
