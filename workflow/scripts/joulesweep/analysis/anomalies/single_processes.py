"""The lab's figure, from ten passes of one process, where it lies outside the interval over many processes."""

from collections.abc import Iterator

from joulesweep.analysis.report.points import name_of, point_of
from joulesweep.formatting import digits, plural, with_interval
from joulesweep.merged.load import Merged

_FAR = 1.1  # times the end of the interval


def found(merged: Merged) -> Iterator[str]:
    """One sentence over all points, with the one that is farthest off."""
    rows = merged.sound("latency")
    rows = rows[rows["raw_ci_high_s"].notna() & rows["lab_mean_s"].notna()]
    off = (rows["lab_mean_s"] / rows["raw_ci_high_s"]).combine(rows["raw_ci_low_s"] / rows["lab_mean_s"], max)
    outside = off[off > _FAR]
    if len(outside):
        worst = rows.loc[outside.idxmax()]
        many = with_interval(worst["raw_s"], worst["raw_ci_low_s"], worst["raw_ci_high_s"], 1e3, "ms")
        yield (
            f"**One process is not typical** at {len(outside)} of {plural(len(rows), 'point')}: the lab's mean of ten passes lies outside the interval "
            f"over many processes, farthest for {name_of(worst)} at {point_of(worst)} ({digits(1e3 * worst['lab_mean_s'])} ms, {many} over "
            f"{plural(int(worst['launches']), 'process', 'processes')}). Processes differ by where their memory lies, which cores they get, and "
            "how fast the device is at the time; the deviation of ten passes does not show this."
        )
