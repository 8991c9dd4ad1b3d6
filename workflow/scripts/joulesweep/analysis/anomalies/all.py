"""Everything that looked strange, in plain sentences."""

from itertools import chain

import pandas as pd

from joulesweep.analysis.anomalies import (
    first_passes,
    flags,
    idle_threads,
    intervals,
    inversions,
    knees,
    large_batches,
    single_processes,
    slow_runtimes,
    sustained_speed,
)
from joulesweep.merged.load import Merged


def anomalies(merged: Merged, points: pd.DataFrame) -> list[str]:
    """One sentence per kind and group of rows; `points` is the table of base points."""
    return list(
        chain(
            inversions.found(merged, points),
            slow_runtimes.found(points),
            large_batches.found(merged),
            knees.found(merged),
            idle_threads.found(merged),
            first_passes.found(merged),
            single_processes.found(merged),
            sustained_speed.found(merged),
            flags.found(merged),
            intervals.found(merged),
        )
    )
