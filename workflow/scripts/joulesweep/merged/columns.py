"""The tables that the merge writes: what was measured, with the columns that only a merge can know."""

from dataclasses import replace

from joulesweep.launches import columns
from joulesweep.launches.table import Column, Table, columns_of
from joulesweep.launches.table_file import CHECK
from joulesweep.merged.problems import PROBLEMS

# Flags that only the merge can give; nothing is concluded from a row with one of the last two.
NO_JOURNAL, INCONSISTENT, UNDETERMINED = "no_journal", "inconsistent", "undetermined"
UNSOUND = frozenset((INCONSISTENT, UNDETERMINED))

CONFIGURED = Column(
    "configured",
    str,
    "yes where this configuration names the variant and the device is not this one under a former name; else no",
    choices=("yes", "no"),
)
CORRECTED = (
    *columns_of(
        float,
        (1e-9, 1e7),
        corrected_s="THE latency of one pass, at the typical speed of the device: geometric mean over the launches of the corrected median round",
        ci_low_s="lower end of the 95 % interval of corrected_s",
        ci_high_s="upper end of this interval",
    ),
    *columns_of(
        float,
        (0, 2),
        correction="c: share of the reference's deviation from the typical speed of the device that was subtracted, 0 to 2; empty where the launches are not there",
        core_correction="share of the deviation of the cores' distance from the typical one that was subtracted, on logarithms, 0 to 2; empty with one thread, and where the device shows one distance",
    ),
    *columns_of(float, throughput_per_s="examples per second: batch over corrected_s"),
)


def _merged(table: Table) -> Table:
    measured = tuple(column for column in table.columns if column.name != CHECK)
    return replace(table, columns=(*measured, CONFIGURED))


def _corrected(table: Table) -> Table:
    place = table.header.index("raw_s")
    figures = (*table.columns[:place], *CORRECTED, *table.columns[place:])
    return replace(table, columns=figures, ascending=(*table.ascending, ("ci_low_s", "corrected_s", "ci_high_s")))


COUNTS, ENERGY, TIME_SHARES, ACCURACY = map(
    _merged, (columns.COUNTS, columns.ENERGY, columns.TIME_SHARES, columns.ACCURACY)
)
LAYERS = replace(columns.LAYERS, columns=tuple(column for column in columns.LAYERS.columns if column.name != CHECK))
LATENCY = _merged(_corrected(columns.LATENCY))

# The raw samples: so that a reader can judge the measurement, and another program can start from them.
LAUNCHES = Table(
    "launches",
    (*LATENCY.key, "started_s"),
    (
        *(column for column in LATENCY.columns if column.name in (*LATENCY.key, "base")),
        *columns_of(float, (0, 1e11), started_s="when the launch began, seconds since 1970, UTC"),
        *columns_of(
            float,
            (1e-9, 1e7),
            launch_raw_s="latency of one pass in this launch without correction: the median round, per pass",
            launch_corrected_s="the same at the typical speed of the device; empty where the row is not corrected",
        ),
        *columns_of(
            float,
            (1e-3, 1e3),
            reference="time of the reference beside this launch, over that when the device was first measured",
        ),
        CONFIGURED,
    ),
    required=(*(name for name in LATENCY.key if name in LATENCY.required), "started_s", "launch_raw_s"),
)

MERGED = {
    table.name: table
    for table in (COUNTS, LAYERS, LATENCY, LAUNCHES, ENERGY, TIME_SHARES, ACCURACY, columns.DEVICES, PROBLEMS)
}
