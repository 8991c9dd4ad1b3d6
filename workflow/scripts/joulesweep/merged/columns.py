"""The tables that the merge writes: what was measured, with one column that only a merge can know."""

from dataclasses import replace

from joulesweep.launches import columns
from joulesweep.launches.columns import Column, Table
from joulesweep.merged.problems import PROBLEMS

# Flags that only the merge can give; nothing is concluded from a row with one of the last two.
NO_JOURNAL, INCONSISTENT, UNDETERMINED = "no_journal", "inconsistent", "undetermined"
UNSOUND = frozenset((INCONSISTENT, UNDETERMINED))

CONFIGURED = Column(
    "configured", str, "yes where this configuration names the variant, no where only another device does"
)


def _marked(table: Table) -> Table:
    return replace(table, columns=(*table.columns, CONFIGURED))


COUNTS, LATENCY, ENERGY, ACCURACY = map(_marked, (columns.COUNTS, columns.LATENCY, columns.ENERGY, columns.ACCURACY))

MERGED = {table.name: table for table in (COUNTS, LATENCY, ENERGY, ACCURACY, columns.DEVICES, PROBLEMS)}
